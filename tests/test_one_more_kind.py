"""One more kind of record: nothing but its schemas, its `Kind` and one entry in the registry, and all of it works."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from openapi_spec_validator import OpenAPIV31SpecValidator

from api.app import create_app
from api.domain.evidence.registry import KINDS
from api.domain.keeping import erasures, indexes, verification
from api.domain.keeping.verification import Seen
from api.settings import Settings
from api.storage import db as storage
from api.storage.db import close_database, execute, open_database, row
from api.web import openapi
from schemas import NOUNS
from schemas.vocabulary import PREFIXES
from tests import occasions
from tests.conftest import Client

ROOT = Path(__file__).parents[1]
SENT = {"name": "Press conference", "speaker": "Antony Blinken", "held_on": "2022-03-23"}


@pytest.fixture
def app(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """The application with occasions; what describes the others is made by then, since it was imported."""
    monkeypatch.setitem(PREFIXES, "occasion", "occ")
    monkeypatch.setattr(KINDS, "all", (*KINDS.all, occasions.kind()))
    open_database(Settings(database=database_url))
    execute(occasions.TABLE.format(**storage.dialect.TYPES))
    execute(occasions.INDEX)
    # The application has a connection of its own.
    close_database()
    yield create_app(Settings(database=database_url))
    close_database()


def problems() -> list[str]:
    return [each.detail for each in verification.verify(Seen())]


# The command where there are occasions.
COMMAND = """
from api.domain.evidence.registry import KINDS
from schemas.vocabulary import PREFIXES
from tests import occasions
PREFIXES["occasion"] = "occ"
KINDS.all += (occasions.kind(),)
from api.cli import main
main()
"""


def exported(database_url: str, address: str) -> bytes:
    environment = {**os.environ, "ONRECORD_DATABASE": database_url}
    command = [sys.executable, "-c", COMMAND, "export", address]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True).stdout


# --- what every kind has -------------------------------------------------------------------------------------


def test_it_is_recorded_read_and_listed(alice: Client, charlie: Client) -> None:
    made = alice.record(SENT, "occasions")
    assert made["id"].startswith("occ_")
    assert made["speaker"]["name"] == "Antony Blinken"
    assert charlie.get(f"/v1/occasions/{made['id']}").json == made
    assert charlie.get("/v1/occasions").json["data"] == [made]


def test_it_is_revised_and_its_history_kept(alice: Client) -> None:
    made = alice.record(SENT, "occasions")
    address = f"/v1/occasions/{made['id']}"
    assert alice.patch(address, {"held_on": "2022-03", "version": 1}).json["version"] == 2
    assert alice.patch(address, {"held_on": "2022", "version": 1}).status_code == 412
    assert [each["version"] for each in alice.get(f"{address}/revisions").json["data"]] == [2, 1]
    assert "/held_on" in [each["path"] for each in alice.get(f"{address}/revisions?diff=1..2").json]
    assert alice.get(f"{address}/revisions/1").json["held_on"] == "2022-03-23"


def test_it_is_withdrawn(alice: Client, charlie: Client) -> None:
    address = f"/v1/occasions/{alice.record(SENT, 'occasions')['id']}"
    assert alice.delete(address, {"version": 1}).status_code == 204
    assert charlie.get(address).status_code == 410
    assert charlie.get("/v1/occasions").json["data"] == []


def test_mistakes_are_refused(alice: Client, charlie: Client) -> None:
    assert alice.post("/v1/occasions", {"nam": "x"}).status_code == 422
    assert charlie.post("/v1/occasions", SENT).status_code == 401
    assert charlie.get("/v1/occasions?colour=red").status_code == 400
    assert charlie.get("/v1/occasions/occ_00000000000000000000000000").status_code == 404


def test_it_has_what_every_list_has(alice: Client, charlie: Client) -> None:
    made = [alice.record({"name": f"Occasion {number}"}, "occasions")["id"] for number in range(3)]
    first = charlie.get("/v1/occasions?limit=2&count=exact").json
    assert (first["total"], [each["id"] for each in first["data"]]) == (3, made[:0:-1])
    assert [each["id"] for each in charlie.get(first["next_url"]).json["data"]] == made[:1]


@pytest.mark.processes
def test_it_is_streamed_and_exported(alice: Client, charlie: Client, database_url: str) -> None:
    made = alice.record(SENT, "occasions")
    lines = charlie.get("/v1/occasions.ndjson").data
    assert [json.loads(line) for line in lines.splitlines()] == [made]
    rows = charlie.get("/v1/occasions.csv").data
    assert rows.splitlines()[0].decode().split(",")[:4] == ["id", "version", "name", "speaker.id"]
    assert exported(database_url, "/v1/occasions.ndjson") == lines
    assert exported(database_url, "/v1/occasions.csv") == rows


def test_the_change_feed_tells_of_it(alice: Client, charlie: Client) -> None:
    made = alice.record(SENT, "occasions")
    for client in (alice, charlie):
        told = [(each["op"], each["type"], each["id"]) for each in client.get("/v1/changes").json["changes"]]
        assert told == [("create", "speaker", made["speaker"]["id"]), ("create", "occasion", made["id"])]


# --- what follows from whom it names -------------------------------------------------------------------------


def test_whom_it_names_is_known_and_cannot_go_before_it(alice: Client, charlie: Client) -> None:
    made = alice.record(SENT, "occasions")
    speaker = f"/v1/speakers/{made['speaker']['id']}"
    assert charlie.get(speaker).status_code == 200
    assert alice.delete(speaker, {"version": 1}).status_code == 409
    assert alice.delete(f"/v1/occasions/{made['id']}", {"version": 1}).status_code == 204
    assert charlie.get(speaker).status_code == 404
    assert alice.delete(speaker, {"version": 1}).status_code == 204


def test_it_shows_the_name_as_it_is_now(alice: Client, charlie: Client) -> None:
    made = alice.record(SENT, "occasions")
    alice.patch(f"/v1/speakers/{made['speaker']['id']}", {"name": "Tony Blinken", "version": 1})
    assert charlie.get(f"/v1/occasions/{made['id']}").json["speaker"]["name"] == "Tony Blinken"


# --- how it is described -------------------------------------------------------------------------------------


def test_the_description_has_it_and_is_valid(charlie: Client) -> None:
    document = charlie.get("/openapi.json").json
    OpenAPIV31SpecValidator(document).validate()
    listing = document["paths"]["/v1/occasions"]["get"]["responses"]["200"]["content"]["application/json"]
    (example,) = listing["examples"]["answer"]["value"]["data"]
    assert listing["schema"] == {"$ref": "#/components/schemas/OccasionPage"}
    assert example["speaker"]["name"] == "Antony Blinken"
    assert {"name": "occasions", "description": "Occasions on which somebody spoke."} in document["tags"]


def test_the_index_and_the_schemas_name_it(charlie: Client) -> None:
    assert charlie.get("/").json["occasions"] == "/v1/occasions"
    assert "occasion" in openapi.schema_names()
    for name, title in (("", "Occasion"), ("-input", "OccasionInput"), ("-patch", "OccasionPatch")):
        assert charlie.get(f"/v1/schemas/occasion{name}.json").json["title"] == title


# --- how it is kept ------------------------------------------------------------------------------------------


def test_it_is_verified_and_indexed_anew(alice: Client) -> None:
    made = alice.record(SENT, "occasions")
    assert problems() == []
    execute("UPDATE occasion SET speaker = NULL")
    # Nobody who is public names the speaker then.
    assert problems()[1:] == [f"What the indexes hold of {made['id']} is not what its document says: speaker."]
    indexes.rebuild(lambda done, total: None)
    assert problems() == []
    execute("UPDATE occasion SET document = replace(document, 'Press', 'Dress')")
    assert "it does not have the hash" in problems()[0]


def test_it_is_erased(alice: Client, charlie: Client) -> None:
    made = alice.record(SENT, "occasions")
    assert erasures.erase(made["id"], "It was asked for.", by="test").type == "occasion"
    assert charlie.get(f"/v1/occasions/{made['id']}").status_code == 410
    assert row("SELECT 1 FROM occasion") is None
    assert problems() == []


# --- the registry --------------------------------------------------------------------------------------------


def test_every_noun_has_its_kind_and_every_prefix_is_its_own() -> None:
    assert {kind.noun for kind in KINDS} == set(NOUNS)
    assert len({kind.prefix for kind in KINDS}) == len(KINDS.all)


def test_every_kind_comes_after_those_that_it_names() -> None:
    order = KINDS.order()
    for kind in KINDS:
        for other in (*kind.names, *kind.mentions, *(["statement"] if kind.ends else [])):
            assert order[other] < order[kind.name]


# --- nobody asks which kind it is ----------------------------------------------------------------------------

# What is about one kind alone may name it.
OWN = ("api/domain/evidence", "api/domain/parties", "api/storage/migrations")
WORDS = {word for noun in NOUNS for word in (noun.name, noun.plural, noun.prefix)}
ASKED = ("name", "plural", "prefix", "type")
CONSTANTS = {noun.name.upper() for noun in NOUNS}


def asked(tree: ast.AST) -> Iterator[int]:
    """Yield the lines that ask which kind a kind is, or keep a table of kinds by names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            parts = [part for side in sides for part in ast.walk(side)]
            of_kind = any(getattr(part, "attr", None) in ASKED or getattr(part, "id", None) == "type" for part in parts)
            if (of_kind and any(map(is_word, parts))) or any(map(is_constant, sides)):
                yield node.lineno
        members = getattr(node, "keys" if isinstance(node, ast.Dict) else "elts", [])
        if len(members) > 1 and (all(map(is_word, members)) or all(map(is_constant, members))):
            yield node.lineno


def is_word(node: Any) -> bool:
    return isinstance(node, ast.Constant) and node.value in WORDS


def is_constant(node: Any) -> bool:
    return isinstance(node, ast.Name) and node.id in CONSTANTS


@pytest.mark.parametrize(
    "source",
    [
        'kind.name == "statement"',
        'self.kind.name in ("speaker", "outlet")',
        'type != "source"',
        "kind is not STATEMENT",
        'TYPES = ("speaker", "outlet")',
        '{"reviews": REVIEW, "relations": RELATION}',
        "for kind in (SPEAKER, OUTLET): pass",
    ],
)
def test_a_question_for_the_kind_is_noticed(source: str) -> None:
    assert list(asked(ast.parse(source)))


def test_nobody_asks_which_kind_it_is() -> None:
    files = [file for file in (ROOT / "api").rglob("*.py") if not str(file.relative_to(ROOT)).startswith(OWN)]
    found = [f"{file.relative_to(ROOT)}:{line}" for file in files for line in asked(ast.parse(file.read_text()))]
    assert found == []
