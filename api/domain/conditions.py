"""SQL conditions gathered one by one, with their parameters."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


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
