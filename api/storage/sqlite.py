"""What is particular to SQLite; `postgres` has the same public names."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import peewee
from peewee import Database, SqliteDatabase

from api.settings import Settings

PLACEHOLDER = "?"
TYPES = {"key": "INTEGER PRIMARY KEY", "int": "INTEGER", "text": "TEXT", "exact": "TEXT", "strict": " STRICT"}
# SQLite 3.7.0 to 3.51.2 can corrupt a write-ahead log that several processes write
# (https://sqlite.org/wal.html#walresetbug).
SAFE_VERSION = (3, 51, 3)


def open_database(settings: Settings) -> Database:
    """Return the embedded database, unconnected; its folder is made where it is missing."""
    path = Path(settings.database.removeprefix("sqlite:///"))
    path.parent.mkdir(parents=True, exist_ok=True)
    return SqliteDatabase(
        str(path),
        # FULL, since NORMAL loses acknowledged writes at a power cut.
        pragmas={"journal_mode": "wal", "synchronous": "full", "foreign_keys": 1, "cache_size": -16000},
        # IMMEDIATE, since a deferred transaction that comes to write fails at once with "locked".
        lock_type="IMMEDIATE",
        timeout=settings.busy_timeout,
    )


def lock_writes(db: Database) -> None:
    """Nothing to do: BEGIN IMMEDIATE has taken the file's one write lock."""


@contextmanager
def impatient(db: Database) -> Iterator[None]:
    """Have this thread's statements fail at once, instead of waiting, where another writes."""
    patience = int(db.timeout * 1000)  # type: ignore[attr-defined]
    db.execute_sql("PRAGMA busy_timeout = 0")
    try:
        yield
    finally:
        db.execute_sql(f"PRAGMA busy_timeout = {patience}")


def append_only(table: str, refused: tuple[str, ...]) -> list[str]:
    """Return the statements that make the database itself refuse these changes to a table."""
    return [
        f"CREATE TRIGGER {table}_refuses_{change.lower()} BEFORE {change} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        for change in refused
        if change != "TRUNCATE"
    ]


@contextmanager
def migration_lock(db: Database) -> Iterator[None]:
    """Hold the one right to change the schema, across processes; another waits for it."""
    with open(f"{db.database}.migrating", "w") as file:
        # The file stays: removing it would let a third process lock a new one beside a waiting second.
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def unavailable(error: BaseException) -> bool:
    """Tell whether a database error means "not now" (busy, full, read-only, unreadable) rather than a defect."""
    text = str(error).lower()
    return any(sign in text for sign in ("locked", "busy", "full", "readonly", "disk i/o", "unable to open"))


def several_workers_problem() -> str | None:
    """Return why this SQLite must not be written by several processes, or None where it may."""
    # The library that peewee chose: pysqlite3 where it is installed and newer than Python's own.
    library: Any = vars(peewee)["sqlite3"]
    if library.sqlite_version_info >= SAFE_VERSION:
        return None
    return (
        f"SQLite {library.sqlite_version} can corrupt its write-ahead log when several processes write; "
        "install the pysqlite3 package, which brings a newer one"
    )
