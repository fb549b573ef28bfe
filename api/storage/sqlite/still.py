"""An SQLite file on a read-only file system: reading it truthfully, and noticing when it can be written again.

SQLite keeps the index of a write-ahead log once for a whole process. Where it was opened to be read only it stays so
until the last connection of the process is closed, and whoever opens another meanwhile cannot write either. So such
connections live for one question or transaction, and the first that may write waits until the last of them is gone.
"""

from __future__ import annotations

import os
import threading
from typing import Any
from urllib.parse import quote

# How many seconds those of the others are waited for.
_PATIENCE = 1.0


class Still:
    """The connections of this process that were opened while the file could not be written."""

    def __init__(self, path: str) -> None:
        self.path = os.path.abspath(path)
        self.count = 0
        # Held while a connection is opened, so that none is opened for reading beside the first for writing.
        self.changing = threading.Condition()

    def writable(self) -> bool:
        """Tell whether the file and its log can be written, or made."""
        found = [os.access(each, os.W_OK) for each in self._files() if os.path.exists(each)]
        return all(found) and (len(found) == len(self._files()) or os.access(os.path.dirname(self.path), os.W_OK))

    def _files(self) -> tuple[str, ...]:
        return self.path, f"{self.path}-wal", f"{self.path}-shm"

    def wait(self) -> None:
        """Wait a while until there are none, where the file can be written by now."""
        if self.count and self.writable():
            with self.changing:
                self.changing.wait_for(lambda: not self.count, _PATIENCE)

    def leave(self) -> None:
        """Count one less."""
        with self.changing:
            self.count -= 1
            self.changing.notify_all()

    def opened(self, library: Any) -> Any:
        """Return a connection for where SQLite's own way fails: without the index of the log, which cannot be made."""
        log = f"{self.path}-wal"
        if os.path.exists(log) and os.path.getsize(log):
            # An index in this connection's own memory, for which SQLite asks that it be alone: it takes no locks, which
            # it could not, and nobody writes (https://sqlite.org/wal.html, sections 5 and 8).
            connection = library.connect(self._address("mode=ro&vfs=unix-none"), uri=True, isolation_level=None)
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        else:
            # All there is is in the file itself, which SQLite reads if it is told that it will not change.
            connection = library.connect(self._address("immutable=1"), uri=True, isolation_level=None)
        return connection

    def _address(self, how: str) -> str:
        return f"file:{quote(self.path)}?{how}"


class Rows:
    """The rows of a query that are read already, as its cursor would give them."""

    def __init__(self, cursor: Any) -> None:
        self.description, self.lastrowid, self.rowcount = cursor.description, cursor.lastrowid, cursor.rowcount
        self._left = iter(cursor.fetchall())

    def __iter__(self) -> Any:
        return self._left

    def fetchone(self) -> Any:
        """Return the next row, None after the last."""
        return next(self._left, None)

    def fetchall(self) -> list[Any]:
        """Return all rows that are left."""
        return list(self._left)

    def fetchmany(self, size: int) -> list[Any]:
        """Return so many rows at most."""
        return [each for _, each in zip(range(size), self._left, strict=False)]

    def close(self) -> None:
        """Forget those that are left."""
        self._left = iter(())
