"""Selections: the records that a query asks for, as one or several index range scans."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from api.domain.core.kinds import Kind
from api.domain.indexing.conditions import Conditions
from api.domain.reading import cursors
from api.storage.db import row, rows, walk

# The order in which the rows of the search index lie.
RELEVANCE = "s.rowid"
# So many characters of documents are read at a time, if it be of a single one.
_LOT = 2**18


@dataclass(frozen=True)
class Phase:
    """A stretch of a list in one order. A list is its phases one after another, each read along an index."""

    conditions: Conditions
    column: str
    descending: bool


@dataclass(frozen=True)
class Selection:
    """The records that a query asks for: where they are read from, and in which phases."""

    kind: Kind
    tables: str
    phases: list[Phase]
    # What is read of each row, the id by which ties are broken first, and the joins that it needs.
    read: str
    joins: str = ""
    tie: str = "t.id"
    # Where a search is counted: at once, and where nothing else is asked for in its index alone.
    counted: tuple[str, Conditions] | None = None

    def begin(self, cursor: str | None, bound: str) -> tuple[int, Any, str] | None:
        """Return where a cursor continues: phase, place and id; raises BadParameter."""
        if cursor is None:
            return None
        timed = self.phases[0].column == "t.created_at"
        return cursors.read(cursor, bound, self.kind.prefix, phases=len(self.phases), timed=timed)

    def count(self, most: int | None) -> int:
        """Return how many there are; counting stops past `most`, so a million cost no more than it."""
        found = 0
        parts = [self.counted] if self.counted else [(self.tables, phase.conditions) for phase in self.phases]
        for tables, conditions in parts:
            limit = "" if most is None else f" LIMIT {most + 1 - found}"
            sql = f"SELECT count(*) FROM (SELECT 1 FROM {tables} WHERE {conditions}{limit}) AS matching"
            found += (row(sql, conditions.parameters) or (0,))[0]
            if most is not None and found > most:
                break
        return found

    def rows(self, limit: int, after: tuple[int, Any, str] | None) -> list[tuple[Any, ...]]:
        """Return the next rows: what is read of each, its place in its phase's order, and that phase."""
        found: list[tuple[Any, ...]] = []
        first = after[0] if after else 0
        for number, phase in list(enumerate(self.phases))[first:]:
            key = after[1:] if after and number == first else None
            found += [(*each, number) for each in self._phase(phase, limit - len(found), key)]
            if len(found) == limit:
                break
        return found

    def walk(self, size: int, most: int | None) -> Generator[list[tuple[Any, ...]]]:
        """Yield the rows of records to the end, or so many at most, in batches of a size; inside `snapshot()`.

        What has to be sorted is no more than their numbers: SQLite sorts in memory.
        """
        for phase in self.phases:
            sql, parameters = self._query(phase, None, "t.n")
            with closing(walk(sql if most is None else f"{sql} LIMIT {most}", parameters, size)) as numbers:
                for found in numbers:
                    for lot in self._lots([n for n, _ in found]):
                        yield self._numbered(lot)
                    most = None if most is None else most - len(found)

    def _lots(self, wanted: list[int]) -> Iterator[list[int]]:
        """Yield numbers in their order, of so many records at a time that they are no burden however long each is."""
        sql = f"SELECT n, length(document) FROM {self.kind.name} WHERE n IN ({', '.join('?' * len(wanted))})"
        sizes: dict[int, int] = dict(rows(sql, wanted))
        lot, size = list[int](), 0
        for n in wanted:
            if lot and size + sizes[n] > _LOT:
                yield lot
                lot, size = [], 0
            lot.append(n)
            size += sizes[n]
        if lot:
            yield lot

    def _numbered(self, wanted: list[int]) -> list[tuple[Any, ...]]:
        sql = (
            f"SELECT t.n, {self.read} FROM {self.kind.name} t{self.joins} WHERE t.n IN ({', '.join('?' * len(wanted))})"
        )
        found = {n: each for n, *each in rows(sql, wanted)}
        return [tuple(found[n]) for n in wanted]

    def _phase(self, phase: Phase, limit: int, key: tuple[Any, str] | None) -> list[tuple[Any, ...]]:
        sql, parameters = self._query(phase, key, self.read, self.joins)
        return rows(f"{sql} LIMIT {limit}", parameters)

    def _query(self, phase: Phase, key: tuple[Any, str] | None, read: str, joins: str = "") -> tuple[str, list[Any]]:
        sign, way = ("<", "DESC") if phase.descending else (">", "ASC")
        conditions = Conditions([*phase.conditions.clauses], [*phase.conditions.parameters])
        if key is not None:
            conditions.add(f"({phase.column}, {self.tie}) {sign} (?, ?)", *key)
        # No two records share a place among the relevant, so there the index is in this very order.
        ties = "" if phase.column == RELEVANCE else f", {self.tie} {way}"
        order = f"ORDER BY {phase.column} {way}{ties}"
        sql = f"SELECT {read}, {phase.column} FROM {self.tables}{joins} WHERE {conditions} {order}"
        return sql, conditions.parameters
