"""Worlds, each the unit of work of a write: what is held now, as far as one write has looked, with all that it has
written itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import orjson

from api.domain.core.kinds import KINDS, Document, Kind
from api.domain.drafting import drafts, twins
from api.domain.drafting.twins import Place
from api.domain.history import log
from api.domain.indexing import names, publicity
from api.domain.parties import survivors
from api.storage.db import among, row, rows
from api.text.folding import fingerprint, fold

# A kind of record, and a name in the form in which it is compared.
_Name = tuple[str, str]


class World:
    """What is held while one transaction writes; every record that it makes or changes passes through here.

    Each thing is looked up once, when it is first asked for, or together with many others that are to `expect`.
    What is new waits for `store`, and is held already for whoever asks here. Whatever can be refused is decided
    before anything is stored, inside `attempt`, so that a refusal leaves nothing behind and nothing to be undone.
    Those that are described with their ids are made under these where that is allowed by `keeping`.
    """

    def __init__(self, by: str, *, keeping: bool = False) -> None:
        self.by, self.keeping = by, keeping
        self._held: dict[str, bool] = {}
        # Speakers and outlets, and those among them that are new.
        self._standing: dict[str, str | None] = {}
        self._bearers: dict[_Name, list[str]] = {}
        self._shown: dict[str, dict[str, Any]] = {}
        self._made: dict[str, tuple[Kind, Document]] = {}
        # Statements, by their external ids and by their texts' fingerprints; and whatever else is new.
        self._external: dict[str, str | None] = {}
        self._alike: dict[int, dict[Place, set[str]]] = {}
        self._waiting: list[tuple[Kind, Document, Any]] = []

    # --- what is held

    def expect(self, kind: Kind, ids: Collection[str], called: Collection[str]) -> None:
        """Look up many speakers or outlets at once: whom ids stand for, and who bears names, which are folded."""
        self._standing |= dict.fromkeys(ids) | survivors.standing(kind.name, ids)
        self.expect_ids([id for id in ids if self._standing[id] is None])
        self._bearers |= {(kind.name, name): [] for name in called}
        for folded, shown in names.borne(kind.name, called):
            self._bearers[kind.name, folded].append(shown["id"])
            self._shown[shown["id"]] = shown
            self._standing[shown["id"]] = shown["id"]

    def expect_ids(self, ids: Collection[str]) -> None:
        """Look up many ids at once: whether there has ever been a record with each."""
        self._held |= dict.fromkeys(ids, False) | dict.fromkeys(log.held(ids), True)

    def expect_statements(self, external: Collection[str], prints: Collection[int]) -> None:
        """Look up many statements at once, by external ids and by fingerprints."""
        found = among("SELECT external_id, id FROM statement WHERE external_id IN", external)
        self._external |= dict.fromkeys(external) | dict(found)
        alike = {print for (print,) in among("SELECT fingerprint FROM statement WHERE fingerprint IN", prints)}
        self._alike |= {print: {} for print in prints if print not in alike}

    def was_held(self, id: str) -> bool:
        """Tell whether there has ever been a record with this id."""
        if id not in self._held:
            self.expect_ids([id])
        return self._held[id]

    def standing(self, type: str, id: str) -> str | None:
        """Return the id of who stands for a speaker or outlet with an id, None where there is none."""
        if id not in self._standing:
            self._standing[id] = survivors.survivor(type, id)
        return self._standing[id]

    def bearers(self, kind: Kind, given: Document) -> list[str]:
        """Return the ids of those who are called so, and are of the type that is given, if one is."""
        name = kind.name, fold(given["name"])
        if name not in self._bearers:
            made = [id for id, (its, each) in self._made.items() if its is kind and name[1] in _names(each)]
            self._bearers[name] = [*names.bearers(kind.name, given["name"]), *made]
        found = self._bearers[name]
        # Names lead to nobody but those who stand for all that were merged with them.
        self._standing.update(zip(found, found, strict=True))
        if "type" not in given:
            return found
        return [each["id"] for each in self.candidates(kind, found) if each["type"] == given["type"]]

    def candidates(self, kind: Kind, ids: list[str]) -> list[dict[str, Any]]:
        """Return id, name and type of several, for a choice between them."""
        if missing := [id for id in ids if id not in self._shown]:
            self._shown |= {each["id"]: each for each in names.candidates(kind.name, missing)}
        return [self._shown[id] for id in ids if id in self._shown]

    def holder(self, external: str) -> str | None:
        """Return the id of the statement that has an external id, None where none has."""
        if external not in self._external:
            found = row("SELECT id FROM statement WHERE external_id = ?", (external,))
            self._external[external] = found[0] if found else None
        return self._external[external]

    def twins(self, document: Document, drawn: Any) -> list[str]:
        """Return the ids of other statements that are the same; of those that were before, none."""
        alike = self._of_print(drawn.print)
        if not alike:
            return []
        id = document["id"]
        found = {each for place in self._places(document, drawn.urls) for each in alike.get(place, ())} - {id}
        # Two that became the same when their speakers were merged may still be changed.
        before = {each for ids in alike.values() if id in ids for each in ids} if found else set()
        return sorted(found - before)

    def _of_print(self, print: int) -> dict[Place, set[str]]:
        if print not in self._alike:
            self._alike[print] = {}
            for id, text in rows("SELECT id, document FROM statement WHERE fingerprint = ?", (print,)):
                document = orjson.loads(text)
                self._place(id, print, self._places(document, twins.urls(document)))
        return self._alike[print]

    def _places(self, document: Document, urls: Collection[str]) -> set[Place]:
        return twins.places(document, urls, lambda type, id: self.standing(type, id) or id)

    def _place(self, id: str, print: int, places: set[Place]) -> None:
        for place in places:
            self._alike[print].setdefault(place, set()).add(id)

    # --- what becomes of it

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Decide about one record: where it is refused, nobody is made for it."""
        before = len(self._made)
        try:
            yield
        except Exception:
            self.unmake(list(self._made)[before:])
            raise

    def make(self, kind: Kind, given: Document) -> str:
        """Make a speaker or outlet that is missing and return its id."""
        fields = {**kind.takes.defaults(), **{part: value for part, value in given.items() if part != "id"}}
        settled = kind.settle(fields, None)
        document = drafts.drafted(kind, settled, by=self.by, id=given.get("id") if self.keeping else None)
        id = str(document["id"])
        self._made[id] = kind, document
        self._standing[id] = id
        self._shown[id] = {part: document[part] for part in ("id", "name", "type")}
        for name in _names(document):
            if (kind.name, name) in self._bearers:
                self._bearers[kind.name, name].append(id)
        return id

    def unmake(self, ids: Collection[str]) -> None:
        """Make none of these speakers and outlets after all."""
        for id in ids:
            kind, document = self._made.pop(id)
            del self._standing[id], self._shown[id]
            for name in _names(document):
                if id in self._bearers.get((kind.name, name), ()):
                    self._bearers[kind.name, name].remove(id)

    def create(self, kind: Kind, document: Document, drawn: Any) -> None:
        """Hold a new record, to which nothing is opposed."""
        self._waiting.append((kind, document, drawn))
        self._held[document["id"]] = True
        kind.learn(document, drawn, None, self)

    def learn_statement(self, document: Document, drawn: Any, previous: Document | None) -> None:
        """Note what a statement is now, which was another before, or none."""
        id = document["id"]
        if previous is not None:
            self._external[previous["external_id"]] = None
            for ids in self._alike.get(fingerprint(previous["text"]), {}).values():
                ids.discard(id)
        if document["external_id"] is not None:
            self._external[document["external_id"]] = id
        self._of_print(drawn.print)
        self._place(id, drawn.print, self._places(document, drawn.urls))

    def store(self) -> None:
        """Store what is new, speakers and outlets first."""
        for kind in KINDS.parties:
            made = [document for its, document in self._made.values() if its is kind]
            drafts.keep(kind, made, note=publicity.MADE)
        self._made.clear()
        for kind in dict.fromkeys(kind for kind, _, _ in self._waiting):
            kept = [(document, drawn) for its, document, drawn in self._waiting if its is kind]
            drafts.keep(kind, [document for document, _ in kept], [drawn for _, drawn in kept])
        self._waiting.clear()


def _names(document: Document) -> list[str]:
    return [fold(name) for name in (document["name"], *document["aliases"])]
