"""Lists of records: which, in what order, and pages that go on from a key, never an offset."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from api.domain.core.errors import BadParameter
from api.domain.core.keys import Key
from api.domain.core.kinds import Kind
from api.domain.finding import filters, meanings
from api.domain.finding.selections import RELEVANCE, Phase, Selection
from api.domain.indexing import names, words
from api.domain.indexing.conditions import Conditions
from api.domain.reading import cursors
from api.domain.reading.splicing import columns, documents, joins
from api.domain.reading.stored import visible, without_secret
from api.storage import db as storage
from api.text import tokens
from api.text.queries import BadQuery, parse

COUNTED_EXACTLY = 10_000
# Makes the rows of a page into documents, one a line.
Written = Callable[[list[tuple[Any, ...]]], str]
_INDEX = "statement_search s"
# The sorts by their column; a minus in front turns the direction.
_COLUMNS = {"said_on": "said_lower", "created_at": "created_at"}


@dataclass(frozen=True, slots=True)
class Page:
    """Some documents in order, one a line, where the next ones begin, and how many match in all."""

    lines: str
    next: str | None
    total: int | None
    total_exact: bool


def page(kind: Kind, query: dict[str, Any], reader: Key) -> Page:
    """Return the page of records that a validated query asks for; raises BadParameter."""
    selection = select(kind, query, reader)
    return turn(selection, kind.name, query, written(kind, selection, reader), visible(kind, reader))


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


def turn(selection: Selection, name: str, query: dict[str, Any], written: Written, seen: str) -> Page:
    """Return the page of a selection that a query asks for; `written` makes its rows into JSON.

    The first column of a row is its id, by which ties are broken. The name is the list's, to which a cursor
    is bound. `seen` is the condition of the statements that the reader may know of.
    """
    bound = meanings.bound(name, query, seen) if query["cursor"] else ""
    after = selection.begin(query["cursor"], bound)
    # A page reads one row more than it sends, to know whether another page follows.
    found = selection.rows(query["limit"] + 1, after)
    more, found = len(found) > query["limit"], found[: query["limit"]]
    following = None
    if more:
        # Names are looked up for it, so only where it is needed.
        bound = bound or meanings.bound(name, query, seen)
        following = cursors.write(bound, found[-1][-1], found[-1][-2], found[-1][0])
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
    if kind.searched:
        return _searched(kind, query, reader)
    read = f"t.id, {columns(kind)}"
    conditions = Conditions()
    conditions.add(visible(kind, reader))
    if kind.party:
        conditions.add("t.merged_into IS NULL")
    if kind.ends and query.get("statement"):
        filters.about(conditions, kind.ends, query["statement"])
    if kind.party and query.get("q"):
        if not tokens.words(query["q"]):
            raise BadParameter([_wordless("q")])
        names.begins(conditions, kind.name, query["q"], public=not reader.may("read"))
        return Selection(kind, f"{kind.name} t", [Phase(conditions, "t.cited", True)], f"{read}, t.cited")
    return Selection(kind, f"{kind.name} t", [Phase(conditions, "t.created_at", True)], read, joins(kind))


def _searched(kind: Kind, query: dict[str, Any], reader: Key) -> Selection:
    _refuse_wordless(query)
    seen, conditions = visible(kind, reader), Conditions()
    tables, counted = f"{kind.name} t", None
    if query.get("q"):
        # The search index leaves out what the reader may not know of, so that nothing else has to.
        conditions = _search(query, reader)
        tables = f"{_INDEX} {storage.dialect.PINNED} {kind.name} t ON t.n = {words.number_at('s.rowid')}"
    else:
        conditions.add(seen)
    filters.apply(conditions, query, seen)
    if query.get("q"):
        whole = conditions.and_also(Conditions())
        filters.said(whole, query)
        counted = (_INDEX if len(whole.clauses) == 1 else tables, whole)
    phases = _phases(conditions, query)
    return Selection(kind, tables, phases, f"t.id, {columns(kind)}", joins(kind), counted=counted)


def _search(query: dict[str, Any], reader: Key) -> Conditions:
    """Return the condition of the search index, and what of the search is left to be asked of rows."""
    parsed, languages = parse(query["q"]), query.get("lang") or [words.ENGLISH]
    expression, beside = words.compiled(parsed, languages, withheld=reader.may("read"))
    conditions = Conditions()
    conditions.add(storage.dialect.MATCHES, expression)
    return conditions.and_also(beside)


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
