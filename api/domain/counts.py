"""Counts of statements by who said them, where, what about and when."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import orjson

from api.domain.conditions import Conditions
from api.domain.keys import Key
from api.domain.listing import select
from api.domain.selections import Selection
from api.domain.statements import STATEMENT
from api.storage.db import rows

# How many of the digits of a day such as 20220323 a period's number lacks.
_DIVISORS = {"year": 10_000, "month": 100, "day": 1}
_NAMED = ("speaker", "outlet")


@dataclass(frozen=True, slots=True)
class Group:
    """How many statements share a key; the label is what people call it."""

    key: str
    label: str
    count: int


def count(query: dict[str, Any], reader: Key) -> dict[str, Any]:
    """Return the counts that a validated query asks for, largest first; periods in their order, none left out.

    `other` is what the groups behind the first `limit` hold, `missing` the statements that have no such key;
    a date coarser than the period is missing. The groups, `other` and `missing` make up `total`, but for
    topics, of which a statement may have several.
    """
    by = query["by"]
    selection = select(STATEMENT, {**query, "sort": None}, reader)
    found = _grouped(selection, by)
    if by in _NAMED:
        found = _together(found, by)
    missing = found.pop(None, 0)
    keys = _periods(found, by) if by in _DIVISORS else _ranked(found)
    shown = _groups({key: found[key] for key in keys[: query["limit"]]}, by)
    total = sum(found.values()) + missing if by != "topic" else selection.count(None)
    return {
        "by": by,
        "groups": [{"key": each.key, "label": each.label, "count": each.count} for each in shown],
        "groups_total": len(keys),
        "other": sum(found[key] for key in keys[query["limit"] :]),
        "missing": missing,
        "total": total,
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
    if divisor := _DIVISORS.get(by):
        begin, end = (f"t.said_{bound} / {divisor}" for bound in ("lower", "upper"))
        key = f"CASE WHEN t.said_lower > 0 AND {begin} = {end} THEN {begin} END"
    return f"SELECT {key}, count(*) FROM {tables} WHERE {conditions} GROUP BY 1"


def _ranked(found: Counter[Any]) -> list[Any]:
    return sorted(found, key=lambda key: (-found[key], key))


def _periods(found: Counter[Any], by: str) -> list[int]:
    return _every(min(found), max(found), by) if found else []


def _groups(shown: dict[Any, int], by: str) -> list[Group]:
    """Return the groups that are listed, from their counts by key; only these are worth their labels."""
    if by in _DIVISORS:
        return [Group(key := _written(each, by), key, count) for each, count in shown.items()]
    if by in (*_NAMED, "topic"):
        known = _labels(list(shown), by)
        return [Group(*known[key], count) for key, count in shown.items()]
    return [Group(key, key, count) for key, count in shown.items()]


def _every(first: int, last: int, by: str) -> list[int]:
    """Return the numbers of all periods from first to last: 2022, 202203 or 20220323."""
    if by == "year":
        return list(range(first, last + 1))
    if by == "month":
        months = range(first // 100 * 12 + first % 100 - 1, last // 100 * 12 + last % 100)
        return [month // 12 * 100 + month % 12 + 1 for month in months]
    begin, end = _day(first), _day(last)
    days = (begin + timedelta(step) for step in range((end - begin).days + 1))
    return [day.year * 10_000 + day.month * 100 + day.day for day in days]


def _day(number: int) -> date:
    return date(number // 10_000, number // 100 % 100, number % 100)


def _written(number: int, by: str) -> str:
    digits = f"{number:0{ {'year': 4, 'month': 6, 'day': 8}[by] }d}"
    return "-".join(part for part in (digits[:4], digits[4:6], digits[6:]) if part)


def _labels(keys: list[Any], by: str) -> dict[Any, tuple[str, str]]:
    """Return key and label, as they are sent, of speakers, outlets or topics."""
    known: dict[Any, tuple[str, str]] = {}
    for start in range(0, len(keys), 500):
        part = keys[start : start + 500]
        marks = ", ".join("?" * len(part))
        if by == "topic":
            found = rows(f"SELECT folded, min(label) FROM topic WHERE folded IN ({marks}) GROUP BY folded", part)
            known.update({folded: (folded, label) for folded, label in found})
        else:
            for n, reference in rows(f"SELECT n, reference FROM {by} WHERE n IN ({marks})", part):
                shown = orjson.loads(reference)
                known[n] = (shown["id"], shown["name"])
    return known
