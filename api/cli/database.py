"""Opening the database for a command, with words for what can be wrong with it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from api.settings import Settings
from api.storage.db import Damaged, InUse, Unavailable, hold, row
from api.storage.migrating import NewerSchema, pending


def opened(settings: Settings | None = None) -> Settings:
    """Open the database that the environment names, with its schema as it should be; exits otherwise."""
    settings = settings or Settings.from_environment()
    try:
        hold(settings)
        row("SELECT 1")
        missing = pending()
    except Damaged:
        raise
    except (InUse, Unavailable, NewerSchema, OSError) as error:
        raise click.ClickException(f"{error} ({shown(settings)})") from None
    if missing:
        raise click.ClickException(f"The database {shown(settings)} is not set up; run `onrecord migrate` first.")
    return settings


def shown(settings: Settings) -> str:
    """Return the database's address without its password."""
    return settings.shown


@contextmanager
def progress_shown(label: str) -> Iterator[Callable[[int, int], None]]:
    """Show on stderr how far a command is, where that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    with click.progressbar(length=1, label=label, file=sys.stderr) as bar:

        def show(done: int, total: int) -> None:
            bar.length = max(total, 1)
            bar.update(done - bar.pos)

        yield show
