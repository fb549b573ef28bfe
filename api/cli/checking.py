"""onrecord check."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import orjson
from marshmallow import ValidationError

from api.cli.database import opened
from api.domain.checking import judging
from api.domain.core.errors import Invalid
from api.domain.core.keys import OPERATOR
from api.storage.db import close_database
from schemas.checks import QuotationIn
from schemas.faults import problems

_COLOURS = {
    "verbatim": "green", "excerpt": "green", "altered": "yellow", "misattributed": "red", "not_found": "red",
}  # fmt: skip


@click.command()
@click.argument("what", metavar="TEXT|FILE|-")
@click.option("--speaker", help="Who is said to have said it: an id, a name or an alias.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document a quotation, as /v1/check answers.")
def check(what: str, speaker: str | None, as_json: bool) -> None:
    """Check whether a quotation is on record, altered or somebody else's.

    WHAT is the quotation itself, or a file (- for standard input) with one a line: plain text, or JSON with text,
    speaker, url and on. Exits with 1 where any is altered, misattributed or not found.
    """
    opened()
    doubtful = False
    try:
        for number, item in _items(what, speaker):
            found = _checked(number, item)
            doubtful = doubtful or found["verdict"] not in ("verbatim", "excerpt")
            click.echo(orjson.dumps(found).decode() if as_json else "\n".join(_told(number, item, found)))
    finally:
        close_database()
    if doubtful:
        raise SystemExit(1)


def _items(what: str, speaker: str | None) -> Iterator[tuple[int | None, dict[str, Any]]]:
    """Yield quotations with the number of their lines, None for one that is given itself."""
    if what != "-" and not _is_file(what):
        yield None, _read(None, {"text": what, "speaker": speaker})
        return
    with click.open_file(what, "rb") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield number, _read(number, _line(number, line, speaker))


def _is_file(what: str) -> bool:
    try:
        return Path(what).is_file()
    except (OSError, ValueError):
        # Too long for a name, or with a NUL in it.
        return False


def _line(number: int, line: bytes, speaker: str | None) -> Any:
    try:
        text = line.decode("utf-8-sig").strip()
        if not text.startswith("{"):
            return {"text": text, "speaker": speaker}
        sent = orjson.loads(text)
    except ValueError as error:
        raise click.ClickException(f"Line {number}: {error}") from None
    return {"speaker": speaker, **sent}


def _read(number: int | None, sent: Any) -> dict[str, Any]:
    try:
        item: dict[str, Any] = QuotationIn().load(sent)
    except ValidationError as error:
        where = f"Line {number}: " if number else ""
        wrong = "; ".join(f"{each['pointer']}: {each['detail']}" for each in problems(error))
        raise click.ClickException(f"{where}{wrong}") from None
    return item


def _checked(number: int | None, item: dict[str, Any]) -> dict[str, Any]:
    try:
        return judging.check([item], OPERATOR, ["#/speaker"])[0]
    except Invalid as error:
        where = f"Line {number}: " if number else ""
        raise click.ClickException(where + "; ".join(each["detail"] for each in error.facts["errors"])) from None


def _told(number: int | None, item: dict[str, Any], found: dict[str, Any]) -> Iterator[str]:
    """Yield the lines that tell of a verdict and its evidence."""
    verdict = click.style(found["verdict"], fg=_COLOURS[found["verdict"]], bold=True)
    yield f"{number}: {verdict}: {item['text']}" if number else verdict
    for match in found["matches"]:
        statement = match["statement"]
        who = statement["speaker"]["name"] if statement["speaker"] else statement["attributed_as"]
        facts = [who, statement["said_on"], match["first_appearance"]["outlet"]["name"], match["status"]]
        yield f"  {statement['id']}  {', '.join(each for each in facts if each)}"
        yield f"    {_painted(match)}"
        if match["changes"]:
            yield f"    changed: {', '.join(match['changes'])}"
    if not found["matches"]:
        yield f"  compared with {found['store']['statements']:,} statements"


def _painted(match: dict[str, Any]) -> str:
    """Return the difference in one line: [-what is recorded-] and {+what was made of it+}, as wdiff has it."""
    parts = []
    for step in match["diff"]:
        if step["op"] == "equal":
            parts.append(step["purported"]["text"])
            continue
        if step["recorded"]:
            parts.append(click.style(f"[-{step['recorded']['text']}-]", fg="red"))
        if step["purported"]:
            parts.append(click.style(f"{{+{step['purported']['text']}+}}", fg="green"))
    return " ".join(parts)
