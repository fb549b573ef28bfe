"""A store, the database handle of an application: one database with all that a process knows of it; and which store the
running thread works with.

An application has a store of its own, so that two of them in one process never meet. Whoever works for an application
says so with `use`, once for each request; a command, which has one store, opens it for the whole process.
"""

from __future__ import annotations

from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import local
from types import ModuleType
from typing import Any
from weakref import WeakSet

from peewee import Database

from api.settings import Settings
from api.storage import sqlite
from api.storage.places import Places


class Here(local):
    """What one thread knows of a store."""

    # What may be noted during a write, None outside of one.
    known: dict[Any, Any] | None = None
    # How often memory had been wanted when this thread was asked last.
    wanted: int | None = None


@dataclass(eq=False)
class Store:
    """A database, unconnected until first use, and the dialect that it speaks.

    `places` is for the queries of this process, `writers` for those of its threads that wait to write: as many as come,
    until a server says how many threads it has.
    """

    database: Database
    dialect: ModuleType
    places: Places = field(default_factory=Places)
    writers: Places = field(default_factory=Places)
    here: Here = field(default_factory=Here)
    # How often memory was wanted of all threads.
    wanted: int = 0
    # The columns and keys of tables, as far as they were asked for.
    columns: dict[str, list[str]] = field(default_factory=dict)
    keys: dict[str, list[str]] = field(default_factory=dict)

    def close(self) -> None:
        """Close this thread's connection, if it has one."""
        if not self.database.is_closed():
            self.database.close()

    def __del__(self) -> None:
        # Of an application that is gone nobody else would close it.
        with suppress(Exception):
            self.close()


class NoStore(RuntimeError):
    """Nobody has opened a store yet."""


_of_thread: ContextVar[Store | None] = ContextVar("store", default=None)
_of_process: Store | None = None
_all: WeakSet[Store] = WeakSet()


def make(settings: Settings) -> Store:
    """Return a store on the database that settings name; nothing is connected."""
    dialect: ModuleType = sqlite
    if settings.database.startswith("postgresql://"):
        # Imported here, so that an embedded server runs where psycopg is not installed.
        from api.storage import postgres

        dialect = postgres
    made = Store(dialect.open_database(settings), dialect)
    _all.add(made)
    return made


def use(store: Store) -> None:
    """Have this thread work with a store from now on, until it is told of another."""
    _of_thread.set(store)


def use_everywhere(store: Store) -> None:
    """Have every thread work with a store that is not told of another."""
    global _of_process
    _of_process = store
    _of_thread.set(None)


def close_all() -> None:
    """Close this thread's connections, of whichever store."""
    for each in list(_all):
        each.close()


def opened() -> Store | None:
    """Return the store that this thread works with, None where none was opened."""
    return _of_thread.get() or _of_process


def current() -> Store:
    """Return the store that this thread works with; raises NoStore."""
    found = _of_thread.get() or _of_process
    if found is None:
        raise NoStore("open_database() comes first")
    return found
