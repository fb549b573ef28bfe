"""What is particular to SQLite; `postgres` has the same public names."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import peewee
from peewee import Database, OperationalError

from api.settings import Settings
from api.storage.embedded import Embedded
from api.storage.faults import BUSY, FULL, READ_ONLY, TOO_LONG, Finding, InUse
from api.storage.turns import TooMany

PLACEHOLDER = "?"
TYPES = {
    "key": "INTEGER PRIMARY KEY",
    "int": "INTEGER",
    "text": "TEXT",
    "exact": "TEXT",
    "real": "REAL",
    "strict": " STRICT",
}
# The rowid of a statement's words is its place in the order of relevance, so that the best are found first.
# Nothing of the words is kept but the index; `ascii` takes our ready tokens as they are.
SEARCH_TABLE = (
    "CREATE VIRTUAL TABLE statement_search "
    "USING fts5(words, stems, content = '', columnsize = 0, tokenize = \"ascii\")",
)
MATCHES = "s.statement_search MATCH ?"
REMEDY = "Run `onrecord verify` for what is damaged, and `onrecord restore` with the newest backup."
# Fewer free bytes than these, and a write may find none.
_LITTLE = 100 * 2**20
_SUM = 2**64 - 1
# Keeps the search index first: given the choice, the planner may look up each row of the table in it.
PINNED = "CROSS JOIN"
# SQLite 3.7.0 to 3.51.2 can corrupt a write-ahead log that several processes write
# (https://sqlite.org/wal.html#walresetbug).
SAFE_VERSION = (3, 51, 3)
# Of pages, for each connection: so many KiB, negative by SQLite's convention; and for one that writes very much.
_CACHE, _LARGE_CACHE = -16000, -48000
# After so many pages (64 MB) what one that writes very much has logged goes into the file: a page that many of its
# transactions change goes there once.
_LARGE_LOG = 16_000
# The locks that this process shares; closing one would give it back.
_held: list[IO[bytes]] = []
# The first whose search index can forget words at once.
_FORGETFUL_VERSION = (3, 42, 0)
# How often it is tried to empty the write-ahead log, and how many seconds lie between.
_ATTEMPTS, _PAUSE = 20, 0.5


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
            "secure_delete": 1,
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
        db.execute_sql("PRAGMA query_only = 0")
        db.execute_sql(f"PRAGMA cache_size = {_CACHE}")


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


def damage(db: Database) -> list[str]:
    """Return what SQLite finds wrong with the file (https://sqlite.org/pragma.html#pragma_integrity_check)."""
    found = [str(line) for (line,) in db.execute_sql("PRAGMA integrity_check").fetchall()]
    return [] if found == ["ok"] else found


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


def hold(db: Database) -> None:
    """Share the lock of those who work with the file, as long as this process and its children live."""
    file = _lock_file(db)
    if file is not None:
        _lock(file, fcntl.LOCK_SH)
        _held.append(file)


@contextmanager
def alone(db: Database) -> Iterator[None]:
    """Have the file to oneself; raises InUse where others work with it."""
    file = _lock_file(db)
    if file is None:
        raise InUse("The folder of the database cannot be written.")
    with file:
        _lock(file, fcntl.LOCK_EX)
        yield


def _lock_file(db: Database) -> IO[bytes] | None:
    try:
        # The file stays, as that of the migrations does.
        return open(f"{db.database}.in-use", "ab")
    except OSError:
        # Nobody can restore into a folder that cannot be written.
        return None


def _lock(file: IO[bytes], how: int) -> None:
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        doing = "is being restored" if how == fcntl.LOCK_SH else "is in use by a server or another command"
        raise InUse(f"The database {doing}; try again when that has ended.") from None


@contextmanager
def beside(db: Database) -> Iterator[tuple[str, str | None]]:
    """Give the address of a new file, and the name under which the old one is kept; exchange them in the end.

    At every moment one whole database is under the old name: the new file is synced before it is renamed, and
    what the old write-ahead log had is in the old file, or kept beside it, before.
    """
    live, new = Path(db.database), Path(f"{db.database}.restoring")
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    kept = Path(f"{live}.replaced-{moment}") if live.exists() else None
    _remove(new)
    try:
        yield f"sqlite:///{new}", str(kept) if kept else None
        _sync(new)
        if kept:
            _keep(live, kept)
        new.replace(live)
        _sync(live.parent)
    finally:
        _remove(new)


@contextmanager
def emptied(db: Database, tables: Sequence[str]) -> Iterator[None]:
    """Fill a new file, of which nothing is needed before it is whole; the tables are those that it will have."""
    for pragma in ("journal_mode = OFF", "synchronous = OFF"):
        db.execute_sql(f"PRAGMA {pragma}")
    yield


def numbered(db: Database, table: str) -> None:
    """Nothing to do: SQLite goes on from the largest number that a table has."""


def _keep(live: Path, kept: Path) -> None:
    connection = _library().connect(str(live), isolation_level=None)
    with closing(connection), suppress(_library().Error):
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode = DELETE")
    os.link(live, kept)
    for suffix in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            os.rename(f"{live}{suffix}", f"{kept}{suffix}")


def _remove(file: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal", ".migrating", ".line", ".turn"):
        Path(f"{file}{suffix}").unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


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


# Makes a statement findable at its place by its words and their stems, given what `search_row` gives.
INDEX_WORDS = "INSERT INTO statement_search (rowid, words, stems) VALUES (?, ?, ?)"


def search_row(place: int, words: str, stems: str) -> tuple[object, ...]:
    """Return the row of the search index for words in their order, and their stems, with spaces between them."""
    return place, words, stems


def forget_words(db: Database, place: int, words: list[str], stems: list[str]) -> None:
    """Undo `index_words`, which must have been given the same."""
    db.execute_sql(
        "INSERT INTO statement_search (statement_search, rowid, words, stems) VALUES ('delete', ?, ?, ?)",
        (place, " ".join(words), " ".join(stems)),
    )


def indexed_sum(db: Database) -> int | None:
    """Return a sum of everything that the search index holds, which is that of `sum_of` over all it should hold.

    Looking up each statement's words would take milliseconds for every one; reading the whole index takes far less.
    """
    # A view of the index (https://sqlite.org/fts5.html, section 9), which is no part of the file.
    db.execute_sql("PRAGMA query_only = 0")
    view = "temp.statement_search_instances"
    db.execute_sql(f"CREATE VIRTUAL TABLE {view} USING fts5vocab(main, statement_search, instance)")
    try:
        return sum(map(hash, db.execute_sql(f"SELECT doc, col, offset, term FROM {view}"))) & _SUM
    finally:
        db.execute_sql(f"DROP TABLE {view}")
        db.execute_sql("PRAGMA query_only = 1")


def sum_of(place: int, words: list[str], stems: list[str]) -> int:
    """Return what one statement adds to the sum."""
    found = sum(hash((place, "words", offset, word)) for offset, word in enumerate(words))
    return found + sum(hash((place, "stems", offset, stem)) for offset, stem in enumerate(stems)) & _SUM


def unlike_words(db: Database, expected: Sequence[tuple[int, list[str], list[str]]]) -> list[int]:
    """Return the places at which the search index does not hold the words and stems that it should."""
    return [place for place, words, stems in expected if not _holds(db, place, words, stems)]


def _holds(db: Database, place: int, words: list[str], stems: list[str]) -> bool:
    phrases = [f'stems : "{" ".join(stems)}"', *([f'words : "{" ".join(words)}"'] if words else [])]
    sql = "SELECT 1 FROM statement_search WHERE statement_search MATCH ? AND rowid = ?"
    return db.execute_sql(sql, (" AND ".join(phrases), place)).fetchone() is not None


def forget_all_words(db: Database) -> None:
    """Empty the search index."""
    db.execute_sql("INSERT INTO statement_search (statement_search) VALUES ('delete-all')")


def match_stems(stems: list[str]) -> str:
    """Return the expression for any of these stems (https://sqlite.org/fts5.html, section 3)."""
    return "(" + " OR ".join(f'stems : "{stem}"' for stem in stems) + ")"


def match_phrase(words: tuple[str, ...], *, open: bool) -> str:
    """Return the expression for words next to each other, the last of which may be only a beginning."""
    return f'words : "{" ".join(words)}"{" *" if open else ""}'


def match_all(parts: list[str]) -> str:
    """Return the expression for all of these."""
    return "(" + " AND ".join(parts) + ")"


def match_any(parts: list[str]) -> str:
    """Return the expression for any of these."""
    return "(" + " OR ".join(parts) + ")"


def match_without(wanted: str, unwanted: str) -> str:
    """Return the expression for one and not the other."""
    return f"({wanted} NOT {unwanted})"


def forget_words_at_once(db: Database) -> None:
    """Have the search index overwrite words when they are forgotten, instead of marking them until a later merge.

    What is read by SQLite 3.42 or newer needs no more than that (https://sqlite.org/fts5.html, section 6.11).
    """
    if _library().sqlite_version_info >= _FORGETFUL_VERSION:
        db.execute_sql("INSERT INTO statement_search (statement_search, rank) VALUES ('secure-delete', 1)")


def scrub(db: Database) -> str | None:
    """Take what was deleted out of the write-ahead log; return why it could not be done, or None.

    In the file itself it is overwritten when it is deleted. The write-ahead log keeps old pages until it is
    emptied, for which nobody may still be reading them.
    """
    if _library().sqlite_version_info < _FORGETFUL_VERSION:
        return "this SQLite is older than 3.42 and keeps the words in its search index until `onrecord reindex`"
    for _ in range(_ATTEMPTS):
        busy, _, _ = db.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if not busy:
            return None
        time.sleep(_PAUSE)
    return "somebody is still reading an older state of the data, which the write-ahead log keeps"


def _library() -> Any:
    """Return the library that peewee chose: pysqlite3 where it is installed and newer than Python's own."""
    return vars(peewee)["sqlite3"]


def before_connecting(db: Database) -> Iterator[Finding]:
    """Yield what can be said of the file without opening it, which might make it."""
    path = Path(db.database)
    if not path.exists():
        yield "wrong", "database", f"There is no database {path} yet.", "onrecord migrate, or onrecord serve"
        return
    if not os.access(path, os.R_OK):
        yield "wrong", "database", f"{path} cannot be read.", "Give it to the account that the service runs as."
        return
    if not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
        detail = f"{path} or its folder cannot be written, so that nothing can be recorded."
        yield "wrong", "disk", detail, "Give both to the account that the service runs as."
    free, size = shutil.disk_usage(path.parent).free, path.stat().st_size
    level = "wrong" if free < _LITTLE else "warning" if free < size + 10 * _LITTLE else "ok"
    todo = None if level == "ok" else "Make room: a full disk refuses every write."
    yield level, "disk", f"{free // 2**20:,} MB are free; the database has {size // 2**20:,} MB.", todo


def condition(db: Database) -> Iterator[Finding]:
    """Yield what the open database says of itself."""
    yield "ok", "database", f"{db.database} answers, with SQLite {_library().sqlite_version}.", None
    if problem := several_workers_problem():
        yield "warning", "sqlite", f"{problem}.", "Until then run with --workers 1."
    (mode,) = db.execute_sql("PRAGMA journal_mode").fetchone()
    if mode != "wal":
        detail = f"The journal mode is {mode}, not wal, so that readers and writers wait for each other."
        yield "wrong", "sqlite", detail, "Put the file on a local disk that can be written."
    found = [str(line) for (line,) in db.execute_sql("PRAGMA quick_check(3)").fetchall()]
    if found != ["ok"]:
        yield "wrong", "file", f"The file is damaged: {'; '.join(found)}.", REMEDY


def several_workers_problem() -> str | None:
    """Return why this SQLite must not be written by several processes, or None where it may."""
    library = _library()
    if library.sqlite_version_info >= SAFE_VERSION:
        return None
    return (
        f"SQLite {library.sqlite_version} can corrupt its write-ahead log when several processes write; "
        "install the pysqlite3 package, which brings a newer one"
    )
