"""A whole PostgreSQL database put in the place of another, and what is deleted taken out of the last places."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from peewee import Database

from api.storage.faults import InUse
from api.storage.postgres.connections import lock_writes

# How often it is asked who else is connected, and how many seconds lie between.
_ATTEMPTS, _PAUSE = 6, 0.5


def hold(db: Database) -> None:
    """Nothing to do: the server knows who is connected."""


@contextmanager
def alone(db: Database) -> Iterator[None]:
    """See to it that nobody else of ours is connected; raises InUse. Who comes later has to wait."""
    others = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND application_name = 'onrecord' AND pid <> pg_backend_pid()"
    )
    for attempt in range(_ATTEMPTS):
        # Who was killed is still listed until the server notices.
        time.sleep(_PAUSE if attempt else 0)
        (count,) = db.execute_sql(others).fetchone()
        if not count:
            break
    else:
        raise InUse("The database is in use by a server or another command; try again when that has ended.")
    yield


@contextmanager
def beside(db: Database) -> Iterator[tuple[str, str | None]]:
    """Give the address of the same database: its new state is beside the old one until it is committed."""
    url: str = db.database
    db.close()
    yield url, None


@contextmanager
def emptied(db: Database, tables: Sequence[str]) -> Iterator[None]:
    """Take these tables away in a transaction that makes and fills new ones; others see the old ones until then."""
    with db.atomic():
        lock_writes(db)
        db.execute_sql("SET LOCAL statement_timeout = 0")
        for table in tables:
            db.execute_sql(f"DROP TABLE IF EXISTS {table} CASCADE")
            db.execute_sql(f"DROP FUNCTION IF EXISTS {table}_is_append_only() CASCADE")
        yield


def numbered(db: Database, table: str) -> None:
    """Have the server go on from the largest number that a table has."""
    sequence = f"pg_get_serial_sequence('{table}', 'n')"
    db.execute_sql(f"SELECT setval({sequence}, (SELECT coalesce(max(n), 0) + 1 FROM {table}), false)")


def scrub(db: Database) -> str | None:
    """Return None: what is deleted leaves the server's files by its own VACUUM, and its archives by nobody's."""
    return None
