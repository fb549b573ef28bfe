"""onrecord reindex."""

from __future__ import annotations

import sys

import click
import orjson

from api.cli.database import opened
from api.domain import indexes
from api.storage.db import close_database


def rebuilt(why: str) -> int:
    """Make the indexes anew, showing how far it is where that is a terminal; return how many records."""
    if not sys.stderr.isatty():
        return indexes.rebuild(lambda done, total: None)
    with click.progressbar(length=1, label=why, file=sys.stderr) as bar:

        def show(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        return indexes.rebuild(show)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def reindex(as_json: bool) -> None:
    """Make every index anew from the documents; reading goes on meanwhile, writing waits."""
    opened()
    count = rebuilt("Indexing")
    close_database()
    click.echo(orjson.dumps({"records": count}).decode() if as_json else f"Indexed {count} records.")
