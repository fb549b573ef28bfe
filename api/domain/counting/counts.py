"""Counts of statements by who said them, where, what about and when."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from heapq import nsmallest
from typing import Any

import orjson

from api.domain.core.keys import Key
from api.domain.counting.periods import DIVISORS, series
from api.domain.evidence.statements import STATEMENT
from api.domain.finding.listing import select
from api.domain.finding.selections import Selection
from api.domain.indexing.conditions import Conditions
from api.domain.reading.stored import visible
from api.storage.db import rows


@dataclass(frozen=True, slots=True)
class Group:
    """How many statements share a key; the label is what people call it."""

    key: str
    label: str
    count: int


def count(query: dict[str, Any], reader: Key) -> dict[str, Any]:
    """Return the counts that a validated query asks for, largest first; periods in their order, none left out.

    `other` is what the groups hold that are not listed: those behind the first `limit`, and of a long series
    those outside its fullest stretch. `missing` are the statements that have no such key; a date coarser than the
    period is missing. The groups, `other` and `missing` make up `total`, but for topics, of which a statement
    may have several.
    """
    by = query["by"]
    selection = select(STATEMENT, {**query, "sort": None}, reader)
    found = _grouped(selection, by)
    if by in STATEMENT.names:
        found = _together(found, by)
    missing = found.pop(None, 0)
    seen = visible(STATEMENT, reader)
    shown, groups = _periods(found, by) if by in DIVISORS else _largest(found, by, query["limit"], seen)
    held = sum(found.values())
    return {
        "by": by,
        "groups": [{"key": each.key, "label": each.label, "count": each.count} for each in shown],
        "groups_total": groups,
        "other": held - sum(each.count for each in shown),
        "missing": missing,
        "total": held + missing if by != "topic" else selection.count(None),
    }


def _grouped(selection: Selection, by: str) -> Counter[Any]:
    found: Counter[Any] = Counter()
    for phase in selection.phases:
        found.update(dict(rows(_sql(selection.tables, phase.conditions, by), phase.conditions.parameters)))
    return found


def _together(found: Counter[Any], by: str) -> Counter[Any]:
    """Count what was merged with who stands for it."""
    standing = dict(rows(f"SELECT n, merged_into FROM {by} WHERE merged_into IS NOT NULL"))
    if not standing:
        return found
    together: Counter[Any] = Counter()
    for n, count in found.items():
        together[standing.get(n, n)] += count
    return together


def _sql(tables: str, conditions: Conditions, by: str) -> str:
    if by == "topic":
        joined = f"{tables} LEFT JOIN topic g ON g.statement = t.n"
        return f"SELECT g.folded, count(*) FROM {joined} WHERE {conditions} GROUP BY g.folded"
    key = f"t.{by}"
    if divisor := DIVISORS.get(by):
        begin, end = (f"t.said_{bound} / {divisor}" for bound in ("lower", "upper"))
        key = f"CASE WHEN t.said_lower > 0 AND {begin} = {end} THEN {begin} END"
    return f"SELECT {key}, count(*) FROM {tables} WHERE {conditions} GROUP BY 1"


def _periods(found: Counter[Any], by: str) -> tuple[list[Group], int]:
    shown, periods = series(found, by)
    return [Group(period, period, count) for period, count in shown], periods


def _largest(found: Counter[Any], by: str, limit: int, seen: str) -> tuple[list[Group], int]:
    """Return the groups that are listed, and how many there are; only those listed are worth their labels.

    `seen` is the condition of the statements that the reader may know of.
    """
    keys = nsmallest(limit, found, key=lambda key: (-found[key], key))
    known = _labels(keys, by, seen) if by in (*STATEMENT.names, "topic") else {}
    named = ((known.get(each, (each, each)), found[each]) for each in keys)
    return [Group(key, label, count) for (key, label), count in named], len(found)


def _labels(keys: list[Any], by: str, seen: str) -> dict[Any, tuple[str, str]]:
    """Return key and label, as they are sent, of speakers, outlets or topics."""
    known: dict[Any, tuple[str, str]] = {}
    for start in range(0, len(keys), 500):
        part = keys[start : start + 500]
        marks = ", ".join("?" * len(part))
        if by == "topic":
            spelled = f"SELECT g.folded, min(g.label) FROM topic g{_written_in(seen)} WHERE g.folded IN ({marks})"
            found = rows(f"{spelled} GROUP BY g.folded", part)
            known.update({folded: (folded, label) for folded, label in found})
        else:
            for n, reference in rows(f"SELECT n, reference FROM {by} WHERE n IN ({marks})", part):
                shown = orjson.loads(reference)
                known[n] = (shown["id"], shown["name"])
    return known


def _written_in(seen: str) -> str:
    """Return the join that leaves spellings of statements out which the reader may not know of."""
    return f" JOIN statement t ON t.n = g.statement AND {seen}" if seen else ""
