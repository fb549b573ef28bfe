"""Lists of records: which, in what order, and pages that go on from a key, never an offset."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from api.domain import cursors, filters, names, words
from api.domain.conditions import Conditions
from api.domain.errors import BadParameter
from api.domain.keys import Key
from api.domain.kinds import Kind
from api.domain.reading import visible, without_secret
from api.domain.splicing import columns, documents, joins
from api.storage import db as storage
from api.storage.db import row, rows, walk
from api.text import tokens
from api.text.queries import BadQuery, parse

COUNTED_EXACTLY = 10_000
RELEVANCE = "s.rowid"
# Makes the rows of a page into documents, one a line.
Written = Callable[[list[tuple[Any, ...]]], str]
# What may change from page to page.
_FREE = ("cursor", "limit", "count")
# The sorts by their column; a minus in front turns the direction.
_COLUMNS = {"said_on": "said_lower", "created_at": "created_at"}


@dataclass(frozen=True, slots=True)
class Page:
    """Some documents in order, one a line, where the next ones begin, and how many match in all."""

    lines: str
    next: str | None
    total: int | None
    total_exact: bool


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

    def begin(self, cursor: str | None, bound: str) -> tuple[int, Any, str] | None:
        """Return where a cursor continues: phase, place and id; raises BadParameter."""
        if cursor is None:
            return None
        timed = self.phases[0].column == "t.created_at"
        return cursors.read(cursor, bound, self.kind.prefix, phases=len(self.phases), timed=timed)

    def count(self, most: int | None) -> int:
        """Return how many there are; counting stops past `most`, so a million cost no more than it."""
        found = 0
        for phase in self.phases:
            limit = "" if most is None else f" LIMIT {most + 1 - found}"
            sql = f"SELECT count(*) FROM (SELECT 1 FROM {self.tables} WHERE {phase.conditions}{limit}) AS matching"
            found += (row(sql, phase.conditions.parameters) or (0,))[0]
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
                    yield self._numbered([n for n, _ in found])
                    most = None if most is None else most - len(found)

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


def page(kind: Kind, query: dict[str, Any], reader: Key) -> Page:
    """Return the page of records that a validated query asks for; raises BadParameter."""
    selection = select(kind, query, reader)
    return turn(selection, kind.name, query, written(kind, selection, reader))


def written(kind: Kind, selection: Selection, reader: Key) -> Written:
    """Return what makes the rows of a selection into JSON."""
    if selection.phases[0].column == "t.cited":
        return lambda found: _with_counts(kind, found, reader)
    return lambda found: without_secret(kind, "\n".join(documents(kind, found, 1)), reader)


def _with_counts(kind: Kind, found: list[tuple[Any, ...]], reader: Key) -> str:
    # Names have no names in them, so that the count comes right behind what makes the document.
    texts = zip(documents(kind, found, 1), found, strict=True)
    counted = (f'{text[:-1]},"statements_count":{each[3]}}}' for text, each in texts)
    return without_secret(kind, "\n".join(counted), reader)


def turn(selection: Selection, name: str, query: dict[str, Any], written: Written) -> Page:
    """Return the page of a selection that a query asks for; `written` makes its rows into JSON.

    The first column of a row is its id, by which ties are broken. The name is the list's, to which a cursor
    is bound.
    """
    asked = {part: value for part, value in query.items() if value is not None and part not in _FREE}
    bound = cursors.binding(name, asked)
    after = selection.begin(query["cursor"], bound)
    # A page reads one row more than it sends, to know whether another page follows.
    found = selection.rows(query["limit"] + 1, after)
    more, found = len(found) > query["limit"], found[: query["limit"]]
    following = cursors.write(bound, found[-1][-1], found[-1][-2], found[-1][0]) if more else None
    count, exact = total(selection, query.get("count"))
    return Page(written(found), following, count, exact)


def total(selection: Selection, how: str | None) -> tuple[int | None, bool]:
    """Return how many records a selection has, counted as asked for, and whether that is exact."""
    if how == "none":
        return None, False
    if how == "exact":
        return selection.count(None), True
    found = selection.count(COUNTED_EXACTLY)
    return min(found, COUNTED_EXACTLY), found <= COUNTED_EXACTLY


def select(kind: Kind, query: dict[str, Any], reader: Key) -> Selection:
    """Return the selection that a validated query describes; raises BadParameter for a search without words."""
    read = f"t.id, {columns(kind)}"
    conditions = Conditions()
    conditions.add(visible(kind, reader))
    if kind.ends and query.get("statement"):
        filters.about(conditions, kind.ends, query["statement"])
    if kind.name in ("speaker", "outlet") and query.get("q"):
        if not tokens.words(query["q"]):
            raise BadParameter([_wordless("q")])
        names.begins(conditions, kind.name, query["q"])
        return Selection(kind, f"{kind.name} t", [Phase(conditions, "t.cited", True)], f"{read}, t.cited")
    if kind.name != "statement":
        return Selection(kind, f"{kind.name} t", [Phase(conditions, "t.created_at", True)], read, joins(kind))
    _refuse_wordless(query)
    tables = "statement t"
    if query.get("q"):
        tables = f"statement_search s {storage.dialect.PINNED} statement t ON t.n = {words.number_at('s.rowid')}"
        expression, beside = _search(query, reader)
        conditions.add(storage.dialect.MATCHES, expression)
        conditions = conditions.and_also(beside)
    filters.apply(conditions, query, visible(kind, reader))
    return Selection(kind, tables, _phases(conditions, query), read, joins(kind))


def _search(query: dict[str, Any], reader: Key) -> tuple[str, Conditions]:
    parsed = parse(query["q"])
    return words.compiled(parsed, query.get("lang") or [words.ENGLISH], withheld=reader.may("read"))


def _refuse_wordless(query: dict[str, Any]) -> None:
    """Raise BadParameter for each parameter of words that holds none to look for."""
    problems = []
    if query.get("q"):
        try:
            parse(query["q"])
        except BadQuery as error:
            problems.append(_wordless("q", str(error)))
    for name in ("figure", "name"):
        if not all(map(tokens.words, query.get(name) or [])):
            problems.append(_wordless(name))
    if problems:
        raise BadParameter(problems)


def _wordless(name: str, detail: str = "There is no word in it.") -> dict[str, str]:
    return {"parameter": name, "code": "query", "detail": detail}


def _phases(conditions: Conditions, query: dict[str, Any]) -> list[Phase]:
    sort = query.get("sort") or ("relevance" if query.get("q") else "-said_on")
    if sort == "relevance":
        filters.said(conditions, query)
        return [Phase(conditions, RELEVANCE, False)]
    column, descending = f"t.{_COLUMNS[sort.lstrip('-')]}", sort.startswith("-")
    if column != "t.said_lower":
        filters.said(conditions, query)
        return [Phase(conditions, column, descending)]
    # Dates that begin in the period, then periods that began before it: two short walks along an index
    # instead of one that would have to look at everything older. Missing dates come last in either direction.
    parts = filters.said_in_parts(query)
    if query.get("since") and not descending:
        parts.reverse()
    return [Phase(conditions.and_also(part), column, descending) for part in parts]
