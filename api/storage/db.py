"""The database of the store that a thread works with: opening it, reading rows, and the transactions of writes and long
reads.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import lru_cache
from types import ModuleType
from typing import Any, NoReturn

import peewee
from peewee import Database, PeeweeException

from api import deadlines
from api.settings import Settings
from api.storage import store
from api.storage.faults import AWAY, CROWDED, Finding
from api.storage.faults import InUse as InUse
from api.storage.places import Crowded, Places
from api.storage.store import Store, current


class Unavailable(Exception):
    """The database cannot serve this now: the message is its own, `reason` says why in words for whoever asked.

    After `again` seconds it may be worth asking again.
    """

    def __init__(self, message: str, reason: str = AWAY, *, again: int = 1) -> None:
        super().__init__(message)
        self.reason, self.again = reason, again


class Damaged(Unavailable):
    """The database's file or a page of it is not what it was; the message is the database's own."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "The database is damaged.")


# What a database says of a query that it cannot carry out: a mistake of ours, or a damage that it has not noticed.
QueryFailed = PeeweeException
# What may mean that the database cannot serve, instead of a mistake of ours.
_TROUBLE = (peewee.OperationalError, peewee.InterfaceError, peewee.InternalError)
# Where peewee runs a query it turns the driver's errors into its own; the rows of it are fetched outside of that.
_DRIVER = vars(peewee)["__exception_wrapper__"]
# So many characters of a long text are in an index: PostgreSQL takes no row of one with more than 2,704 bytes.
BEGINNING = 500
# How many values one query is asked for: both databases have a limit, and each length is a query of its own.
_AT_ONCE = 5000

dialect: ModuleType
"""That of the store this thread works with."""


def __getattr__(name: str) -> Any:
    if name == "dialect":
        return current().dialect
    raise AttributeError(name)


