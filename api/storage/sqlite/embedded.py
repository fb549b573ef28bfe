"""SQLite with what it lacks by itself: a deadline for every query, and reading in a folder that cannot be written."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any
from urllib.parse import quote

import peewee
from peewee import SqliteDatabase

from api import deadlines
from api.storage.sqlite.turns import Turns

# How many steps of SQLite's machine lie between two looks at the clock: some milliseconds. A look needs Python's
# one lock, for which it may have to wait, so they are few (https://sqlite.org/c3ref/progress_handler.html).
_STEPS = 100_000


class _Clock(threading.local):
    """When this thread's query has to be done, how many seconds the next gets, and what its connection is like."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.until = seconds, math.inf
        # Whether its connection takes the file for one that nobody can change.
        self.still = False


class Embedded(SqliteDatabase):  # type: ignore[misc,unused-ignore]
    """A file whose queries are broken off ("interrupted") after so many seconds; 0 lets them take their time.

    `turns` are those of the writers, who queue up for the file.
    """

    def __init__(self, path: str, *, query_timeout: float, **given: Any) -> None:
        self._clock = _Clock(query_timeout or math.inf)
        self.turns = Turns(path)
        super().__init__(path, **given)

    def _connect(self) -> Any:
        self._clock.still = False
        try:
            return super()._connect()  # type: ignore[misc]
        except library().OperationalError:
            # Without the files of a write-ahead log, and where none can be made, SQLite reads a file only if it
            # is told that it will not change (https://sqlite.org/wal.html, section 5).
            if self._may_change():
                raise
        self._clock.still = True
        address = f"file:{quote(os.path.abspath(self.database))}?immutable=1"
        connection = library().connect(address, uri=True, isolation_level=None)
        self._limit(connection)
        return connection

    def _may_change(self) -> bool:
        # Somebody else may write where we may not; then there is a write-ahead log.
        folder = os.path.dirname(os.path.abspath(self.database))
        return os.access(folder, os.W_OK) or os.path.exists(f"{self.database}-wal")

    def _add_conn_hooks(self, conn: Any) -> None:
        super()._add_conn_hooks(conn)  # type: ignore[misc]
        self._limit(conn)

    def _limit(self, conn: Any) -> None:
        clock = self._clock
        conn.set_progress_handler(lambda: monotonic() > clock.until, _STEPS)

    def execute_sql(self, sql: Any, params: Any = None) -> Any:
        """Run a query, which has to be done, its rows read, by its deadline."""
        self.start_clock()
        if self._clock.still and not self.in_transaction() and self._may_change():
            self.close()
        return super().execute_sql(sql, params)  # type: ignore[no-untyped-call]

    def start_clock(self) -> None:
        """Give the query of this thread its seconds again, as for the next batch of its rows."""
        self._clock.until = min(monotonic() + self._clock.seconds, deadlines.until())

    def begin(self, lock_type: str | None = None) -> None:
        """Begin a transaction, on a file that can be changed if by now it can."""
        if self._clock.still and self._may_change():
            self.close()
        super().begin(lock_type)

    @contextmanager
    def unhurried(self) -> Iterator[None]:
        """Let this thread's queries take as long as they take."""
        seconds, self._clock.seconds = self._clock.seconds, math.inf
        try:
            yield
        finally:
            self._clock.seconds = seconds
            self.start_clock()


def library() -> Any:
    """Return the library that peewee chose: pysqlite3 where it is installed and newer than Python's own."""
    return vars(peewee)["sqlite3"]
