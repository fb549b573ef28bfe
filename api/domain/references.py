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
from api.storage.db import row, writing
from api.text.folding import fold


class Known:
    """Who is known by now in one transaction, so that many documents ask for each speaker and outlet once.

    Those that are described with their ids are made under these where that is allowed by `keeping`.
    """

    def __init__(self, *, keeping: bool = False) -> None:
        self.keeping = keeping
        self._standing: dict[_Key, str] = {}
        # What was found by each name, to be forgotten when another comes to bear it.
        self._named: dict[tuple[str, str], list[_Key]] = {}

    def standing(self, kind: Kind, given: Document) -> str | None:
        """Return the id of who stands for one that is referred to, where that is known or named by its id."""
        key = _key(kind, given)
        if key not in self._standing and "id" in given:
            found = survivors.survivor(kind.name, given["id"])
            if found is not None:
                self._standing[key] = found
        return self._standing.get(key)

    def remember(self, kind: Kind, given: Document, id: str) -> None:
        """Note who was found by a name."""
        key = _key(kind, given)
        self._standing[key] = id
        self._named.setdefault((kind.name, fold(given["name"])), []).append(key)

    def forget(self) -> None:
        """Forget all, as some of it was undone."""
        self._standing.clear()
        self._named.clear()

    def make(self, kind: Kind, given: Document, by: str) -> str:
        """Make one that is missing, and return its id."""
        fields = kind.takes.load({part: value for part, value in given.items() if part != "id"})
        document = records.drafted(kind, fields, Resolution(by, None), id=given.get("id") if self.keeping else None)
        records.keep(kind, [document])
        id = str(document["id"])
        for name in (fields["name"], *fields["aliases"]):
            for key in self._named.pop((kind.name, fold(name)), ()):
                self._standing.pop(key, None)
        self.remember(kind, given, id)
        return id


_Key = tuple[str, ...]


def _key(kind: Kind, given: Document) -> _Key:
    if "id" in given:
        return kind.name, given["id"]
    return kind.name, fold(given["name"]), given.get("type") or "", "named"


class Resolution:
    """The references of one document, resolved one by one; `finish` raises all their problems at once.

    What the `previous` version of the document names already may be named again, even where it has been withdrawn
    since: a change of something else must not be refused for it. `described` holds what is told of speakers and
    outlets besides their ids, by these, for those that were never held here.
    """

    def __init__(
        self,
        by: str,
        previous: Document | None,
        known: Known | None = None,
        described: dict[str, Document] | None = None,
    ) -> None:
        self.by = by
        self.previous = previous
        self.problems: list[dict[str, Any]] = []
        self.known = known or Known()
        self.described = described or {}
        self._missing: list[tuple[Kind, Document, str, Document]] = []

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
        """Make the records that are missing, or raise Invalid with every problem met on the way."""
        if not self.problems and self._missing:
            self._make()
        self._refuse()

    def _make(self) -> None:
        """Make what is missing: one may be called by a name or alias of one that was made before it.

        Those that are described come before those that are only named.
        """
        ordered = sorted(self._missing, key=lambda each: ("type" not in each[1], not each[1].get("aliases")))
        try:
            with writing():
                for kind, given, pointer, reference in ordered:
                    found = self._bearer(kind, given, pointer)
                    reference["id"] = found or self.known.make(kind, given, self.by)
                self._refuse()
        except Exception:
            self.known.forget()
            raise

    def _refuse(self) -> None:
        if self.problems:
            raise Invalid(self.problems)

    def _resolve(self, kind: Kind, given: Document, pointer: str) -> Document | None:
        standing = self.known.standing(kind, given)
        if standing is not None:
            return {"id": self._kept(kind.name, standing, pointer)}
        if "id" in given:
            if given["id"] not in self.described or log.of_record(given["id"], limit=1):
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
        found = names.bearers(kind.name, given["name"])
        if "type" in given and found:
            of_type = [each for each in names.candidates(kind.name, found) if each["type"] == given["type"]]
            found = [each["id"] for each in of_type]
        if len(found) > 1:
            self._ambiguous(kind, given["name"], found, pointer)
            return None
        if found:
            self.known.remember(kind, given, found[0])
        return found[0] if found else None

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
