"""Bulks of any lines that the contract allows, beside the same lines posted and patched one by one."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from marshmallow import ValidationError

from api.app import create_app
from api.domain.core import keys
from api.domain.keeping.verification import Seen, verify
from api.settings import Settings
from api.storage.db import close_database
from schemas.base import Schema
from schemas.statements import StatementIn, StatementPatch
from tests.conftest import Client, statement
from tests.drawing import drawn
from tests.routes.test_bulk import NDJSON, Document, plain, send
from tests.servers import onrecord
from tests.web.conftest import stored

TEXTS = ["We will never leave.", "“We will NEVER  leave.”", "Seven soldiers died.", "caf\u00e9", "cafe\u0301"]
URLS = [None, "https://news.example/1", "HTTPS://news.example:443/1/?utm_source=x", "https://news.example/2"]
SPEAKERS = ["Ada", "ada ", "Bob", {"name": "Bob", "type": "group"}, {"name": "Cy", "aliases": ["Bob"]}, None]
SPEAKERS += ["spk_00000000000000000000000000"]
IDS = [f"stm_{number:026d}" for number in range(6)]
WITHDRAWN = IDS[-1]
# How many lines come together: each alone, few, or all.
SIZES = [1, 3, 1000]


class Drawing:
    """Lines drawn by chance: whole and partial ones, of few ids, words and places, so that they meet each other."""

    def __init__(self, seed: str) -> None:
        self.chance = random.Random(seed)
        self.how = self.chance.choice(["error", "skip", "update", "update", "update"])
        self.columns: list[str] | None = None
        if self.chance.random() < 0.3:
            self.columns = self._some_columns()

    def _some_columns(self) -> list[str]:
        # No table of a few columns can make a statement, but it can change some.
        found = list(self._whole() | {"external_id": None, "id": None})
        if self.how == "update" and self.chance.random() < 0.5:
            found = self.chance.sample(found, len(found) // 2)
        return found

    def lines(self, count: int) -> list[Document]:
        """Return lines; those of a table have its columns, each."""
        drawn = [self._line() for _ in range(count)]
        if self.columns is None:
            return drawn
        return [{name: line.get(name) for name in self.columns} for line in drawn]

    def _line(self) -> Document:
        chance, line = self.chance, self._whole()
        if chance.random() < 0.5:
            line["external_id"] = chance.choice(["a", "b", "c", None])
        if chance.random() < 0.3:
            line["id"] = chance.choice(IDS)
        if chance.random() < 0.35:
            kept = chance.sample(sorted(line), chance.randrange(len(line)))
            line = {name: value for name, value in line.items() if name in (*kept, "external_id", "id")}
        if chance.random() < 0.1:
            line[chance.choice(list(line) or ["kind"])] = None
        if chance.random() < 0.05:
            line |= chance.choice([{"kind": "quot"}, {"figures": [{"value": 1}]}, {"said_on": "2022-13"}])
        if self.columns is None and chance.random() < 0.1:
            outlets = chance.sample(["AP", "Reuters", "Wire"], chance.randint(1, 2))
            for name in ("outlet", "url", "title"):
                line.pop(name, None)
            line["appearances"] = [{"outlet": outlet, "url": chance.choice(URLS)} for outlet in outlets]
        return line

    def _whole(self) -> Document:
        chance = self.chance
        outlets = ["AP", "Reuters", "Wire"]
        line = statement(text=chance.choice(TEXTS), outlet=chance.choice(outlets), url=chance.choice(URLS))
        named = [each for each in SPEAKERS if self.columns is None or not isinstance(each, dict)]
        line |= {"speaker": chance.choice(named), "said_on": chance.choice(["2022-03-23", None])}
        line["attributed_as"] = chance.choice(["an aide", "officials", None])
        if chance.random() < 0.5:
            line |= {"context": chance.choice(["One.", "Two.", None]), "topics": chance.choice([["War"], [], None])}
        if chance.random() < 0.2:
            line["attributions"] = [{"speaker": chance.choice(["Ada", "Dan", f"New {chance.random()}"])}]
        if chance.random() < 0.1:
            line["speaker"] = f"New {chance.random()}"
        return line

    def file(self, lines: list[Document]) -> tuple[bytes, str]:
        """Return lines as a file and its media type."""
        if self.columns is None:
            return "".join(json.dumps(line) + "\n" for line in lines).encode(), NDJSON
        text = io.StringIO()
        table = csv.writer(text)
        table.writerow(self.columns)
        table.writerows([_cell(line[name]) for name in self.columns or ()] for line in lines)
        return text.getvalue().encode(), "text/csv"


def _cell(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


class OneByOne:
    """What lines come to when each is looked for, and then posted or patched, by itself."""

    def __init__(self, client: Client) -> None:
        self.client = client
        # POST makes an id of its own, which stands for that of the line.
        self.ids: dict[str, str] = {}

    def sent(self, line: Document, how: str) -> str | int:
        """Return what became of a line: a word, or the status of a refusal."""
        body = {name: value for name, value in line.items() if name != "id"}
        held = self._held(line)
        if held and how == "update":
            # A line is checked before anything is looked up, so that it is not told that what it is about is gone.
            return 422 if is_wrong(body, StatementPatch()) else self._patched(held, body)
        if is_wrong(body, StatementIn()):
            return 422
        if held and how == "skip":
            return "unchanged"
        if line.get("id") in self.ids:
            return 409
        answer = self.client.post("/v1/statements", body)
        if answer.status_code == 201 and line.get("id"):
            self.ids[line["id"]] = answer.json["id"]
        outcomes: dict[int, str | int] = {201: "created", 409: "unchanged" if how == "skip" else 409}
        return outcomes.get(answer.status_code, answer.status_code)

    def _held(self, line: Document) -> str | None:
        if line.get("id") in self.ids:
            return self.ids[line["id"]]
        if line.get("external_id") is None:
            return None
        found = self.client.get(f"/v1/statements?external_id={line['external_id']}").json["data"]
        return found[0]["id"] if found else None

    def _patched(self, id: str, body: Document) -> str | int:
        before = self.client.get(f"/v1/statements/{id}").json
        answer = self.client.patch(f"/v1/statements/{id}", body, headers={"If-Match": "*"})
        if answer.status_code != 200:
            return answer.status_code
        return "updated" if answer.json["version"] > before["version"] else "unchanged"


def is_wrong(body: Document, schema: Schema) -> bool:
    try:
        schema.load(body)
    except ValidationError:
        return True
    return False


def held(client: Client) -> list[str]:
    """Return what is held of all statements, however their records are numbered and whenever they were made."""
    found = client.get("/v1/statements.ndjson").text.splitlines()
    versions = [(plain(each), each["version"]) for each in map(json.loads, found)]
    return sorted(json.dumps(each, sort_keys=True) for each in versions)


def named(client: Client) -> list[str]:
    """Return the names of all speakers and outlets, with how many statements count with each."""
    found = [each for kind in ("speakers", "outlets") for each in client.get(f"/v1/{kind}?limit=200").json["data"]]
    return sorted(f"{each['name']} {each['type']} {each.get('statements_count')}" for each in found)


@contextmanager
def serving(url: str) -> Iterator[Client]:
    yield Client(create_app(Settings(database=url)), keys.make("dora", ["admin"])["key"])
    close_database()


def begun() -> list[Document]:
    """Record what lines may meet: three that are there, and one that was withdrawn."""
    there = [
        statement(id=IDS[0], text=TEXTS[0], external_id="a"),
        statement(id=IDS[1], text=TEXTS[2], external_id="b", url=URLS[1], topics=["War"]),
        statement(id=IDS[2], text="Elsewhere.", appearances=[{"outlet": "AP"}, {"outlet": "Wire"}]),
        statement(id=WITHDRAWN, text="Withdrawn.", external_id="c"),
    ]
    del there[2]["outlet"]
    return there


def one_by_one(client: Client, lines: list[Document], how: str) -> tuple[list[str | int], list[str], list[str]]:
    """Return what becomes of each line by itself, and what is held and who is named then."""
    single = OneByOne(client)
    for line in begun():
        assert single.sent(line, "error") == "created"
    client.delete(f"/v1/statements/{single.ids[WITHDRAWN]}", headers={"If-Match": "*"})
    return [single.sent(line, how) for line in lines], held(client), named(client)


def report(outcomes: list[str | int], first: int = 0) -> Document:
    """Return what a bulk tells of these outcomes, its lines counted from the `first`."""
    counted = {word: outcomes.count(word) for word in ("created", "updated", "unchanged")}
    failed = [[number, each] for number, each in enumerate(outcomes, first + 1) if isinstance(each, int)]
    return {"received": len(outcomes), **counted, "failed": failed}


def told(answer: Any, first: int = 0) -> Document:
    assert answer.status_code in (200, 207, 422), answer.text
    found = {name: answer.json[name] for name in ("received", "created", "updated", "unchanged")}
    return {**found, "failed": [[each["line"] + first, each["status"]] for each in answer.json["errors"]]}


@pytest.mark.parametrize("seed", range(drawn(2)))
def test_a_bulk_is_what_posting_and_patching_one_by_one_is(database_url: str, another: str, seed: int) -> None:
    drawing = Drawing(f"bulk {seed}")
    lines = drawing.lines(45)
    with serving(another) as client:
        outcomes, statements, people = one_by_one(client, lines, drawing.how)
    with serving(database_url) as client:
        send(client, begun())
        client.delete(f"/v1/statements/{WITHDRAWN}", headers={"If-Match": "*"})
        before, file = stored(), drawing.file(lines)
        query = f"on_conflict={drawing.how}"
        assert told(send(client, file[0], f"{query}&dry_run=true", media=file[1])) == _numbered(outcomes, drawing)
        if any(isinstance(each, int) for each in outcomes):
            answer = send(client, file[0], f"{query}&atomic=true", media=file[1])
            assert told(answer)["failed"] == _numbered(outcomes, drawing)["failed"]
        assert stored() == before
        start, size = 0, drawing.chance.choice(SIZES)
        while start < len(lines):
            part = lines[start : start + size]
            data, media = drawing.file(part)
            expected = _numbered(outcomes[start : start + size], drawing)
            assert told(send(client, data, query, media=media)) == expected
            start += size
        assert (held(client), named(client)) == (statements, people)
        assert list(verify(Seen())) == []


def _numbered(outcomes: list[str | int], drawing: Drawing) -> Document:
    # A table has its header in the first line.
    return report(outcomes, 0 if drawing.columns is None else 1)


@pytest.mark.parametrize("seed", range(1))
def test_a_file_that_is_imported_twice_is_its_lines_sent_twice(
    database_url: str, another: str, tmp_path: Path, seed: int
) -> None:
    drawing = Drawing(f"import {seed}")
    drawing.how, drawing.columns = "update", None
    lines = drawing.lines(60)
    with serving(another) as client:
        outcomes, statements, people = one_by_one(client, lines * 2, drawing.how)
    with serving(database_url) as client:
        send(client, begun())
        client.delete(f"/v1/statements/{WITHDRAWN}", headers={"If-Match": "*"})
    file = tmp_path / "lines.ndjson"
    file.write_bytes(drawing.file(lines)[0])
    for expected in (report(outcomes[:60]), report(outcomes[60:])):
        done = onrecord(database_url, "import", str(file), "--again", "--json", "--on-conflict", "update", check=False)
        assert "Traceback" not in done.stderr
        counts = json.loads(done.stdout)
        assert {name: counts[name] for name in expected} == {**expected, "failed": len(expected["failed"])}
        rejects = [json.loads(each) for each in Path(f"{file}.rejects.ndjson").read_text().splitlines()]
        assert [[each["line"], each["status"]] for each in rejects] == expected["failed"]
    with serving(database_url) as client:
        assert (held(client), named(client)) == (statements, people)
        assert list(verify(Seen())) == []