class _Database:
    """The database of the store that a thread works with, by whatever it is asked."""

    @property
    def obj(self) -> Database | None:
        """It itself, None where none was opened."""
        found = store.opened()
        return found.database if found else None

    def __getattr__(self, name: str) -> Any:
        return getattr(current().database, name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(current().database, name, value)


db = _Database()


def make_places(most: int, writers: int) -> None:
    """Let at most so many threads work at the database at a time, and so many of them wait for a write."""
    current().places, current().writers = Places(most), Places(writers)


def open_database(settings: Settings) -> Store:
    """Have this process work with the database that settings name; nothing is connected until first use."""
    if before := store.opened():
        before.close()
    made = store.make(settings)
    store.use_everywhere(made)
    return made


def close_database() -> None:
    """Close this thread's connections, as before a fork."""
    store.close_all()


@lru_cache(maxsize=2048)
def _marked(sql: str, mark: str) -> str:
    return sql.replace("?", mark)


def _placeholders(sql: str, of: Store) -> str:
    mark: str = of.dialect.PLACEHOLDER
    return sql if mark == "?" else _marked(sql, mark)


def rows(sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
    """Return the rows of a query written with `?` for its parameters, on either database."""
    deadlines.look()
    of = current()
    with translated(), of.places, _DRIVER:
        return of.database.execute_sql(_placeholders(sql, of), parameters).fetchall()  # type: ignore[no-any-return]


def among(sql: str, values: Collection[object]) -> list[tuple[Any, ...]]:
    """Return the rows of a query that ends in `IN`, for as many values as may be; of none, none."""
    left, found = list(values), []
    for start in range(0, len(left), _AT_ONCE):
        part = left[start : start + _AT_ONCE]
        found += rows(f"{sql} ({', '.join('?' * len(part))})", part)
    return found


def beginning(column: str) -> str:
    """Return the SQL for as much of a long text as its index holds; the same on both databases, so that both use it."""
    return f"substr({column}, 1, {BEGINNING})"


def walk(sql: str, parameters: Sequence[object], size: int) -> Generator[list[tuple[Any, ...]]]:
    """Yield the rows of a query as they are read, at most `size` at a time, inside `snapshot()`.

    Rows are not kept before they are wanted or after; and where an order has no index they are sorted once,
    not for each batch again.
    """
    of = current()
    with translated():
        with of.places:
            cursor = of.dialect.cursor(of.database, _placeholders(sql, of), parameters)
        try:
            while found := _fetch(of, cursor, size):
                yield found
        finally:
            cursor.close()


def _fetch(of: Store, cursor: Any, size: int) -> list[tuple[Any, ...]]:
    # A batch at a time: between two of them a client may be slow, which is no concern of the database's.
    with of.places, _DRIVER:
        of.dialect.start_clock(of.database)
        return cursor.fetchmany(size)  # type: ignore[no-any-return]


def row(sql: str, parameters: Sequence[object] = ()) -> tuple[Any, ...] | None:
    """Return the first row of a query, or None."""
    deadlines.look()
    of = current()
    with translated(), of.places, _DRIVER:
        return of.database.execute_sql(_placeholders(sql, of), parameters).fetchone()  # type: ignore[no-any-return]


def execute(sql: str, parameters: Sequence[object] = ()) -> None:
    """Run a statement that returns nothing."""
    of = current()
    with translated(), of.places:
        of.database.execute_sql(_placeholders(sql, of), parameters)


def execute_many(sql: str, parameters: Sequence[Sequence[object]]) -> None:
    """Run a statement that returns nothing once for each of these; for none, not at all."""
    if parameters:
        of = current()
        with translated(), of.places, _DRIVER:
            # It has the time of one query, and nothing of what the query before it had.
            of.dialect.start_clock(of.database)
            of.database.cursor().executemany(_placeholders(sql, of), parameters)


def insert(table: str, values: Mapping[str, object]) -> None:
    """Insert one row."""
    insert_all(table, tuple(values), [tuple(values.values())])


def insert_all(table: str, columns: Sequence[str], values: Sequence[Sequence[object]]) -> None:
    """Insert rows that have these columns.

    Written out instead of built by peewee, which takes longer to build an insert than SQLite to run it.
    """
    execute_many(_insertion(table, tuple(columns)), values)


@lru_cache(maxsize=256)
def _insertion(table: str, columns: tuple[str, ...]) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


def numbers(table: str, count: int) -> list[int]:
    """Return the numbers `n` that the next rows of a table are to have, inside `writing()`."""
    of = current()
    found: list[int] = of.dialect.numbers(of.database, table, count)
    return found


def update(table: str, id: str, values: Mapping[str, object]) -> None:
    """Change columns of the row with an id."""
    changes = ", ".join(f"{column} = ?" for column in values)
    execute(f"UPDATE {table} SET {changes} WHERE id = ?", (*values.values(), id))


def hold(settings: Settings) -> None:
    """Let others know, until this process and those forked from it end, that the database is worked with; or InUse.

    This is for commands, of which nobody waits for a thread: their queries take as long as they take.
    """
    of = open_database(replace(settings, query_timeout=0))
    of.dialect.hold(of.database)


def expect_much() -> None:
    """Prepare for writing very much from this thread, as an import does."""
    current().dialect.expect_much(current().database)


@contextmanager
def replacing(settings: Settings, tables: Sequence[str]) -> Iterator[str | None]:
    """Open an empty database that takes the place of the one in settings once everything inside went well.

    Gives where the old one is kept, None where it is not. Of the old one nothing but these tables is touched.
    Raises InUse where somebody works with it.
    """
    old = open_database(settings)
    with translated(), old.dialect.alone(old.database), old.dialect.beside(old.database) as (beside, kept):
        new = open_database(Settings(database=beside, busy_timeout=settings.busy_timeout, query_timeout=0))
        try:
            with new.dialect.emptied(new.database, tables):
                yield kept
        finally:
            close_database()


@contextmanager
def writing() -> Iterator[None]:
    """One write: everything inside is stored together or not at all, and no other write comes between.

    Both databases run writes one after another (SQLite by its lock, PostgreSQL by an advisory
    one), which is what makes the log's sequence free of gaps and a check before an insert safe.
    """
    of = current()
    outer = of.here.known
    with translated(), of.writers, of.dialect.turn(of.database), of.places, of.database.atomic():
        of.dialect.lock_writes(of.database)
        known = of.here.known = {} if outer is None else outer
        try:
            yield
        except BaseException:
            # Some of it may be known of what is undone now.
            known.clear()
            raise
        finally:
            if outer is None:
                of.here.known = None


@contextmanager
def undoable() -> Iterator[Callable[[], NoReturn]]:
    """One write that may be called off: calling what is given leaves it at once, and nothing inside is stored."""
    called_off = _CalledOff()

    def undo() -> NoReturn:
        raise called_off

    try:
        with writing():
            yield undo
    except _CalledOff as error:
        if error is not called_off:
            raise


class _CalledOff(Exception):
    """A write is not to be kept."""


def while_writing() -> dict[Any, Any]:
    """Return what may be noted of the data during one write, since nobody else changes them; else an empty one."""
    known = current().here.known
    return {} if known is None else known


@contextmanager
def snapshot() -> Iterator[None]:
    """Reads that all see the data as the first of them found it, whatever others write meanwhile; and no writes."""
    of = current()
    with translated(), of.dialect.snapshot(of.database):
        yield


@contextmanager
def inspection() -> Iterator[None]:
    """A snapshot that takes its time, in which texts that are not valid any more can be read all the same."""
    with snapshot(), current().dialect.lenient(current().database):
        yield


def want_memory() -> None:
    """Have every thread give back what its connection keeps in memory, the next time that it asks to `release`."""
    current().wanted += 1


def release(*, much: bool) -> None:
    """Give back what this thread's connection keeps in memory, after it has read much or where that is wanted."""
    of = current()
    before, of.here.wanted = of.here.wanted, of.wanted
    wanted = before is not None and before < of.wanted
    if (much or wanted) and not of.database.is_closed() and not of.database.in_transaction():
        with suppress(Unavailable), translated():
            of.dialect.release(of.database)


def burden() -> int:
    """Return how many bytes the database keeps beside its file for those who read an older state; no query is made."""
    of = store.opened()
    return int(of.dialect.burden(of.database)) if of else 0


def damage() -> list[str]:
    """Return what the database itself finds wrong with its file; empty where it looks at no file of ours."""
    with translated(), _DRIVER:
        return list(current().dialect.damage(current().database))


def indexed_sum() -> int | None:
    """Return a sum of all that the search index holds, None where there is none, inside `inspection()`."""
    with translated(), _DRIVER:
        found: int | None = current().dialect.indexed_sum(current().database)
        return found


def counted() -> tuple[int, int, int] | None:
    """Return how many rows, words and stems the search index says it holds, where there is a sum of it."""
    with translated(), _DRIVER:
        found: tuple[int, int, int] | None = current().dialect.counted(current().database)
        return found


def unlike_words(expected: Sequence[tuple[int, list[str], list[str]]]) -> list[int]:
    """Return the places at which the search index does not hold the words and stems that it should."""
    with translated(), _DRIVER:
        return list(current().dialect.unlike_words(current().database, expected))


def condition() -> list[Finding]:
    """Return what the open database says of itself: level, about what, what, and what to do."""
    with translated(), _DRIVER:
        return list(current().dialect.condition(current().database))


def note(sql: str, parameters: Sequence[object] = ()) -> None:
    """Run a statement that may as well be left out, and is where it would have to wait or cannot be done."""
    try:
        of = current()
        with translated(), of.dialect.impatient(of.database):
            of.database.execute_sql(_placeholders(sql, of), parameters)
    except Unavailable:
        return


class translated:
    """Around whatever asks the database: what it raises when it cannot serve now becomes Unavailable.

    A class, since a generator's context costs a microsecond or two for every query.
    """

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, UnicodeDecodeError):
            # SQLite quotes what it cannot make sense of, and that need not be text.
            raise Damaged("what is stored is no text") from error
        if isinstance(error, Crowded):
            raise Unavailable(str(error), CROWDED) from None
        if isinstance(error, PeeweeException):
            first = _first(error)
            if isinstance(first, Unavailable):
                raise first from None
            if current().dialect.damaged(first):
                _drop_connection()
                raise Damaged(str(first)) from error
            if isinstance(first, _TROUBLE) and (reason := current().dialect.reason(first)):
                _drop_connection()
                raise Unavailable(str(first), reason) from error


def _first(error: BaseException) -> BaseException:
    """Return the error that others came of: peewee hides a full disk behind "cannot rollback", and that behind more."""
    first, earlier = error, error.__context__
    while earlier is not None:
        if isinstance(earlier, (PeeweeException, Unavailable)):
            first = earlier
        earlier = earlier.__context__
    return first


def _drop_connection() -> None:
    """Forget a connection that may be broken, outside of a transaction; the next use opens a new one."""
    if not db.is_closed() and not db.in_transaction():
        db.close()
