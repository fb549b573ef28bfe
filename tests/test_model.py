"""Random operations against the service and against a dictionary, which has to agree with it after every one.

ONRECORD_TEST_MODEL_STEPS says how many operations; the seed is in the name of the test, so that a failure comes back.
"""

from __future__ import annotations

import os
import random
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask

from tests.conftest import Client, statement
from tests.drawing import drawn

STEPS = int(os.environ.get("ONRECORD_TEST_MODEL_STEPS", "800"))
WORDS = ["river", "treaty", "soldier", "garden", "été", "łódź"]
SPEAKERS = ["Ada Example", "Bo Example", "Cy Example"]
PLACES = ["Kyiv", "Brussels", None]


class Model:
    """What a store of statements should hold: every version of every record, and the log."""

    def __init__(self, reader: Client, writer: Client, seed: int) -> None:
        self.reader, self.writer, self.chance = reader, writer, random.Random(seed)
        self.versions: dict[str, list[dict[str, Any]]] = {}
        self.withdrawn: set[str] = set()
        self.speakers: dict[str, str] = {}
        self.written: list[tuple[str, str, int]] = []
        self.keys: dict[str, tuple[dict[str, Any], bytes]] = {}

    def step(self) -> None:
        """Do one operation, picked by chance, in both."""
        operations = [self.record] * 5 + [self.revise] * 4 + [self.withdraw] + [self.repeat] + [self.refused] * 2
        reads = [self.read, self.list, self.search, self.page, self.revisions, self.counts, self.feed]
        self.chance.choice(operations + reads)()

    # --- writing

    def record(self) -> None:
        """Record a statement, sometimes one that is there already."""
        document = statement(
            text=" ".join(self.chance.choices(WORDS, k=self.chance.randint(1, 4))),
            speaker=self.chance.choice(SPEAKERS),
            said_on=f"2022-0{self.chance.randint(1, 9)}",
        )
        double = self._double(document["text"], document["speaker"], document["said_on"])
        key = f"k{len(self.keys)}"
        answer = self.writer.post("/v1/statements", document, headers={"Idempotency-Key": key})
        if double:
            assert answer.status_code == 409, answer.text
            assert answer.json["existing"]["id"] == double
            return
        assert answer.status_code == 201, answer.text
        made = dict(answer.json)
        name = document["speaker"]
        assert self.speakers.setdefault(name, made["speaker"]["id"]) == made["speaker"]["id"]
        self.keys[key] = (document, answer.data)
        self.versions[made["id"]] = [made]
        self.written.append(("create", made["id"], 1))

    def _double(self, text: str, speaker: str, said_on: str) -> str | None:
        for id, now in self.current().items():
            if (now["text"], now["speaker"]["name"], now["said_on"]) == (text, speaker, said_on):
                return id
        return None

    def revise(self) -> None:
        """Change a statement, for the version it has or for an older or later one."""
        if not (id := self._any()):
            return
        now = self.versions[id][-1]
        stale = self.chance.random() < 0.25
        version = now["version"] + (self.chance.choice([-1, 1, 7]) if stale else 0)
        changes = {"place": self.chance.choice(PLACES), "topics": self.chance.choices(WORDS[:3], k=1)}
        if self.chance.random() < 0.5:
            headers = {"If-Match": f'"{id}.{version}"'}
            answer = self.writer.patch(f"/v1/statements/{id}", changes, headers=headers)
        else:
            answer = self.writer.patch(f"/v1/statements/{id}", {**changes, "version": version})
        if version < 1:
            # No record ever has such a version, which may be said before anything else.
            assert answer.status_code in (400, 410, 412, 422), answer.text
        elif id in self.withdrawn:
            assert answer.status_code == 410
        elif stale:
            assert answer.status_code == 412, answer.text
        else:
            assert answer.status_code == 200, answer.text
            self._revised(now, changes, dict(answer.json))

    def _revised(self, before: dict[str, Any], changes: dict[str, Any], after: dict[str, Any]) -> None:
        same = all(before[name] == value for name, value in changes.items())
        expected = {**before, **changes}
        if not same:
            expected |= {"version": before["version"] + 1, "updated_at": after["updated_at"]}
            self.versions[before["id"]].append(after)
            self.written.append(("update", before["id"], expected["version"]))
        assert after == expected

    def withdraw(self) -> None:
        """Withdraw a statement."""
        if not (id := self._any()):
            return
        answer = self.writer.delete(f"/v1/statements/{id}", headers={"If-Match": "*"})
        assert answer.status_code == (410 if id in self.withdrawn else 204), answer.text
        if id not in self.withdrawn:
            self.withdrawn.add(id)
            self.written.append(("withdraw", id, self.versions[id][-1]["version"] + 1))

    def repeat(self) -> None:
        """Send what was recorded once more, under its key: the same answer, and nothing stored."""
        if self.keys:
            key = self.chance.choice(list(self.keys))
            document, body = self.keys[key]
            answer = self.writer.post("/v1/statements", document, headers={"Idempotency-Key": key})
            assert (answer.status_code, answer.data) == (201, body)

    def refused(self) -> None:
        """Send what must not be taken; that nothing came of it is seen by everything else."""
        wrong = self.chance.choice(
            [{"text": ""}, {"kind": "rumour"}, {"outlet": None}, {"unknown": 1}, {"said_on": "x"}]
        )
        assert self.writer.post("/v1/statements", statement(**wrong)).status_code == 422

    # --- reading

    def current(self) -> dict[str, dict[str, Any]]:
        """Return what is not withdrawn, by id."""
        return {id: versions[-1] for id, versions in self.versions.items() if id not in self.withdrawn}

    def _any(self) -> str | None:
        return self.chance.choice(list(self.versions)) if self.versions else None

    def read(self) -> None:
        """Read one."""
        if id := self._any():
            answer = self.reader.get(f"/v1/statements/{id}")
            assert answer.status_code == (410 if id in self.withdrawn else 200)
            assert id in self.withdrawn or answer.json == self.versions[id][-1]

    def list(self) -> None:
        """List those of a speaker."""
        name = self.chance.choice(SPEAKERS)
        expected = {id: each for id, each in self.current().items() if each["speaker"]["name"] == name}
        self._lists({"speaker": name}, expected)

    def search(self) -> None:
        """Find those with a word, in whichever normal form."""
        word = self.chance.choice(WORDS)
        expected = {id: each for id, each in self.current().items() if word in each["text"].split()}
        # A topic is searched, too.
        expected |= {id: each for id, each in self.current().items() if word in each["topics"]}
        self._lists({"q": word}, expected)

    def _lists(self, query: dict[str, str], expected: dict[str, dict[str, Any]]) -> None:
        answer = self.reader.get(f"/v1/statements?{urlencode({**query, 'limit': '200'})}")
        assert answer.status_code == 200, answer.text
        page = answer.json
        assert {each["id"]: each for each in page["data"]} == expected
        assert page["total"] == len(expected)

    def page(self) -> None:
        """Page through all of them, in the order of their recording."""
        address: str | None = "/v1/statements?sort=created_at&limit=7"
        found: list[dict[str, Any]] = []
        while address:
            page = self.reader.get(address).json
            found += page["data"]
            address = page["next_url"]
        assert found == sorted(self.current().values(), key=lambda each: (each["created_at"], each["id"]))

    def revisions(self) -> None:
        """Read an earlier version."""
        if id := self._any():
            version = self.chance.choice(self.versions[id])
            answer = self.writer.get(f"/v1/statements/{id}/revisions/{version['version']}")
            assert answer.status_code == 200
            assert answer.json["version"] == version["version"]
            assert answer.json["place"] == version["place"]

    def counts(self) -> None:
        """Count them by speaker."""
        expected: dict[str, int] = {}
        for each in self.current().values():
            expected[each["speaker"]["id"]] = expected.get(each["speaker"]["id"], 0) + 1
        counts = self.reader.get("/v1/statements/counts?by=speaker").json
        assert {group["key"]: group["count"] for group in counts["groups"]} == expected
        assert counts["total"] == len(self.current())

    def feed(self) -> None:
        """Read the log: what was written, in its order, without a gap."""
        changes: list[dict[str, Any]] = []
        more = True
        while more:
            last = changes[-1]["seq"] if changes else 0
            page = self.writer.get(f"/v1/changes?since={last}&limit=100").json
            changes, more = changes + page["changes"], page["more"]
        assert [each["seq"] for each in changes] == list(range(1, len(changes) + 1))
        ours = [(each["op"], each["id"], each["version"]) for each in changes if each["type"] == "statement"]
        assert ours == self.written


@pytest.mark.parametrize("seed", range(drawn(1)))
def test_the_service_and_a_dictionary_do_not_diverge(app: Flask, alice: Client, charlie: Client, seed: int) -> None:
    model = Model(charlie, alice, seed)
    for _ in range(STEPS):
        model.step()
    for check in (model.page, model.feed, model.counts):
        check()
