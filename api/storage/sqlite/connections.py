"""Connections to SQLite: opening them, what a write and a long read need, and what their errors mean."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from peewee import Database, OperationalError

from api.settings import Settings
from api.storage.faults import BUSY, FULL, READ_ONLY, TOO_LONG
from api.storage.sqlite.embedded import Embedded
from api.storage.sqlite.turns import TooMany

PLACEHOLDER = "?"
TYPES = {
    "key": "INTEGER PRIMARY KEY",
    "int": "INTEGER",
    "text": "TEXT",
    "exact": "TEXT",
    "real": "REAL",
    "strict": " STRICT",
}
# Of pages, for each connection: so many KiB, negative by SQLite's convention; and for one that writes very much.
_CACHE, _LARGE_CACHE = -8000, -48000
# Of all connections of a process together so many bytes: past that a connection takes pages of its own cache anew
# instead of more memory. Those of threads that have nothing to do would otherwise stay full.
_ALL_CACHES = 24 << 20
# What the file of the write-ahead log is cut down to when it begins anew, so that its size tells what is in it.
_KEPT_LOG = 8 * 2**20
# After so many pages (64 MB) what one that writes very much has logged goes into the file: a page that many of its
# transactions change goes there once.
_LARGE_LOG = 16_000


def open_database(settings: Settings) -> Database:
    """Return the embedded database, unconnected; its folder is made where it is missing."""
    path = Path(settings.database.removeprefix("sqlite:///"))
    path.parent.mkdir(parents=True, exist_ok=True)
    return Embedded(
        str(path),
        query_timeout=settings.query_timeout,
        # FULL, since NORMAL loses acknowledged writes at a power cut.
        # And what is deleted or superseded is overwritten, so that nothing of it lies about in the file.
        pragmas={
            "journal_mode": "wal",
            "synchronous": "full",
            "foreign_keys": 1,
            "cache_size": _CACHE,
            "soft_heap_limit": _ALL_CACHES,
            "secure_delete": 1,
            "journal_size_limit": _KEPT_LOG,
        },
        # IMMEDIATE, since a deferred transaction that comes to write fails at once with "locked".
        lock_type="IMMEDIATE",
        timeout=settings.busy_timeout,
    )


@contextmanager
def turn(db: Database) -> Iterator[None]:
    """Wait until it is this thread's turn to begin a write; SQLite then waits for the rest of the time."""
    if db.in_transaction():
        yield
        return
    patience: float = db.timeout  # type: ignore[attr-defined]
    try:
        with db.turns.turn(patience) as left, _waiting(db, patience, left):  # type: ignore[attr-defined]
            yield
    except TooMany:
        raise OperationalError("database is locked") from None


@contextmanager
def _waiting(db: Database, patience: float, left: float) -> Iterator[None]:
    # Setting it takes longer than looking whether it need be set.
    if shortened := left < patience - 0.1:
        db.execute_sql(f"PRAGMA busy_timeout = {int(left * 1000) or 1}")
    try:
        yield
    finally:
        if shortened and not db.is_closed():
            db.execute_sql(f"PRAGMA busy_timeout = {int(patience * 1000)}")


def lock_writes(db: Database) -> None:
    """Nothing to do: BEGIN IMMEDIATE has taken the file's one write lock."""


def expect_much(db: Database) -> None:
    """Prepare this thread's connection for writing very much, with more memory and a longer log."""
    db.execute_sql(f"PRAGMA cache_size = {_LARGE_CACHE}")
    db.execute_sql("PRAGMA soft_heap_limit = 0")
    db.execute_sql(f"PRAGMA wal_autocheckpoint = {_LARGE_LOG}")


def start_clock(db: Database) -> None:
    """Give the next batch of a long read as much time as a query has."""
    db.start_clock()  # type: ignore[attr-defined]


@contextmanager
def snapshot(db: Database) -> Iterator[None]:
    """Read from one state of the data, without a lock that would keep writers waiting."""
    # What was written here by mistake would be lost with the transaction, so it is refused, as PostgreSQL does.
    # Every thread has a cache of pages; a long read gains little by it and would leave it full.
    db.execute_sql("PRAGMA query_only = 1")
    db.execute_sql("PRAGMA cache_size = -2000")
    try:
        with db.transaction("DEFERRED"):
            yield
    finally:
        db.execute_sql("PRAGMA shrink_memory")
        db.execute_sql("PRAGMA query_only = 0")
        db.execute_sql(f"PRAGMA cache_size = {_CACHE}")


def release(db: Database) -> None:
    """Empty this connection's cache of pages, of which every thread has one; the system has them too."""
    db.execute_sql("PRAGMA shrink_memory")


def burden(db: Database) -> int:
    """Return the size of the write-ahead log, which cannot begin anew while somebody reads an older state."""
    with suppress(OSError):
        return Path(f"{db.database}-wal").stat().st_size
    return 0


@contextmanager
def lenient(db: Database) -> Iterator[None]:
    """Take as long as it takes, and read texts that are no UTF-8 any more, their odd bytes as lone surrogates."""
    connection = db.connection()
    connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
    try:
        with db.unhurried():  # type: ignore[attr-defined]
            yield
    finally:
        connection.text_factory = str


def damaged(error: BaseException) -> bool:
    """Tell whether a database error means that the file is not what SQLite wrote."""
    text = str(error).lower()
    signs = ("malformed", "not a database", "unsupported file format", "could not decode", "fts5: corrupt")
    return any(sign in text for sign in signs)


def cursor(db: Database, sql: str, parameters: Sequence[object]) -> Any:
    """Run a query of which rows are fetched as they are wanted."""
    return db.execute_sql(sql, parameters)


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


def compare_by_code_points(db: Database, tables: Sequence[str]) -> list[str]:
    """Return nothing: SQLite compares texts so unless it is told otherwise."""
    return []


@contextmanager
def migration_lock(db: Database) -> Iterator[None]:
    """Hold the one right to change the schema, across processes; another waits for it."""
    with ExitStack() as held:
        # Where no file can be made there is nothing that could be changed either.
        with suppress(OSError):
            # The file stays: removing it would let a third process lock a new one beside a waiting second.
            fcntl.flock(held.enter_context(open(f"{db.database}.migrating", "w")), fcntl.LOCK_EX)
        held.enter_context(db.unhurried())  # type: ignore[attr-defined]
        yield


# What SQLite says (https://sqlite.org/rescode.html), and what that means for whoever asked.
_REASONS = (
    ("interrupted", TOO_LONG),
    ("locked", BUSY),
    ("busy", BUSY),
    ("full", FULL),
    ("readonly", READ_ONLY),
    ("disk i/o", "The disk on which the database is refuses to be read or written."),
    ("unable to open", "The database's file cannot be opened."),
)


def reason(error: BaseException) -> str | None:
    """Return why a database error means "not now" (busy, full, read-only, unreadable), None for a defect."""
    text = str(error).lower()
    return next((why for sign, why in _REASONS if sign in text), None)


def numbers(db: Database, table: str, count: int) -> list[int]:
    """Return the numbers of a table's next rows; whoever asks holds the one right to write."""
    (last,) = db.execute_sql(f"SELECT coalesce(max(n), 0) FROM {table}").fetchone()
    return list(range(last + 1, last + 1 + count))
