"""What becomes of the lines of an import: each by itself, counted, and told to whoever sent them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from schemas.refusals import COUNTED

# How many failures a report lists, and in how many bytes; the command line writes down every one.
MOST_ERRORS = 100
MOST_BYTES = 40_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a line: `created`, `updated`, `unchanged`, or `failed`, then with a status and the
    problems.

    Where its number is only a count, `at` are the number of the line that it stands in, and where (a JSON Pointer).
    """

    line: int
    result: str
    status: int = 201
    errors: tuple[dict[str, Any], ...] = ()
    at: tuple[int, str] | None = None

    def told(self) -> dict[str, Any]:
        """Return a failure as it is told."""
        place = {"line": self.line} if self.at is None else {"line": self.at[0], "pointer": self.at[1]}
        return {**place, "status": self.status, "errors": list(self.errors)}


@dataclass
class Counts:
    """How many lines came to what."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    failed: int = 0

    @property
    def received(self) -> int:
        """How many lines there were."""
        return self.created + self.updated + self.unchanged + self.failed

    def add(self, outcome: Outcome) -> None:
        """Count one line."""
        setattr(self, outcome.result, getattr(self, outcome.result) + 1)

    def counts(self) -> dict[str, int]:
        """Return the counts by their names."""
        return {name: getattr(self, name) for name in COUNTED}


@dataclass
class Report(Counts):
    """What became of all lines, counted; and of the failures the first, with their problems."""

    undone: int = 0
    # The last of the lines.
    line: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list)
    room: int = MOST_BYTES

    @property
    def received(self) -> int:
        """How many lines there were, those among them that were undone."""
        return super().received + self.undone

    def add(self, outcome: Outcome) -> None:
        """Count one line, and note its problems while there is room."""
        super().add(outcome)
        self.line = outcome.line
        if outcome.result == "failed" and not self.full:
            told = outcome.told()
            self.room -= len(orjson.dumps(told))
            if self.room > 0:
                self.errors.append(told)

    @property
    def full(self) -> bool:
        """Whether no more failures are told."""
        return len(self.errors) >= MOST_ERRORS or self.room <= 0

    @property
    def taken(self) -> int:
        """How many lines are or were held."""
        return self.created + self.updated + self.unchanged

    def undo(self) -> None:
        """Count what was taken as undone."""
        self.undone, self.created, self.updated, self.unchanged = self.taken, 0, 0, 0

    def state(self) -> bytes:
        """Return all of it, for `restored`."""
        return orjson.dumps(self)

    @classmethod
    def restored(cls, state: bytes) -> Report:
        """Return a report as it was."""
        return cls(**orjson.loads(state))

    def facts(self) -> dict[str, Any]:
        """Return the counts and failures by their names."""
        return {**self.counts(), "errors": self.errors, "errors_truncated": self.failed > len(self.errors)}
