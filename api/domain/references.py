"""Turning what a document calls others into their ids: found by id or name, or made when missing."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cached_property
from typing import Any

from api.domain import drafts, log, names, survivors
from api.domain.errors import Invalid
from api.domain.kinds import Document, Kind
from api.domain.outlets import OUTLET
from api.domain.speakers import SPEAKER
from api.storage.db import row
from api.text.folding import fold


class Known:
    """Who is known by now in one transaction, so that many documents ask for each speaker and outlet once.

    Who is made waits here for `store`, which whoever `gathers` calls when it has enough of them. Those that are
    described with their ids are made under these where that is allowed by `keeping`.
    """

    def __init__(self, *, gathers: bool = False, keeping: bool = False) -> None:
        self.gathers, self.keeping = gathers, keeping
        self._standing: dict[str, str | None] = {}
        self._held: dict[str, bool] = {}
        self._bearers: dict[_Name, list[str]] = {}
        self._shown: dict[str, dict[str, Any]] = {}
        self._waiting: dict[str, tuple[Kind, Document]] = {}

    def expect(self, kind: Kind, ids: Collection[str], called: Collection[str]) -> None:
        """Look up many at once: whom ids stand for, and who bears names, which are folded."""
        self._standing |= dict.fromkeys(ids) | survivors.standing(kind.name, ids)
        missing = [id for id in ids if self._standing[id] is None]
        self._held |= dict.fromkeys(missing, False) | dict.fromkeys(log.held(missing), True)
        self._bearers |= {(kind.name, name): [] for name in called}
        for folded, shown in names.borne(kind.name, called):
            self._bearers[kind.name, folded].append(shown["id"])
            self._shown[shown["id"]] = shown

    def standing(self, kind: Kind, id: str) -> str | None:
        """Return the id of who stands for one with an id, None where there is none."""
        if id not in self._standing:
            self._standing[id] = survivors.survivor(kind.name, id)
        return self._standing[id]

    def was_held(self, id: str) -> bool:
        """Tell whether there has ever been a record with this id."""
        if id not in self._held:
            self._held[id] = bool(log.of_record(id, limit=1))
        return self._held[id]

    def bearers(self, kind: Kind, given: Document) -> list[str]:
        """Return the ids of those who are called so, and are of the type that is given, if one is."""
        name = kind.name, fold(given["name"])
        if name not in self._bearers:
            waiting = [id for id, (its, each) in self._waiting.items() if its is kind and name[1] in _names(each)]
            self._bearers[name] = [*names.bearers(kind.name, given["name"]), *waiting]
        found = self._bearers[name]
        if "type" not in given:
            return found
        return [each["id"] for each in self.candidates(kind, found) if each["type"] == given["type"]]

    def candidates(self, kind: Kind, ids: list[str]) -> list[dict[str, Any]]:
        """Return id, name and type of several, for a choice between them."""
        if missing := [id for id in ids if id not in self._shown]:
            self._shown |= {each["id"]: each for each in names.candidates(kind.name, missing)}
        return [self._shown[id] for id in ids if id in self._shown]

    def make(self, kind: Kind, given: Document, by: str) -> str:
        """Make one that is missing, which is stored later, and return its id."""
        fields = {**kind.takes.defaults(), **{part: value for part, value in given.items() if part != "id"}}
        settled = kind.settle(fields, Resolution(by, None))
        document = drafts.drafted(kind, settled, by=by, id=given.get("id") if self.keeping else None)
        id = str(document["id"])
        self._waiting[id] = kind, document
        self._standing[id] = id
        self._shown[id] = {part: document[part] for part in ("id", "name", "type")}
        for name in _names(document):
            if (kind.name, name) in self._bearers:
                self._bearers[kind.name, name].append(id)
        return id

    def unmake(self, ids: Collection[str] | None = None) -> None:
        """Make none of these after all, or nobody who waits."""
        for id in list(self._waiting) if ids is None else ids:
            kind, document = self._waiting.pop(id)
            del self._standing[id], self._shown[id]
            for name in _names(document):
                if id in self._bearers.get((kind.name, name), ()):
                    self._bearers[kind.name, name].remove(id)

    def store(self) -> None:
        """Store who has been made."""
        for kind in (SPEAKER, OUTLET):
            drafts.keep(kind, [document for its, document in self._waiting.values() if its is kind])
        self._waiting.clear()

    def forget(self) -> None:
        """Forget all, as some of it was undone."""
        for known in (self._standing, self._held, self._bearers, self._shown, self._waiting):
            known.clear()


# A kind of record, and a name in the form in which it is compared.
_Name = tuple[str, str]


def _names(document: Document) -> list[str]:
    return [fold(name) for name in (document["name"], *document["aliases"])]


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
        if self.problems:
            raise Invalid(self.problems)
        if not self.known.gathers:
            self.known.store()

    def _make(self) -> None:
        """Make what is missing: one may be called by a name or alias of one that was made before it.

        Those that are described come before those that are only named.
        """
        made = []
        for kind, given, pointer, reference in sorted(self._missing, key=_described_first):
            found = self._bearer(kind, given, pointer)
            if not found and not self.problems:
                found = self.known.make(kind, given, self.by)
                made.append(found)
            reference["id"] = found
        if self.problems:
            self.known.unmake(made)

    def _resolve(self, kind: Kind, given: Document, pointer: str) -> Document | None:
        if "id" in given:
            if standing := self.known.standing(kind, given["id"]):
                return {"id": self._kept(kind.name, standing, pointer)}
            if given["id"] not in self.described or self.known.was_held(given["id"]):
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
        found = self.known.bearers(kind, given)
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
        choice = self.known.candidates(kind, found[:20])
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
