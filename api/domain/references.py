"""Turning what a document calls others into their ids: found by id or name, or made when missing."""

from __future__ import annotations

from typing import Any

from api.domain import log, names, records
from api.domain.errors import Invalid
from api.domain.kinds import Document, Kind
from api.domain.outlets import OUTLET
from api.domain.speakers import SPEAKER
from api.storage.db import row


class Resolution:
    """The references of one document, resolved one by one; `finish` raises all their problems at once."""

    def __init__(self, by: str) -> None:
        self.by = by
        self.problems: list[dict[str, Any]] = []

    def speaker(self, given: Document | None, pointer: str) -> Document | None:
        """Return `{"id": …}` for a reference to a speaker, None for none."""
        return given and self._resolve(SPEAKER, given, pointer)

    def outlet(self, given: Document | None, pointer: str) -> Document | None:
        """Return `{"id": …}` for a reference to an outlet, None for none."""
        return given and self._resolve(OUTLET, given, pointer)

    def source(self, given: Document | None, pointer: str) -> Document | None:
        """Return `{"id": …}` for a reference to a source, which is always by id."""
        return given and self._known("source", given["id"], pointer)

    def finish(self) -> None:
        """Raise Invalid with every problem met on the way."""
        if self.problems:
            raise Invalid(self.problems)

    def _resolve(self, kind: Kind, given: Document, pointer: str) -> Document | None:
        if "id" in given:
            return self._known(kind.name, given["id"], pointer)
        found = names.bearers(kind.name, given["name"])
        if "type" in given and found:
            of_type = [each for each in names.candidates(kind.name, found) if each["type"] == given["type"]]
            found = [each["id"] for each in of_type]
        if len(found) > 1:
            self._ambiguous(kind, given["name"], found, pointer)
            return None
        if found:
            return {"id": found[0]}
        return {"id": records.store(kind, kind.takes.load(given), by=self.by)}

    def _known(self, type: str, id: str, pointer: str) -> Document | None:
        if row(f"SELECT 1 FROM {type} WHERE id = ?", (id,)):
            return {"id": id}
        state = "has been withdrawn" if log.of_record(id, limit=1) else "does not exist"
        self.problems.append({"pointer": pointer, "code": "reference", "detail": f"The {type} {id} {state}."})
        return None

    def _ambiguous(self, kind: Kind, name: str, found: list[str], pointer: str) -> None:
        detail = f"{len(found)} {kind.plural} are called {name[:80]!r}; say which one by its id."
        choice = names.candidates(kind.name, found[:20])
        self.problems.append({"pointer": pointer, "code": "ambiguous", "detail": detail, "candidates": choice})
