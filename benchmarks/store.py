"""A store full of invented records, written in bulk: the rows are those that the service itself would write.

Each record goes through the service's own write path (`records.store`), on a stand-in for the database that
keeps what is written. That is done in several processes; one writes it all down, in large transactions, chains
the log, and makes the indexes at the end, which is faster than keeping them up to date.
"""

from __future__ import annotations

import gc
import itertools
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import click
import orjson
from peewee import SqliteDatabase

from api.domain.core import ids, keys
from api.domain.core.kinds import Document, Kind
from api.domain.drafting import drafts
from api.domain.evidence.statements import STATEMENT
from api.domain.history import chain, log
from api.domain.keeping import indexes
from api.domain.parties.outlets import OUTLET
from api.domain.parties.speakers import SPEAKER
from api.domain.writing import records
from api.settings import Rate, Settings
from api.storage.db import close_database, db, open_database
from api.storage.migrating import FOLDER, migrate
from api.storage.store import current
from benchmarks.fiction import Press, Statements

SEED = 20220323
# Raised when the invented records change.
VERSION = 1
BY = "bench"
_BATCH = 4_000
_TRANSACTION = 10
# When the first and the last record were recorded.
_OPENED, _CLOSED = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp() * 1000) for year in (2019, 2026))

Progress = Callable[[int], None]
Writes = list[tuple[str, list[Sequence[Any]]]]


# More than can be asked.
UNREACHED = Rate(10**9, 86400)


@dataclass(frozen=True)
class Store:
    """A store that is there to be measured: its file, how many statements it holds, and a key that may do all."""

    path: Path
    size: int
    key: str

    @property
    def url(self) -> str:
        """The database as ONRECORD_DATABASE names it."""
        return f"sqlite:///{self.path.absolute()}"

    @property
    def settings(self) -> Settings:
        """What a service on it is told: it counts requests as ever, but nobody has to wait."""
        return Settings(database=self.url, rate_limit=UNREACHED, rate_limit_anonymous=UNREACHED)

    @property
    def press(self) -> Press:
        """What was invented for it."""
        return Press(self.size, SEED)


def ready(size: int, *, fresh: bool = False) -> Store:
    """Return the store of a size: the one that was made before where it is still what would be made now."""
    path = _path(size)
    told = path.with_suffix(".json")
    if not fresh and path.exists() and told.exists():
        held = orjson.loads(told.read_bytes())
        if held["made_by"] == _made_by(size):
            return Store(path, size, held["key"])
    began = time.perf_counter()
    store = make(path, size, shown=sys.stderr.isatty())
    took = time.perf_counter() - began
    click.echo(f"Made {path} in {took:.0f} s ({size / took:,.0f} statements/s).", err=True)
    told.write_bytes(orjson.dumps({"made_by": _made_by(size), "key": store.key}))
    return store


def _path(size: int) -> Path:
    folder = Path(os.environ.get("ONRECORD_BENCH_DATA", "data"))
    return folder / f"bench-{size}.db"


def _made_by(size: int) -> dict[str, Any]:
    """Return what a store depends on; one made by anything else is made again."""
    schema = sorted(path.stem for path in FOLDER.glob("[0-9]*.py"))
    return {"size": size, "seed": SEED, "version": VERSION, "schema": schema, "indexes": indexes.VERSION}


