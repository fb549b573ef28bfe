"""onrecord backup and onrecord restore."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import orjson

from api.cli.database import opened, progress_shown, shown
from api.domain.keeping import backups
from api.domain.keeping.backups import BadBackup, Manifest
from api.settings import Settings
from api.storage.db import InUse, QueryFailed, Unavailable, close_database

_as_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@_as_json
def backup(file: Path, as_json: bool) -> None:
    """Write a backup of the database to FILE, while the server runs.

    It holds everything that was stored before the command began; whatever is called FILE is whole.
    """
    opened()
    with _explained(), progress_shown("Backing up") as progress:
        manifest = backups.write(file, progress)
    close_database()
    _show(manifest, {"file": str(file), "bytes": file.stat().st_size}, as_json)
    if not as_json:
        click.echo(f"{file} holds {manifest.rows} rows; its log ends at {manifest.head['seq']}.")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="Do not ask whether to go on.")
@_as_json
def restore(file: Path, yes: bool, as_json: bool) -> None:
    """Make the database what the backup FILE holds. The server must not run meanwhile.

    The backup is checked, put into a new database and verified there; only then is the old one replaced.
    """
    settings = Settings.from_environment()
    with _explained():
        manifest = backups.describe(file)
        if not yes:
            about = f"the backup of {manifest.made_at}, whose log ends at {manifest.head['seq']}"
            click.confirm(f"Replace what is in {shown(settings)} by {about}?", abort=True, err=True)
        with progress_shown("Restoring") as progress:
            manifest, kept = backups.restore(file, settings, progress)
    _show(manifest, {"database": shown(settings), "replaced": kept}, as_json)
    if not as_json:
        click.echo(f"{shown(settings)} is as it was at {manifest.made_at}; its log ends at {manifest.head['seq']}.")
        if kept:
            click.echo(f"What was there before is {kept}.")


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except (BadBackup, InUse, Unavailable) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{error.strerror}: {error.filename or 'the backup'}") from None
    except (QueryFailed, TypeError) as error:
        raise click.ClickException(f"The database cannot do this ({error}); `onrecord doctor` says more.") from None
    finally:
        close_database()


def _show(manifest: Manifest, more: dict[str, object], as_json: bool) -> None:
    if as_json:
        click.echo(orjson.dumps({**manifest.facts(), **more}).decode())
