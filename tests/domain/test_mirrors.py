"""A mirror that does what the change feed says holds what its reader may see, whatever is done to the records."""

from __future__ import annotations

import random
from typing import Any

import pytest

from api.domain.keeping import erasures
from tests.conftest import COLLECTIONS, Client, statement
from tests.drawing import drawn

PEOPLE = ["Ada", "Ben", "Cyd", "Dov"]
OUTLETS = ["AP", "BBC", "CBC"]
PLURAL = {"speaker": "speakers", "outlet": "outlets", "source": "sources", "statement": "statements",
          "review": "reviews", "relation": "relations"}  # fmt: skip
# Mirrors that begin at different times read pages of these sizes.
LIMITS = (1, 2, 3, 7, 1000)


class Mirror:
    """The ids and versions of all records that a reader has been told of."""

    def __init__(self, reader: Client, limit: int) -> None:
        self.reader, self.limit, self.last = reader, limit, 0
        self.held: dict[str, tuple[str, int]] = {}

    def follow(self) -> None:
        """Apply what has changed since."""
        more = True
        while more:
            page = self.reader.get(f"/v1/changes?since={self.last}&limit={self.limit}").json
            seqs = [each["seq"] for each in page["changes"]]
            # Only what a single entry of the log changes may be more than was asked for.
            assert len(seqs) <= self.limit or len(set(seqs)) == 1
            assert seqs == sorted(seqs)
            assert all(self.last < seq <= page["last"] for seq in seqs)
            for change in page["changes"]:
                self.apply(change)
            assert page["last"] > self.last or not page["more"]
            self.last, more = page["last"], page["more"]

    def apply(self, change: dict[str, Any]) -> None:
        """Drop what went; fetch what came or changed, unless it has gone since, of which there will be word."""
        self.held.pop(change["id"], None)
        if change["op"] in ("create", "update"):
            answer = self.reader.get(f"/v1/{PLURAL[change['type']]}/{change['id']}")
            if answer.status_code == 200:
                self.held[change["id"]] = change["type"], answer.json["version"]


def listed(reader: Client) -> dict[str, tuple[str, int]]:
    """Return the ids and versions of all records that a reader is shown."""
    found: dict[str, tuple[str, int]] = {}
    for type, plural in PLURAL.items():
        page = reader.get(f"/v1/{plural}?limit=200").json
        assert page["next"] is None
        found.update({each["id"]: (type, each["version"]) for each in page["data"]})
        assert page["total"] == len(page["data"])
    return found


