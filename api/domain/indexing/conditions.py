"""A small query builder: SQL conditions gathered one by one, with their parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from api.storage.db import BEGINNING, beginning


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

    def and_also(self, other: Conditions) -> Conditions:
        """Return these conditions and others."""
        return Conditions([*self.clauses, *other.clauses], [*self.parameters, *other.parameters])

    def __str__(self) -> str:
        return " AND ".join(self.clauses) or "1 = 1"


def marks(values: Sequence[object]) -> str:
    """Return a placeholder for each value."""
    return ", ".join("?" * len(values))


def inline(rows: Sequence[Sequence[object]]) -> str:
    """Return the SQL of a table of these values, `column1` and so on: however many they are, a query joins one."""
    return f"(VALUES {', '.join(f'({marks(row)})' for row in rows)})"


def holds(column: str, values: Sequence[str]) -> tuple[str, list[str]]:
    """Return the condition that a column of long texts holds one of these, and its parameters.

    Its index has their beginnings only, so these are looked for, and the whole is compared.
    """
    begun = list(dict.fromkeys(value[:BEGINNING] for value in values))
    return f"{beginning(column)} IN ({marks(begun)}) AND {column} IN ({marks(values)})", [*begun, *values]
