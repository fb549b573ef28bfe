"""Bringing a database to this program's schema, under a lock, never from a worker."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from api.settings import Settings
from api.storage import db as storage
from api.storage import seals, tables
from api.storage.db import close_database, db, open_database
from api.storage.store import current

FOLDER = Path(__file__).parent / "migrations"
HISTORY = "schema_migration"


class NewerSchema(RuntimeError):
    """The database was made by a newer program than this one."""


def migrate(url: str) -> list[str]:
    """Apply what is missing to the database at url and return the names applied, oldest first.

    Each migration is one transaction, so a run that is killed leaves the old schema or the new.
    """
    open_database(Settings(database=url))
    return apply()


def apply() -> list[str]:
    """The same for the database that is open; other processes wait until it is done."""
    # Imported here: the migration tools cost start-up time that a worker never needs.
    from playhouse.migrations import Runner

    with alone():
        applied = list(Runner(current().database, str(FOLDER), table_name=HISTORY).up()) if pending() else []
        tables.forget()
        # Also of what was applied by somebody who was killed before this.
        seals.seal_history(current().database, HISTORY)
        return applied


@contextmanager
def alone() -> Iterator[None]:
    """Be the only one who changes the schema or makes the indexes anew; others who want to wait, readers and writers do
    not. The connection is closed in the end.
    """
    with storage.translated():
        db.connect(reuse_if_open=True)
    try:
        with storage.translated(), storage.dialect.migration_lock(current().database):
            yield
    finally:
        close_database()


def build(target: str | None = None) -> None:
    """Apply what the open database lacks, up to a migration, inside the caller's own lock."""
    from playhouse.migrations import Runner

    with storage.translated():
        Runner(current().database, str(FOLDER), table_name=HISTORY).up(target)
        tables.forget()
        seals.seal_history(current().database, HISTORY)


def known() -> list[str]:
    """Return the names of all migrations that this program has, oldest first."""
    return sorted(path.stem for path in FOLDER.glob("[0-9]*.py"))


def pending() -> list[str]:
    """Return the names of migrations that the open database lacks; raises NewerSchema where it is ahead."""
    ours = known()
    applied = set()
    with storage.translated():
        exists = db.table_exists(HISTORY)
    if exists:
        applied = {name for (name,) in storage.rows(f"SELECT name FROM {HISTORY}")}
    if unknown := applied - set(ours):
        raise NewerSchema(
            f"The database has schema {max(unknown)}, which this version of On Record does not know. "
            "Install the newer version, or point ONRECORD_DATABASE at another database."
        )
    return [name for name in ours if name not in applied]
