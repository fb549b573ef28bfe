"""PostgreSQL over a connection that is replaced where it turns out to be dead before anything was done with it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from peewee import InterfaceError, OperationalError
from playhouse.postgres_ext import Psycopg3Database

from api.storage.postgres.sessions import settle

# What a query that only reads begins with. Anything else may have been done before the connection broke.
_READS = ("SELECT", "WITH")


class _Session(threading.local):
    """Whether this thread's session was told to write nothing."""

    locked = False


class Served(Psycopg3Database):  # type: ignore[misc]
    """A database server's database, with one connection for each thread.

    `patience` is how many seconds a write waits for its turn, `query_timeout` how many a query has; 0 any number.
    """

    def __init__(self, url: str, *, patience: float, query_timeout: float, **given: Any) -> None:
        self.patience, self.query_timeout = patience, query_timeout
        self._session = _Session()
        super().__init__(url, **given)

    def _connect(self) -> Any:
        connection = super()._connect()
        try:
            self._session.locked = settle(connection)
        except Exception:
            connection.close()
            raise
        return connection

    def execute_sql(self, sql: Any, params: Any = None, **given: Any) -> Any:
        """Run a query; one that reads, outside of a transaction, once more where the connection was dead."""
        run = super().execute_sql
        if self.in_transaction() or not sql.lstrip(" (").startswith(_READS):
            return run(sql, params, **given)
        return self._twice(lambda: run(sql, params, **given))

    def begin(self, isolation_level: Any = None) -> None:
        """Begin a transaction, on a new connection where the old one was dead: nothing has been done in it yet.

        So it is where the old one may write nothing, since for a new one that may have changed.
        """
        if self._session.locked and not self.is_closed():
            self.close()
        begin = super().begin
        self._twice(lambda: begin(isolation_level))

    def _twice(self, run: Callable[[], Any]) -> Any:
        try:
            return run()
        except (OperationalError, InterfaceError):
            if self.is_closed() or not self.connection().closed:
                raise
        self.close()
        return run()