class Newsroom:
    """Does by chance what may be done with records."""

    def __init__(self, writer: Client, seed: int) -> None:
        self.writer, self.chance, self.texts = writer, random.Random(seed), 0

    def step(self) -> None:
        """Do one thing."""
        often = [self.record] * 4 + [self.show_or_hide] * 6 + [self.name_others] * 3
        rare = [self.withdraw, self.correct, self.source, self.review, self.relate, self.merge, self.unmerge, self.own]
        self.chance.choice([*often, *rare, self.review, self.relate, self.erase, self.move])()

    def any(self, plural: str) -> str | None:
        """Return the id of some record of a collection, None of an empty one."""
        data = self.writer.get(f"/v1/{plural}?limit=200").json["data"]
        return self.chance.choice(data)["id"] if data else None

    def naming(self) -> dict[str, Any]:
        """Return whom a statement may name."""
        hops = self.chance.choices(OUTLETS, k=self.chance.randrange(2))
        via = [{"name": "by email", "outlet": name} for name in hops]
        people = self.chance.choices(PEOPLE, k=self.chance.randrange(2))
        return {
            "speaker": self.chance.choice([*PEOPLE, None]),
            "attributed_as": "an official",
            "appearances": [{"outlet": self.chance.choice(OUTLETS), "via": via}],
            "attributions": [{"speaker": name} for name in people],
        }

    def record(self) -> None:
        """Record a statement."""
        self.texts += 1
        status = self.chance.choice(["published", "withheld", "withheld", "retracted"])
        made = {**statement(text=f"Text {self.texts}.", status=status), **self.naming()}
        del made["outlet"]
        self.writer.record(made)

    def change(self, plural: str, changes: dict[str, Any]) -> None:
        """Change some record."""
        if id := self.any(plural):
            self.writer.patch(f"/v1/{plural}/{id}", changes, headers={"If-Match": "*"})

    def show_or_hide(self) -> None:
        """Publish or withhold a statement."""
        self.change("statements", {"status": self.chance.choice(["published", "withheld"])})

    def name_others(self) -> None:
        """Have a statement name others."""
        self.change("statements", self.naming())

    def move(self) -> None:
        """Have a review be about another statement."""
        if other := self.any("statements"):
            self.change("reviews", {"statement": other})

    def withdraw(self) -> None:
        """Withdraw a record, unless others need it."""
        plural = self.chance.choice(COLLECTIONS)
        if id := self.any(plural):
            assert self.writer.delete(f"/v1/{plural}/{id}", headers={"If-Match": "*"}).status_code in (204, 409)

    def erase(self) -> None:
        """Erase a record, unless others need it."""
        id = self.any(self.chance.choice(["statements", "reviews", "relations"]))
        if id:
            erasures.erase(id, "By law.", by="operator")

    def correct(self) -> None:
        """Correct or retract a statement, unless it is withheld."""
        if id := self.any("statements"):
            body = {"kind": self.chance.choice(["correction", "retraction"]), "note": "It was otherwise."}
            self.writer.post(f"/v1/statements/{id}/corrections", body, headers={"If-Match": "*"})

    def source(self) -> None:
        """Record a source, which names its outlet."""
        self.texts += 1
        self.writer.record({"url": f"https://a.example/{self.texts}", "outlet": self.chance.choice(OUTLETS)}, "sources")

    def review(self) -> None:
        """Review a statement."""
        if id := self.any("statements"):
            made = {"statement": id, "author": {"name": "Example Facts"}, "rating": {"alternate_name": "True"}}
            self.writer.record(made, "reviews")

    def relate(self) -> None:
        """Relate two statements."""
        if (one := self.any("statements")) and (other := self.any("statements")) and one != other:
            self.writer.post("/v1/relations", {"subject": one, "type": "refutes", "object": other})

    def merge(self) -> None:
        """Merge one speaker or outlet into another."""
        plural = self.chance.choice(["speakers", "outlets"])
        if (one := self.any(plural)) and (other := self.any(plural)):
            self.writer.post(f"/v1/{plural}/{one}/merge", {"into": other}, headers={"If-Match": "*"})

    def unmerge(self) -> None:
        """Take a merger back."""
        merged = [each for each in self.writer.get("/v1/changes?limit=1000").json["changes"] if each["op"] == "merge"]
        if merged:
            each = self.chance.choice(merged)
            self.writer.post(f"/v1/{PLURAL[each['type']]}/{each['id']}/unmerge", headers={"If-Match": "*"})

    def own(self) -> None:
        """Record a speaker in its own right."""
        self.texts += 1
        self.writer.record({"name": f"Speaker {self.texts}"}, "speakers")


@pytest.mark.parametrize("seed", range(drawn(1)))
def test_mirrors_end_with_what_their_readers_may_see(alice: Client, bob: Client, charlie: Client, seed: int) -> None:
    newsroom = Newsroom(alice, seed)
    mirrors = []
    for number in range(60):
        if number % 12 == 0:
            mirrors += [Mirror(reader, newsroom.chance.choice(LIMITS)) for reader in (bob, charlie)]
        newsroom.step()
        for mirror in mirrors:
            if newsroom.chance.random() < 0.2:
                mirror.follow()
        if number % 10 == 0:
            mirrors[-1].follow()
            assert mirrors[-1].held == listed(charlie)
    for reader, limit in ((bob, 3), (charlie, 1), (charlie, 4)):
        mirrors.append(Mirror(reader, limit))
    seen = {reader: listed(reader) for reader in (bob, charlie)}
    for mirror in mirrors:
        mirror.follow()
        assert mirror.held == seen[mirror.reader], (mirror.limit, mirror.reader.key)
