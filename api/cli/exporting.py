"""onrecord export: whole lists, without a server."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import click

from api.cli.database import opened
from api.domain.core.errors import Invalid, Refused
from api.domain.core.keys import ANONYMOUS, OPERATOR
from api.domain.evidence.registry import KINDS
from api.domain.finding.matches import Matches
from api.formats.registry import FORMATS
from api.settings import Settings
from api.storage.db import Unavailable, close_database

# Those of whole lists; the others are pages.
_FORMATS = [each.suffix for each in FORMATS if each.writes and each.writes.many and not each.writes.paged]
Parameters = list[tuple[str, str]]


@click.command()
@click.argument("filters", nargs=-1)
@click.option(
    "--type", "type", type=click.Choice(list(KINDS.by_plural())), help="What is exported; statements, unless said."
)
@click.option("--format", "format", type=click.Choice(_FORMATS), help="NDJSON, unless said.")
@click.option("--withheld", is_flag=True, help="Also what only a key shows: withheld statements, texts of sources.")
@click.option(
    "--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="A file; it has this name once whole."
)
def export(filters: tuple[str, ...], type: str | None, format: str | None, withheld: bool, output: Path | None) -> None:
    """Print every record that fits FILTERS, such as speaker=NATO from=2022, or an address such as /v1/speakers.csv.

    They are the bytes that the service streams, from one state of the data.
    """
    collection, form, parameters = _asked(filters)
    collection, form = type or collection or "statements", format or form or _FORMATS[0]
    settings = opened()
    try:
        with closing(_chunks(settings, collection, form, parameters, withheld)) as chunks:
            _save(chunks, output) if output else _print(chunks)
    except Invalid as error:
        raise click.ClickException(
            "\n".join(f"{each['parameter']}: {each['detail']}" for each in error.facts["errors"])
        ) from None
    except (Refused, Unavailable) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{error.strerror}: {error.filename or 'the output'}") from None
    finally:
        close_database()


def _asked(filters: tuple[str, ...]) -> tuple[str | None, str | None, Parameters]:
    """Return what the arguments name: a collection and form, where one is an address, and the parameters."""
    collection = form = None
    parameters: Parameters = []
    for each in filters:
        if each.startswith("/"):
            split = urlsplit(each)
            name, _, suffix = split.path.removeprefix("/v1/").rstrip("/").partition(".")
            collection, form = name, suffix or None
            if collection not in KINDS.by_plural() or form not in (None, *_FORMATS):
                raise click.UsageError(f"{each} is not the address of a list, such as /v1/statements.csv.")
            parameters += parse_qsl(split.query, keep_blank_values=True)
        elif "=" in each:
            name, _, value = each.partition("=")
            parameters.append((name, value))
        else:
            raise click.UsageError(f"{each} is not a filter such as speaker=NATO.")
    return collection, form, parameters


def _chunks(settings: Settings, collection: str, form: str, parameters: Parameters, withheld: bool) -> Generator[bytes]:
    from api.app import create_app
    from api.web import answers
    from api.web import parameters as query_string
    from api.web.streams import chunks

    app = create_app(settings)
    view: Any = app.view_functions[f"{collection}.list_"]
    contract = view.contract
    if form not in [each.suffix for each in contract.forms]:
        raise click.UsageError(f"There are no {collection} in the format {form}.")
    with app.test_request_context(f"/v1/{collection}.{form}?{urlencode(parameters)}"):
        query, chosen = query_string.read_with_form(contract.parameters, contract.forms, form)
        matches = Matches(KINDS.by_plural()[collection], query, OPERATOR if withheld else ANONYMOUS)
        yield from chunks(answers.stream(matches, chosen, contract.gives))


def _print(chunks: Iterator[bytes]) -> None:
    for chunk in chunks:
        sys.stdout.buffer.write(chunk)
    sys.stdout.buffer.flush()


def _save(chunks: Iterator[bytes], output: Path) -> None:
    part = output.with_name(f"{output.name}.part")
    try:
        with part.open("wb") as file:
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)
