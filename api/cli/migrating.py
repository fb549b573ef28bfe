"""onrecord migrate."""

from __future__ import annotations

import click
import orjson

from api.cli.database import shown
from api.cli.reindexing import rebuilt
from api.domain.keeping import indexes
from api.settings import Settings
from api.storage.db import InUse, Unavailable, close_database, hold
from api.storage.migrating import NewerSchema, apply


def bring_up_to_date(settings: Settings) -> list[str]:
    """Apply the migrations that the database lacks and return their names; exits where it cannot."""
    try:
        hold(settings)
        applied = apply()
        if indexes.outdated():
            rebuilt("Making the indexes anew", always=False)
        elif applied:
            indexes.mark_current()
        return applied
    except (InUse, Unavailable, NewerSchema, OSError) as error:
        raise click.ClickException(f"{error} ({shown(settings)})") from None
    finally:
        close_database()


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def migrate(as_json: bool) -> None:
    """Make or update the database's tables; safe to run again and while another runs."""
    settings = Settings.from_environment()
    applied = bring_up_to_date(settings)
    if as_json:
        click.echo(orjson.dumps({"database": shown(settings), "applied": applied}).decode())
    else:
        for name in applied:
            click.echo(f"applied {name}")
        click.echo(f"{shown(settings)} is up to date.")
