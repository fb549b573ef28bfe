"""Entity resolution: what a document calls others turned into their ids, found by id or name, or made when missing."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from api.domain.core.errors import Invalid
from api.domain.core.kinds import Document, Kind
from api.domain.drafting.worlds import World
from api.domain.history import log
from api.domain.parties.outlets import OUTLET
from api.domain.parties.speakers import SPEAKER
from api.storage.db import row


class Resolution:
    """The references of one document, resolved one by one; `finish` raises all their problems at once.

    What the `previous` version of the document names already may be named again, even where it has been withdrawn
    since: a change of something else must not be refused for it. `described` holds what is told of speakers and
    outlets besides their ids, by these, for those that were never held here.
    """

    def __init__(
        self, world: World, previous: Document | None = None, described: dict[str, Document] | None = None
    ) -> None:
        self.world = world
        self.previous = previous
        self.problems: list[dict[str, Any]] = []
        self.described = described or {}
        self._missing: list[tuple[Kind, Document, str, Document]] = []

    def speaker(self, given: Document | None, pointer: str) -> Document | None:
        """Return `{"id": …}` for a reference to a speaker, None for none."""
        return given and self._resolve(SPEAKER, given, pointer)

    def outlet(self, given: Document | None, pointer: str) -> Document | None:
        """Return `{"id": …}` for a reference to an outlet, None for none."""
        return given and self._resolve(OUTLET, given, pointer)

    def held(self, type: str, given: Document | None, pointer: str) -> Document | None:
        """Return `{"id": …}` for a reference to a record of a kind that is always named by its id, None for none."""
        return given and self._known(type, given["id"], pointer)

    def finish(self) -> None:
        """Make the records that are missing, or raise Invalid with every problem met on the way."""
        if not self.problems and self._missing:
            self._make()
        if self.problems:
            raise Invalid(self.problems)

    def _make(self) -> None:
        """Make what is missing: one may be called by a name or alias of one that was made before it.

        Those that are described come before those that are only named.
        """
        for kind, given, pointer, reference in sorted(self._missing, key=_described_first):
            found = self._bearer(kind, given, pointer)
            if not found and not self.problems:
                found = self.world.make(kind, given)
            reference["id"] = found

    def _resolve(self, kind: Kind, given: Document, pointer: str) -> Document | None:
        if "id" in given:
            if standing := self.world.standing(kind.name, given["id"]):
                return {"id": self._kept(kind.name, standing, pointer)}
            if given["id"] not in self.described or self.world.was_held(given["id"]):
                return self._known(kind.name, given["id"], pointer)
            given = self.described[given["id"]]
        before = len(self.problems)
        if found := self._bearer(kind, given, pointer):
            return {"id": self._kept(kind.name, found, pointer)}
        if len(self.problems) > before:
            return None
        # Made when all else has been looked at, so that what is refused leaves nothing behind.
        reference: Document = {}
        self._missing.append((kind, given, pointer, reference))
        return reference

    def _bearer(self, kind: Kind, given: Document, pointer: str) -> str | None:
        """Return the id of the one who is called so; None where there is none, or several, which is a problem."""
        found = self.world.bearers(kind, given)
        if len(found) > 1:
            self._ambiguous(kind, given["name"], found, pointer)
            return None
        return found[0] if found else None

    def _kept(self, type: str, standing: str, pointer: str) -> str:
        """Return the id to store for one who stands for others: what the previous version has in this very place,
        where that is the same by now, so that a change of something else leaves it to whom it belongs.
        """
        before = _at(self.previous, pointer)
        if before is None or before == standing:
            return standing
        return before if self.world.standing(type, before) == standing else standing

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
        choice = self.world.candidates(kind, found[:20])
        self.problems.append({"pointer": pointer, "code": "ambiguous", "detail": detail, "candidates": choice})


def _described_first(missing: tuple[Kind, Document, str, Document]) -> tuple[bool, bool]:
    _, given, _, _ = missing
    return "type" not in given, not given.get("aliases")


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
