"""SQLite with what it lacks by itself: a deadline for every query, and reading in a folder that cannot be written."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

import peewee
from peewee import OperationalError, PeeweeException, SqliteDatabase

from api import deadlines
from api.storage.sqlite.still import Rows, Still
from api.storage.sqlite.turns import Turns

# How many steps of SQLite's machine lie between two looks at the clock: some milliseconds. A look needs Python's
# one lock, for which it may have to wait, so they are few (https://sqlite.org/c3ref/progress_handler.html).
_STEPS = 100_000


class _Clock(threading.local):
    """When this thread's query has to be done, how many seconds the next gets, and what its connection is like."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.until = seconds, math.inf
        # Whether its connection was opened while the file could not be written.
        self.still = False


class Embedded(SqliteDatabase):  # type: ignore[misc,unused-ignore]
    """A file whose queries are broken off ("interrupted") after so many seconds; 0 lets them take their time.

    `turns` are those of the writers, who queue up for the file.
    """

    def __init__(self, path: str, *, query_timeout: float, **given: Any) -> None:
        self._clock = _Clock(query_timeout or math.inf)
        self.turns, self._still = Turns(path), Still(path)
        super().__init__(path, **given)

    def _connect(self) -> Any:
        self._clock.still = False
        with self._still.changing:
            if self._still.writable() and not self._still.count:
                connection = super()._connect()  # type: ignore[misc]
                # By now it may be otherwise, and SQLite has not said for what it has opened the file.
                if self._still.writable():
                    return connection
                connection.close()
            connection = self._opened()
            self._still.count += 1
        self._clock.still = True
        return connection

    def _opened(self) -> Any:
        """Open what can only be read."""
        try:
            return super()._connect()  # type: ignore[misc]
        except library().OperationalError:
            connection = self._still.opened(library())
        self._limit(connection)
        return connection

    def _close(self, conn: Any) -> None:
        super()._close(conn)  # type: ignore[misc]
        if self._clock.still:
            self._clock.still = False
            self._still.leave()

    def _leave(self) -> None:
        """Close what can only be read, outside of a transaction."""
        if self._clock.still and not self.in_transaction() and not self.is_closed():
            self.close()

    def _add_conn_hooks(self, conn: Any) -> None:
        super()._add_conn_hooks(conn)  # type: ignore[misc]
        self._limit(conn)

    def _limit(self, conn: Any) -> None:
        clock = self._clock
        conn.set_progress_handler(lambda: monotonic() > clock.until, _STEPS)

    def execute_sql(self, sql: Any, params: Any = None) -> Any:
        """Run a query, which has to be done, its rows read, by its deadline."""
        self.start_clock()
        if self.is_closed():
            self._still.wait()
        try:
            cursor = super().execute_sql(sql, params)  # type: ignore[no-untyped-call]
            return Rows(cursor) if self._clock.still and not self.in_transaction() else cursor
        finally:
            self._leave()

    def start_clock(self) -> None:
        """Give the query of this thread its seconds again, as for the next batch of its rows.

        A long read of what could only be read is broken off once it can be written, since all would wait for it.
        """
        if self._clock.still and self._still.writable():
            raise OperationalError("database is locked: it can be written again")
        self._clock.until = min(monotonic() + self._clock.seconds, deadlines.until())

    def begin(self, lock_type: str | None = None) -> None:
        """Begin a transaction."""
        if self.is_closed():
            self._still.wait()
        try:
            super().begin(lock_type)
        except PeeweeException:
            self._leave()
            raise

    def commit(self) -> None:
        """End a transaction, and with it a connection that can only be read."""
        super().commit()
        self._leave()

    def rollback(self) -> None:
        """Undo a transaction, and end it so."""
        try:
            super().rollback()
        finally:
            self._leave()

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
