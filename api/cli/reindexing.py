"""onrecord reindex."""

from __future__ import annotations

import click
import orjson

from api.cli.database import opened, progress_shown
from api.domain.keeping import indexes
from api.storage.db import close_database
from api.storage.migrating import alone


def rebuilt(why: str, *, always: bool = True) -> int:
    """Make the indexes anew, showing how far it is where that is a terminal; return how many records there are.

    Two do not work at it at once. Where it is not `always` wanted, it is asked once the other has finished whether it
    is needed.
    """
    with alone():
        if not always and not indexes.outdated():
            return 0
        with progress_shown(why) as progress:
            return indexes.rebuild(progress)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def reindex(as_json: bool) -> None:
    """Make every index anew from the documents, while a server goes on reading and writing.

    One that was broken off goes on where it was.
    """
    opened()
    count = rebuilt("Indexing")
    close_database()
    click.echo(orjson.dumps({"records": count}).decode() if as_json else f"Indexed {count} records.")
