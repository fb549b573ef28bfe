"""Lists of records: filters as SQL conditions, the order, and pages that go on from a key, never an offset."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from api.domain import cursors, names
from api.domain.keys import Key
from api.domain.kinds import Kind
from api.domain.reading import bodies, select, visible
from api.storage.db import row, rows

COUNTED_EXACTLY = 10_000


@dataclass(frozen=True, slots=True)
class Page:
    """Some documents in order, where the next ones begin, and how many match in all."""

    items: list[str]
    next: str | None
    total: int
    total_exact: bool


@dataclass
class Conditions:
    """SQL conditions with their parameters, all of which must hold."""

    clauses: list[str] = field(default_factory=list)
    parameters: list[Any] = field(default_factory=list)

    def add(self, clause: str, *parameters: Any) -> None:
        """Require one more condition; an empty one requires nothing."""
        if clause:
            self.clauses.append(clause)
            self.parameters.extend(parameters)

    def among(self, column: str, values: list[Any]) -> None:
        """Require a column to be one of the values; none of them leaves nothing to find."""
        self.add(f"{column} IN ({', '.join('?' * len(values))})" if values else "1 = 0", *values)

    def __str__(self) -> str:
        return " AND ".join(self.clauses) or "1 = 1"


def page(kind: Kind, query: dict[str, Any], reader: Key) -> Page:
    """Return the page of records that a validated query asks for, newest first; raises BadParameter."""
    order = "said_lower" if kind.name == "statement" else "created_at"
    conditions = Conditions()
    conditions.add(visible(kind, reader))
    _filter(conditions, query)
    total = _total(kind, conditions)
    filters = {name: value for name, value in query.items() if name not in ("cursor", "limit")}
    bound = cursors.binding(kind.name, filters)
    if query["cursor"] is not None:
        last = cursors.read(query["cursor"], bound, kind.prefix, timed=order == "created_at")
        conditions.add(f"(t.{order}, t.id) < (?, ?)", *last)
    # A page reads one row more than it sends, to know whether another page follows.
    found = rows(
        f"{select(kind).replace(' FROM', f', t.{order} FROM', 1)} WHERE {conditions} "
        f"ORDER BY t.{order} DESC, t.id DESC LIMIT ?",
        (*conditions.parameters, query["limit"] + 1),
    )
    more, found = len(found) > query["limit"], found[: query["limit"]]
    following = cursors.write(bound, found[-1][-1], found[-1][0]) if more else None
    items = bodies(kind, [each[:-1] for each in found], reader)
    return Page(items, following, min(total, COUNTED_EXACTLY), total <= COUNTED_EXACTLY)


def _filter(conditions: Conditions, query: dict[str, Any]) -> None:
    if query.get("kind"):
        conditions.among("t.kind", query["kind"])
    for type in ("speaker", "outlet"):
        if query.get(type):
            conditions.among(f"t.{type}", _numbers(type, query[type]))
    # Two periods overlap when each begins before the other ends; 0 stands for no date.
    if query.get("since"):
        conditions.add("t.said_upper >= ?", query["since"][0])
    if query.get("until"):
        conditions.add("t.said_lower BETWEEN 1 AND ?", query["until"][1])


def _numbers(type: str, values: list[list[str]]) -> list[int]:
    """Return the rows that values name; each value is tried whole first, then as its parts."""
    return sorted({n for whole, *parts in values for n in names.numbers(type, [whole]) or names.numbers(type, parts)})


def _total(kind: Kind, conditions: Conditions) -> int:
    # Counting stops past the limit: a million matches cost no more than ten thousand.
    found = row(
        f"SELECT count(*) FROM (SELECT 1 FROM {kind.name} t WHERE {conditions} LIMIT ?) AS matching",
        (*conditions.parameters, COUNTED_EXACTLY + 1),
    )
    return int(found[0]) if found else 0
