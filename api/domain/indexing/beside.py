"""The tables beside records, whose rows are drawn from the records' documents: one declaration for each.

Writing removes rows by it, `reindex` makes them anew, `verify` compares them, and backups leave them out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from api.storage import db as storage
from api.storage import tables
from api.storage.db import execute, rows

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Beside:
    """A table beside one kind of record.

    `of` is the condition by which a row is one of the records with some `{numbers}`. `held` is SQL for the number of
    a row's record and what the row holds of it, in the order in which the documents give it. `lost` is the condition
    by which a row is nobody's.
    """

    table: str
    type: str
    of: str
    held: str
    lost: str


def _by_number(table: str, holds: str) -> Beside:
    return Beside(
        table,
        "statement",
        "statement IN ({numbers})",
        f"SELECT statement, {holds} FROM {table}",
        f"NOT EXISTS (SELECT 1 FROM statement r WHERE r.n = {table}.statement)",
    )


def _of_named(type: str) -> tuple[Beside, Beside]:
    other = f"type NOT IN ('speaker', 'outlet') OR type = '{type}' AND NOT EXISTS (SELECT 1 FROM {type} r WHERE"
    return (
        Beside(
            "name",
            type,
            f"type = '{type}' AND record IN (SELECT r.id FROM {type} r WHERE r.n IN ({{numbers}}))",
            f"SELECT (SELECT r.n FROM {type} r WHERE r.id = name.record), folded, hidden FROM name",
            f"{other} r.id = name.record)",
        ),
        Beside(
            "name_word",
            type,
            f"type = '{type}' AND n IN ({{numbers}})",
            "SELECT n, word, stem, hidden FROM name_word",
            f"{other} r.n = name_word.n)",
        ),
    )


# Rows that others point to come after those.
BESIDE = (
    _by_number("statement_url", "url, host"),
    _by_number("mention", "record"),
    _by_number("topic", "folded, label"),
    Beside(
        "figure_word",
        "statement",
        "figure IN (SELECT f.n FROM figure f WHERE f.statement IN ({numbers}))",
        "SELECT (SELECT f.statement FROM figure f WHERE f.n = figure), "
        "(SELECT f.id FROM figure f WHERE f.n = figure), word FROM figure_word",
        "NOT EXISTS (SELECT 1 FROM figure r WHERE r.n = figure_word.figure)",
    ),
    _by_number("figure", "id, lower, upper, said_lower, document"),
    *_of_named("speaker"),
    *_of_named("outlet"),
)
TABLES = tuple(dict.fromkeys(each.table for each in BESIDE))


def of(type: str) -> list[Beside]:
    """Return the tables beside a kind of record."""
    return [each for each in BESIDE if each.type == type]


def forget(type: str, numbers: Sequence[int]) -> None:
    """Remove all rows beside the records with these numbers."""
    for start in range(0, len(numbers), _AT_ONCE):
        some = numbers[start : start + _AT_ONCE]
        for each in of(type):
            execute(f"DELETE FROM {each.table} WHERE {each.of.format(numbers=_marks(some))}", some)


def held(each: Beside, numbers: Sequence[int]) -> list[tuple[Any, ...]]:
    """Return what a table holds of the records with these numbers, each row after the number of its record."""
    sql = f"{each.held} WHERE {each.of.format(numbers=_marks(numbers))}"
    return rows(sql, numbers) if numbers else []


def strays() -> list[tuple[str, tuple[str, ...], str]]:
    """Return every table beside, the columns of its key, and the condition by which a row of it is nobody's."""
    found = {each.table: each.lost for each in BESIDE}
    for each in BESIDE:
        if each.lost not in found[each.table]:
            found[each.table] += f" OR {each.lost}"
    keys = {table: tuple(tables.key(table)) for table in found}
    words = [("statement_search", ("rowid",), storage.dialect.LOST_WORDS)] if storage.dialect.LOST_WORDS else []
    return [*((table, keys[table], lost) for table, lost in found.items()), *words]


def _marks(numbers: Sequence[int]) -> str:
    return ", ".join("?" * len(numbers))
