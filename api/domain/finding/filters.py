"""Filters of statements as SQL conditions; one table says what each parameter asks of a row `t`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from api.domain.indexing import names
from api.domain.indexing.conditions import Conditions, holds, inline
from api.storage.db import row
from api.text import tokens
from api.text.addresses import canonical, reach
from api.text.folding import fold

Clause = tuple[str, list[Any]]
# Takes the values asked for, and the condition of the statements that the reader may see, empty for all.
Asked = Callable[[list[Any], str], Clause]


def _among(column: str) -> Asked:
    def clause(values: list[Any], visible: str) -> Clause:
        return f"{column} IN ({_marks(values)})" if values else "1 = 0", values

    return clause


def _inside(table: str, column: str, read: Callable[[str], str]) -> Asked:
    def clause(values: list[str], visible: str) -> Clause:
        held, parameters = holds(f"f.{column}", [read(value) for value in values])
        return f"t.n IN (SELECT f.statement FROM {table} f WHERE {held})", parameters

    return clause


def _on(values: list[str], visible: str) -> Clause:
    between = " OR ".join(["f.host >= ? AND f.host < ?"] * len(values))
    parameters = [key for value in values for key in reach(value)]
    return f"t.n IN (SELECT f.statement FROM statement_url f WHERE {between})", parameters


def _named(type: str) -> Asked:
    def clause(values: list[list[str]], visible: str) -> Clause:
        # A value with a comma is tried whole first, then as its parts.
        found: set[int] = set()
        for whole, *parts in values:
            public = bool(visible)
            found.update(names.numbers(type, [whole], public=public) or names.numbers(type, parts, public=public))
        return _among(f"t.{type}")(sorted(found), visible)

    return clause


def _language(values: list[str], visible: str) -> Clause:
    # `en` takes `en-US` too; a hyphen's successor is the full stop (RFC 4647, section 3.3.1).
    each = "(t.lang = ? OR (t.lang >= ? AND t.lang < ?))"
    parameters = [bound for value in values for bound in (value.lower(), f"{value.lower()}-", f"{value.lower()}.")]
    return f"({' OR '.join([each] * len(values))})", parameters


def _topics(values: list[list[str]], visible: str) -> Clause:
    # A topic of statements that the reader may not know of does not decide how others are looked for.
    seen = f"AND {visible}" if visible else ""
    held = f"SELECT 1 FROM topic f JOIN statement t ON t.n = f.statement WHERE f.folded = ? {seen} LIMIT 1"
    wanted = []
    for whole, *parts in values:
        known = not parts or row(held, (fold(whole),))
        wanted += [fold(whole)] if known else [fold(part) for part in parts]
    return f"EXISTS (SELECT 1 FROM topic f WHERE f.statement = t.n AND f.folded IN ({_marks(wanted)}))", wanted


def _marks(values: list[Any]) -> str:
    return ", ".join("?" * len(values))


IS: dict[str, Asked] = {
    "id": _among("t.id"),
    "kind": _among("t.kind"),
    "form": _among("t.form"),
    "lang": _language,
    "speaker": _named("speaker"),
    "outlet": _named("outlet"),
    "topic": _topics,
    "status": _among("t.status"),
    "terms": _among("t.terms"),
    "medium": _among("t.medium"),
    "url": _inside("statement_url", "url", canonical),
    "domain": _on,
    "external_id": _among("t.external_id"),
}
_ALWAYS = "1 = 1"
EXISTS = {
    **dict.fromkeys(("id", "kind", "form", "lang", "outlet", "status", "terms"), _ALWAYS),
    "speaker": "t.speaker IS NOT NULL",
    "medium": "t.medium IS NOT NULL",
    "external_id": "t.external_id IS NOT NULL",
    "topic": "EXISTS (SELECT 1 FROM topic f WHERE f.statement = t.n)",
    **dict.fromkeys(("url", "domain"), "EXISTS (SELECT 1 FROM statement_url f WHERE f.statement = t.n)"),
    "said_on": "t.said_lower > 0",
    "figure": "EXISTS (SELECT 1 FROM figure f WHERE f.statement = t.n)",
}
# The same by the names that a query has for them.
_NOT = {f"{name}_not": clause for name, clause in IS.items()}
_EXISTS = {f"{name}_exists": text for name, text in EXISTS.items()}
_REVIEWED = "EXISTS (SELECT 1 FROM review r WHERE r.statement = t.id)"
# The others must be known to the reader: who may not know of a statement learns nothing of what it is related to.
_OTHERS = "SELECT t.id FROM statement t WHERE t.id IN ({marks}) AND {visible}"
_RELATED = (
    f"(EXISTS (SELECT 1 FROM relation r WHERE r.subject = t.id AND r.object IN ({_OTHERS}))"
    f" OR EXISTS (SELECT 1 FROM relation r WHERE r.object = t.id AND r.subject IN ({_OTHERS})))"
)


def apply(conditions: Conditions, query: dict[str, Any], visible: str) -> None:
    """Add what a validated query asks of statements; `visible` is the condition of those that the reader may see."""
    for name, values in query.items():
        if values is None:
            continue
        if clause := IS.get(name):
            text, parameters = clause(values, visible)
            conditions.add(text, *parameters)
        elif clause := _NOT.get(name):
            text, parameters = clause(values, visible)
            # What lacks the field is kept: its condition is unknown, which is not true.
            conditions.add(f"({text}) IS NOT TRUE", *parameters)
        elif text := _EXISTS.get(name, ""):
            _presence(conditions, text, values)
    _presence(conditions, _REVIEWED, query.get("reviewed"))
    if query.get("related_to"):
        marks = _marks(query["related_to"])
        related = _RELATED.format(marks=marks, visible=visible or _ALWAYS)
        conditions.add(related, *query["related_to"], *query["related_to"])
    _printed_and_recorded(conditions, query)
    figure(conditions, query)


def about(conditions: Conditions, ends: tuple[str, ...], ids: list[str]) -> None:
    """Require that one of the columns `ends` holds the id of one of these statements."""
    clause = " OR ".join(f"t.{end} IN ({_marks(ids)})" for end in ends)
    conditions.add(f"({clause})", *ids * len(ends))


def _presence(conditions: Conditions, text: str, wanted: bool | None) -> None:
    if wanted is not None:
        conditions.add(text if wanted else f"NOT ({text})")


def _printed_and_recorded(conditions: Conditions, query: dict[str, Any]) -> None:
    _overlap(conditions, "published", query.get("published_from"), query.get("published_to"))
    if query.get("recorded_from"):
        conditions.add("t.created_at >= ?", query["recorded_from"])
    if query.get("recorded_to"):
        conditions.add("t.created_at <= ?", query["recorded_to"])


def said(conditions: Conditions, query: dict[str, Any]) -> None:
    """Require that the date of speaking overlaps the period asked for."""
    _overlap(conditions, "said", query.get("since"), query.get("until"))


def _overlap(conditions: Conditions, date: str, since: tuple[int, int] | None, until: tuple[int, int] | None) -> None:
    # Two periods overlap when each begins before the other ends; 0 stands for no date.
    if since:
        conditions.add(f"t.{date}_upper >= ?", since[0])
    if until:
        conditions.add(f"t.{date}_lower BETWEEN 1 AND ?", until[1])


def said_in_parts(query: dict[str, Any]) -> list[Conditions]:
    """Return the same as `said` in parts without overlap, newest first: each a range of `said_lower`."""
    since, until = query.get("since"), query.get("until")
    if since:
        begun, before = Conditions(), Conditions()
        begun.add("t.said_lower BETWEEN ? AND ?", since[0], until[1] if until else 99991231)
        before.add("t.said_lower BETWEEN 1 AND ?", since[0] - 1)
        before.add("t.said_upper > t.said_lower")
        before.add("t.said_upper >= ?", since[0])
        return [begun, before]
    if until:
        begun = Conditions()
        begun.add("t.said_lower BETWEEN 1 AND ?", until[1])
        return [begun]
    dated, undated = Conditions(), Conditions()
    dated.add("t.said_lower > 0")
    undated.add("t.said_lower = 0")
    return [dated, undated]


def figure(conditions: Conditions, query: dict[str, Any]) -> None:
    """Require one figure of the statement that has all the words asked for and overlaps the range."""
    inner = Conditions()
    figure_named(inner, query.get("figure") or [])
    figure_range(inner, query)
    if inner.clauses:
        held = f"SELECT 1 FROM figure f WHERE f.statement = t.n AND {inner}"
        conditions.add(f"EXISTS ({held})", *inner.parameters)


def figure_range(conditions: Conditions, query: dict[str, Any]) -> None:
    """Require that what a figure says overlaps the range asked for."""
    if query.get("figure_gte") is not None:
        conditions.add("(f.upper IS NULL OR f.upper >= ?)", query["figure_gte"])
    if query.get("figure_lte") is not None:
        conditions.add("(f.lower IS NULL OR f.lower <= ?)", query["figure_lte"])


def figure_named(conditions: Conditions, texts: list[str]) -> None:
    """Require all words of any of the texts among those of the figure's name, by their stems."""
    said = [[token.word for token in tokens.sought(text)] for text in texts]
    each = {tuple(sorted({*tokens.stems(words, "en")})) for words in said}
    # Counted instead of asked for one by one: for the planner of PostgreSQL each word would be one more table.
    wanted = [(text, len(stems), stem) for text, stems in enumerate(sorted(each)) for stem in stems]
    if wanted:
        named = (
            f"SELECT w.figure FROM {inline(wanted)} AS wanted CROSS JOIN figure_word w WHERE w.word = wanted.column3 "
            "GROUP BY wanted.column1, wanted.column2, w.figure HAVING count(*) = wanted.column2"
        )
        conditions.add(f"f.n IN ({named})", *[part for each in wanted for part in each])
