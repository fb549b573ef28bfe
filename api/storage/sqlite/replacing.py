"""A whole SQLite database put in the place of another, and what is deleted taken out of the last places."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from peewee import Database

from api.storage.faults import InUse
from api.storage.sqlite.embedded import library
from api.storage.sqlite.searching import FORGETFUL_VERSION, unasked

# The locks that this process shares; closing one would give it back.
_held: list[IO[bytes]] = []
# How often it is tried to empty the write-ahead log, and how many seconds lie between.
_ATTEMPTS, _PAUSE = 20, 0.5


def hold(db: Database) -> None:
    """Share the lock of those who work with the file, as long as this process and its children live."""
    # Where nothing can be written now it may be later, so that who is here has to be known then.
    file = _lock_file(db, "ab") or _lock_file(db, "rb")
    if file is not None:
        _lock(file, fcntl.LOCK_SH)
        _held.append(file)


@contextmanager
def alone(db: Database) -> Iterator[None]:
    """Have the file to oneself; raises InUse where others work with it."""
    file = _lock_file(db, "ab")
    if file is None:
        raise InUse("The folder of the database cannot be written.")
    with file:
        _lock(file, fcntl.LOCK_EX)
        yield


def _lock_file(db: Database, mode: str) -> IO[bytes] | None:
    try:
        # The file stays, as that of the migrations does.
        return open(f"{db.database}.in-use", mode)
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
    connection = library().connect(str(live), isolation_level=None)
    with closing(connection), suppress(library().Error):
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


def scrub(db: Database) -> str | None:
    """Take what was deleted out of the write-ahead log; return why it could not be done, or None.

    In the file itself it is overwritten when it is deleted. The write-ahead log keeps old pages until it is
    emptied, for which nobody may still be reading them.
    """
    if library().sqlite_version_info < FORGETFUL_VERSION:
        return "this SQLite is older than 3.42 and keeps the words in its search index until `onrecord reindex`"
    if unasked(db):
        return "the search index is being made anew, and the former one keeps words until `onrecord reindex` has ended"
    for _ in range(_ATTEMPTS):
        busy, _, _ = db.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if not busy:
            return None
        time.sleep(_PAUSE)
    return "somebody is still reading an older state of the data, which the write-ahead log keeps"
