"""onrecord verify."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import orjson

from api.cli.database import opened, progress_shown
from api.domain.keeping import verification
from api.domain.keeping.verification import Problem, Progress, Seen
from api.storage.db import Damaged, QueryFailed, Unavailable, close_database


@click.command()
@click.option("--head", "noted", type=click.Path(path_type=Path), help="A file with a head of the log noted earlier.")
@click.option("--save-head", type=click.Path(path_type=Path), help="Write today's head to this file, if all is well.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def verify(noted: Path | None, save_head: Path | None, as_json: bool) -> None:
    """Check the file, the chain of the log, every document and every index value; exits with 1 where any is wrong.

    It reads one state of the data and keeps nobody from writing.
    """
    head = _read(noted) if noted else None
    seen = Seen()
    try:
        with progress_shown("Verifying") as progress:
            found = _problems(seen, head, progress)
            count = _print_json(found, seen) if as_json else _print(found)
    except Unavailable as error:
        raise click.ClickException(f"The database cannot be read: {error}") from None
    finally:
        close_database()
    if count:
        if not as_json:
            click.echo(f"{count} {'problem' if count == 1 else 'problems'}.", err=True)
        raise SystemExit(1)
    if save_head:
        _save(seen, save_head)
    if not as_json and seen.head:
        click.echo(f"All is as it was written: {seen.entries} entries, {seen.records} records.")
        click.echo(f"The log ends at {seen.head['seq']} with {seen.head['hash']}.")


def _save(seen: Seen, file: Path) -> None:
    try:
        file.write_bytes(orjson.dumps(seen.head) + b"\n")
    except OSError as error:
        raise click.ClickException(f"The head cannot be written: {error.strerror}: {file}") from None


def _problems(seen: Seen, head: verification.Head | None, progress: Progress) -> Iterator[Problem]:
    try:
        opened()
        yield from verification.verify(seen, head, progress)
    except (Damaged, QueryFailed) as error:
        yield Problem("file", f"The database cannot be read: {error}.", repair=verification.RESTORE)


def _print(found: Iterator[Problem]) -> int:
    count = 0
    for problem in found:
        count += 1
        todo = f" Repair: {problem.repair}" if problem.repair else ""
        click.echo(f"{problem.about}: {_printable(problem.detail)}{todo}")
    return count


def _print_json(found: Iterator[Problem], seen: Seen) -> int:
    """Print problems as they come, so that no number of them has to be held."""
    count = 0
    click.echo('{"problems":[', nl=False)
    for problem in found:
        count += 1
        facts = {name: _printable(value) for name, value in problem.facts().items()}
        click.echo(("," if count > 1 else "") + orjson.dumps(facts).decode(), nl=False)
    rest = {"ok": count == 0, "head": seen.head, "entries": seen.entries, "records": seen.records}
    click.echo("]," + orjson.dumps(rest).decode()[1:])
    return count


def _printable(value: Any) -> Any:
    """Return text such that every terminal and JSON can carry it, whatever bytes a damaged file had."""
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


def _read(file: Path) -> verification.Head:
    try:
        return verification.read_head(file.read_bytes())
    except (OSError, ValueError) as error:
        raise click.ClickException(f"{file} cannot be used: {error}.") from None