def make(path: Path, size: int, *, shown: bool = False, processes: int | None = None) -> Store:
    """Make a store of so many statements at a path and return it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    making = path.with_suffix(".making")
    _remove(path), _remove(making)
    migrate(f"sqlite:///{making.absolute()}")
    with click.progressbar(length=size, label="Inventing statements", file=sys.stderr, hidden=not shown) as bar:
        _fill(making, Press(size, SEED), processes or os.cpu_count() or 1, bar.update)
    open_database(Settings(database=f"sqlite:///{making.absolute()}"))
    indexes.mark_current()
    key = keys.make(BY, ["admin"])["key"]
    db.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    close_database()
    making.rename(path)
    _remove(making)
    return Store(path, size, key)


def _remove(path: Path) -> None:
    for file in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm", ".migrating"))):
        with suppress(FileNotFoundError):
            file.unlink()


def _fill(path: Path, press: Press, processes: int, progress: Progress) -> None:
    with _written_in_bulk(path) as writer:
        makers, last = [], 0
        for kind, invented in ((SPEAKER, press.invent_speakers()), (OUTLET, press.invent_outlets())):
            maker = Maker(path, kind, press, last)
            writer.write([maker.writes(0, [dict(kind.takes.load(each)) for each in invented])])
            last += len(invented)
            makers.append(maker)
            # The desk knows of none yet that a write path would find to be recorded in their own right.
            writer.db.execute(f"UPDATE {kind.name} SET shown = 1")
        statements = Maker(path, STATEMENT, press, last)
        inventor = Statements(press, *(maker.made for maker in makers))
        batches = [(first, min(first + _BATCH, press.size)) for first in range(0, press.size, _BATCH)]
        for part in _grouped(_in_processes(statements, inventor, batches, processes)):
            writer.write([writes for _, writes in part])
            progress(sum(count for count, _ in part))


def _in_processes(
    maker: Maker, inventor: Statements, batches: list[tuple[int, int]], processes: int
) -> Iterator[tuple[int, Writes]]:
    """Yield how many statements each batch has and what is written for it, in order."""

    def made(batch: tuple[int, int]) -> tuple[int, Writes]:
        return batch[1] - batch[0], maker.writes(batch[0], inventor.between(*batch))

    if len(batches) < 4:
        yield from map(made, batches)
        return
    # Forked, so that each has all that was invented; the closure is found by name in the child.
    global _made
    _made = made
    gc.freeze()
    with get_context("fork").Pool(processes, initializer=gc.disable) as pool:
        yield from pool.imap(_call, batches)


def _call(batch: tuple[int, int]) -> tuple[int, Writes]:
    return _made(batch)


_made: Callable[[tuple[int, int]], tuple[int, Writes]]


def _grouped(parts: Iterator[tuple[int, Writes]]) -> Iterator[list[tuple[int, Writes]]]:
    while group := list(itertools.islice(parts, _TRANSACTION)):
        yield group


# --- what the service would write ---


class Maker:
    """Records of one kind, put through the write path; what it would have written is returned instead."""

    def __init__(self, path: Path, kind: Kind, press: Press, last: int) -> None:
        self.kind, self.press, self.last = kind, press, last
        self.made: list[str] = []
        self._desk = cache(lambda: Desk(path))

    def writes(self, first: int, fields: list[Document]) -> Writes:
        """Return what is written for records that are checked already; `first` have been made before these."""
        desk = self._desk()
        desk.begin(self.kind.name, first)
        store = current()
        before, store.database = store.database, desk
        ends = itertools.count(self.last + first)
        try:
            with (
                from_seed(self.press, self.kind, first),
                patch.object(records, "writing", nullcontext),
                # The links are made when all is written down in its order.
                patch.object(log, "head", lambda: (next(ends), chain.GENESIS)),
            ):
                self.made += [records.store(self.kind, each, by=BY) for each in fields]
        finally:
            store.database = before
        return desk.written()


@contextmanager
def from_seed(press: Press, kind: Kind, first: int) -> Iterator[None]:
    """Have the write path make times, ids and salts from the seed, beginning with the record of a number."""
    random, numbers, latest = Random(f"{press.seed} {kind.name} {first}"), itertools.count(first), 0
    step = (_CLOSED - _OPENED) / press.size if kind is STATEMENT else 0

    def now() -> str:
        nonlocal latest
        latest = _OPENED + int(next(numbers) * step)
        return datetime.fromtimestamp(latest / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def number() -> SimpleNamespace:
        chance = random.getrandbits(74)
        return SimpleNamespace(int=latest << 80 | 7 << 76 | (chance >> 62) << 64 | 2 << 62 | chance & (1 << 62) - 1)

    with (
        patch.object(drafts, "now", now),
        patch.object(ids, "uuid7", number),
        patch.object(chain, "new_salt", lambda: f"{random.getrandbits(128):032x}"),
    ):
        yield


class Desk(SqliteDatabase):
    """Stands in for the database: what is written lies here, what is read comes from the file and is remembered."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), pragmas={"query_only": 1})
        self._found = cache(lambda sql, parameters: _Found(self.connection().execute(sql, parameters).fetchall()))
        self.begin("", 0)

    def begin(self, table: str, first: int) -> None:
        """Begin anew; rows of the table are numbered on from `first`, those of others with room between batches."""
        self._writes: dict[str, list[Sequence[Any]]] = {}
        self._numbers = {table: first}
        self._elsewhere = first * 4

    def written(self) -> Writes:
        """Return what was written, by statement, each with its rows in order."""
        return list(self._writes.items())

    def execute_sql(self, sql: str, params: Any = None) -> Any:
        """Keep a write, answer a read."""
        if sql.startswith(_LAST):
            return _Found([(self._numbers.get(sql.removeprefix(_LAST), self._elsewhere),)])
        if sql.startswith("SELECT"):
            # Nothing that is invented is held already: ids, addresses and external ids differ by their number.
            return _NOTHING if " FROM statement " in sql else self._found(sql, tuple(params or ()))
        self.executemany(sql, [params])
        return _NOTHING

    def start_clock(self) -> None:
        """Begin no deadline: nothing is waited for."""

    def cursor(self, named_cursor: Any = None) -> Any:
        """Return what takes many writes at once: this very desk."""
        return self

    def executemany(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Keep writes."""
        self._writes.setdefault(sql, []).extend(rows)
        table, _, columns = sql.removeprefix("INSERT INTO ").partition(" (")
        if columns.startswith("n, "):
            self._numbers[table] = rows[-1][0]


# How the number of a table's last row is asked for.
_LAST = "SELECT coalesce(max(n), 0) FROM "


class _Found:
    """Rows, as a cursor gives them."""

    def __init__(self, rows: list[Any]) -> None:
        self._rows = rows

    def fetchall(self) -> list[Any]:
        return self._rows

    def fetchone(self) -> Any:
        return self._rows[0] if self._rows else None


_NOTHING = _Found([])


# --- writing it down ---


class Writer:
    """The one connection that writes, and the end of the log so far."""

    def __init__(self, database: Any) -> None:
        self.db = database
        self._link = chain.GENESIS

    def write(self, parts: list[Writes]) -> None:
        """Write several batches down in one transaction."""
        self.db.execute("BEGIN")
        together: dict[str, list[Sequence[Any]]] = {}
        for writes in parts:
            for sql, rows in writes:
                together.setdefault(sql, []).extend(rows)
        for sql, rows in together.items():
            if "INTO entry " in sql:
                rows = self._chained(rows)
            elif "INTO statement_search " in sql:
                # The index takes rising places in one go, and begins a new part at each that falls.
                rows = sorted(rows)
            self.db.executemany(sql, rows)
        self.db.commit()

    def _chained(self, rows: list[Sequence[Any]]) -> Iterator[tuple[Any, ...]]:
        for *fields, _ in rows:
            self._link = chain.Entry(*fields).hash(self._link)
            yield (*fields, self._link)


@contextmanager
def _written_in_bulk(path: Path) -> Iterator[Writer]:
    """Open a file for writing with nothing that slows it down, and make its indexes at the end."""
    database = SqliteDatabase(str(path))
    connection = database.connection()
    connection.isolation_level = None
    for setting in ("journal_mode = OFF", "synchronous = OFF", "foreign_keys = OFF", "cache_size = -200000"):
        connection.execute(f"PRAGMA {setting}")
    made = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL").fetchall()
    for name, _ in made:
        connection.execute(f"DROP INDEX {name}")
    _search_setting(connection, "hashsize", 100_000_000)
    yield Writer(connection)
    _search_setting(connection, "hashsize", 1 << 20)
    for _, sql in made:
        connection.execute(sql)
    database.close()


def _search_setting(connection: Any, name: str, value: int) -> None:
    """Set how much of the search index is gathered before it is written (the setting is kept in the file)."""
    connection.execute("INSERT INTO statement_search (statement_search, rank) VALUES (?, ?)", (name, value))
