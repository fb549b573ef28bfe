"""SQLite with a deadline for every query, which it lacks by itself."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

from peewee import SqliteDatabase

from api.storage.turns import Turns

# How many steps of SQLite's machine lie between two looks at the clock: some milliseconds. A look needs Python's
# one lock, for which it may have to wait, so they are few (https://sqlite.org/c3ref/progress_handler.html).
_STEPS = 100_000


class _Clock(threading.local):
    """When this thread's query has to be done, and how many seconds the next gets."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.until = seconds, math.inf


class Embedded(SqliteDatabase):  # type: ignore[misc,unused-ignore]
    """A file whose queries are broken off ("interrupted") after so many seconds; 0 lets them take their time.

    `turns` are those of the writers, who queue up for the file.
    """

    def __init__(self, path: str, *, query_timeout: float, **given: Any) -> None:
        self._clock = _Clock(query_timeout or math.inf)
        self.turns = Turns(path)
        super().__init__(path, **given)

    def _add_conn_hooks(self, conn: Any) -> None:
        super()._add_conn_hooks(conn)  # type: ignore[misc]
        clock = self._clock
        conn.set_progress_handler(lambda: monotonic() > clock.until, _STEPS)

    def execute_sql(self, sql: Any, params: Any = None) -> Any:
        """Run a query, which has to be done, its rows read, by its deadline."""
        self.start_clock()
        return super().execute_sql(sql, params)  # type: ignore[no-untyped-call]

    def start_clock(self) -> None:
        """Give the query of this thread its seconds again, as for the next batch of its rows."""
        self._clock.until = monotonic() + self._clock.seconds

    @contextmanager
    def unhurried(self) -> Iterator[None]:
        """Let this thread's queries take as long as they take."""
        seconds, self._clock.seconds = self._clock.seconds, math.inf
        try:
            yield
        finally:
            self._clock.seconds = seconds
            self.start_clock()
