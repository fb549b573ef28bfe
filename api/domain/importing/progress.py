"""Checkpoints: how far the import of a file has come, noted in the transactions of its writes, so that it is stored."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields

from api.domain.core.ids import now
from api.domain.importing.outcomes import Counts, Outcome
from api.storage import seals
from api.storage.db import row


@dataclass
class Progress(Counts):
    """What became of all lines that are done, the last of them, and how many bytes of rejects were written."""

    line: int = 0
    rejected: int = 0

    def add(self, outcome: Outcome) -> None:
        """Count a line, which comes after those before."""
        super().add(outcome)
        self.line = outcome.line


_COLUMNS = ", ".join(field.name for field in fields(Progress))


def begun(file: str) -> tuple[Progress, bool]:
    """Return how far the import of a file has come, and whether it is finished."""
    found = row(f"SELECT {_COLUMNS}, finished FROM import_state WHERE file = ?", (file,))
    return (Progress(*found[:-1]), bool(found[-1])) if found else (Progress(), False)


def note(file: str, progress: Progress, *, finished: bool = False) -> None:
    """Store how far it has come, in the caller's transaction."""
    seals.put("import_state", {"file": file, **asdict(progress), "at": now(), "finished": int(finished)})


def forget(file: str) -> None:
    """Have the import of a file begin anew, in the caller's transaction."""
    seals.remove("import_state", "file = ?", (file,))
