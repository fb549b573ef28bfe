"""PostgreSQL over a connection that is replaced where it turns out to be dead before anything was done with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from peewee import InterfaceError, OperationalError
from playhouse.postgres_ext import Psycopg3Database

# What a query that only reads begins with. Anything else may have been done before the connection broke.
_READS = ("SELECT", "WITH")


class Served(Psycopg3Database):  # type: ignore[misc]
    """A database server's database, with one connection for each thread."""

    def execute_sql(self, sql: Any, params: Any = None, **given: Any) -> Any:
        """Run a query; one that reads, outside of a transaction, once more where the connection was dead."""
        run = super().execute_sql
        if self.in_transaction() or not sql.lstrip(" (").startswith(_READS):
            return run(sql, params, **given)
        return self._twice(lambda: run(sql, params, **given))

    def begin(self, isolation_level: Any = None) -> None:
        """Begin a transaction, on a new connection where the old one was dead: nothing has been done in it yet."""
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
