"""Turning what a document calls others into their ids: found by id or name, or made when missing."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from api.domain import log, names, records, survivors
from api.domain.errors import Invalid
from api.domain.kinds import Document, Kind
from api.domain.outlets import OUTLET
from api.domain.speakers import SPEAKER
from api.storage.db import row


class Resolution:
    """The references of one document, resolved one by one; `finish` raises all their problems at once.

    What the `previous` version of the document names already may be named again, even where it has been withdrawn
    since: a change of something else must not be refused for it.
    """

    def __init__(self, by: str, previous: Document | None) -> None:
        self.by = by
        self.previous = previous
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

    def statement(self, given: Document, pointer: str) -> Document | None:
        """Return `{"id": …}` for a reference to a statement, which is always by id."""
        return self._known("statement", given["id"], pointer)

    def finish(self) -> None:
        """Raise Invalid with every problem met on the way."""
        if self.problems:
            raise Invalid(self.problems)

    def _resolve(self, kind: Kind, given: Document, pointer: str) -> Document | None:
        if "id" in given:
            standing = survivors.survivor(kind.name, given["id"])
            if standing is None:
                return self._known(kind.name, given["id"], pointer)
            return {"id": self._kept(kind.name, standing, pointer)}
        found = names.bearers(kind.name, given["name"])
        if "type" in given and found:
            of_type = [each for each in names.candidates(kind.name, found) if each["type"] == given["type"]]
            found = [each["id"] for each in of_type]
        if len(found) > 1:
            self._ambiguous(kind, given["name"], found, pointer)
            return None
        if found:
            return {"id": self._kept(kind.name, found[0], pointer)}
        return {"id": records.store(kind, kind.takes.load(given), by=self.by)}

    def _kept(self, type: str, standing: str, pointer: str) -> str:
        """Return the id to store for one who stands for others: what the previous version has in this very place,
        where that is the same by now, so that a change of something else leaves it to whom it belongs.
        """
        before = _at(self.previous, pointer)
        if before is None or before == standing:
            return standing
        return before if survivors.survivor(type, before) == standing else standing

    def _known(self, type: str, id: str, pointer: str) -> Document | None:
        if row(f"SELECT 1 FROM {type} WHERE id = ?", (id,)) or id in self._named_before:
            return {"id": id}
        state = "has been withdrawn" if log.of_record(id, limit=1) else "does not exist"
        self.problems.append({"pointer": pointer, "code": "reference", "detail": f"The {type} {id} {state}."})
        return None

    @cached_property
    def _named_before(self) -> set[str]:
        return set(_references(self.previous))

    def _ambiguous(self, kind: Kind, name: str, found: list[str], pointer: str) -> None:
        detail = f"{len(found)} {kind.plural} are called {name[:80]!r}; say which one by its id."
        choice = names.candidates(kind.name, found[:20])
        self.problems.append({"pointer": pointer, "code": "ambiguous", "detail": detail, "candidates": choice})


def _at(document: Document | None, pointer: str) -> str | None:
    """Return the id of the reference at a place in a stored document, None where there is none."""
    value: Any = document
    for step in pointer.removeprefix("#/").split("/"):
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value["id"] if isinstance(value, dict) else None


def _references(value: object) -> Iterator[str]:
    """Give the id of every reference in a stored document: of each object that holds an id and nothing else."""
    if isinstance(value, dict):
        if value.keys() == {"id"}:
            yield value["id"]
        for below in value.values():
            yield from _references(below)
    if isinstance(value, list):
        for below in value:
            yield from _references(below)
