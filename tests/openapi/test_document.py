"""The OpenAPI document: valid, whole, and true of the application. What errors look like is in test_errors.py."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from api.app import create_app
from api.domain.evidence.registry import KINDS as REGISTRY
from api.settings import Settings
from api.web import examples, openapi
from schemas.keys import KeyIn
from tests.conftest import Client, statement

# Routes that are no operations of the API, each with its reason.
EXCUSED = {
    "documentation.docs": "a page for people",
    "documentation.docs_file": "what that page consists of",
}
# A key is not needed, but a bad one is refused.
ANYONE: list[dict[str, Any]] = [{}, {"key": []}]
KINDS = ("statement", "speaker", "outlet", "source", "review", "relation")

Json = dict[str, Any]


def operations(document: Json) -> list[tuple[str, str, Json]]:
    """Give every operation with its method in capitals and its path."""
    return [(method.upper(), path, each) for path, item in document["paths"].items() for method, each in item.items()]


def at(document: Json, pointer: str) -> Any:
    """Give what a reference within the document refers to; raises KeyError."""
    found: Any = document
    for step in pointer.removeprefix("#/").split("/"):
        found = found[step]
    return found


def whole(document: Json, value: Json) -> Json:
    """Give a value with its own reference replaced by what that refers to."""
    return at(document, value["$ref"]) if "$ref" in value else value


def complaints(document: Json, schema: Json, value: Any) -> list[str]:
    """Give what is wrong with a value by a schema of the document."""
    judge = Draft202012Validator({**schema, "components": document["components"]})
    return [each.message for each in judge.iter_errors(value)]


def values(document: Any, name: str) -> Iterator[Any]:
    """Give every value that a member of that name has anywhere but in examples."""
    if isinstance(document, dict):
        for key, value in document.items():
            if key == name:
                yield value
            if key != "examples":
                yield from values(value, name)
    if isinstance(document, list):
        for value in document:
            yield from values(value, name)


# --- the document by itself ----------------------------------------------------------------------------------


def test_it_is_valid_openapi_3_1(document: Json) -> None:
    assert document["openapi"] == "3.1.0"
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_every_operation_says_what_it_is_for_and_who_may(document: Json) -> None:
    tags = {tag["name"]: tag["description"] for tag in document["tags"]}
    assert all(re.fullmatch(r"[A-Z].*\.", about) for about in tags.values())
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids))
    for method, path, operation in operations(document):
        assert re.fullmatch(r"[A-Z].*[^.]", operation["summary"]), (method, path)
        assert re.fullmatch(r"(Needs|Say).*\.", operation["description"]), (method, path)
        assert set(operation["tags"]) <= set(tags), (method, path)
        assert "security" in operation, (method, path)


def test_every_parameter_is_described_and_its_example_fits(document: Json) -> None:
    for method, path, operation in operations(document):
        names = re.findall(r"{(\w+)}", path)
        assert sorted(names) == sorted(each["name"] for each in operation["parameters"] if each["in"] == "path")
        for parameter in operation["parameters"]:
            assert parameter["description"].endswith("."), (method, path, parameter["name"])
            given = [parameter["example"]] if "example" in parameter else parameter["schema"].get("examples", [])
            assert given or parameter["name"] in ("limit", "cursor"), (method, path, parameter["name"])
            for example in given:
                assert complaints(document, parameter["schema"], example) == []


def test_every_body_and_every_answer_has_an_example_that_fits(document: Json) -> None:
    for method, path, operation in operations(document):
        bodies = list(operation.get("requestBody", {}).get("content", {}).values())
        assert bool(bodies) == (method in ("POST", "PATCH") or (method == "DELETE" and "keys" not in path))
        for status, answer in operation["responses"].items():
            content = whole(document, answer).get("content", {})
            assert bool(content) == (status not in ("204", "304")), (method, path, status)
            bodies += content.values()
        for body in bodies:
            assert body["examples"], (method, path)
            for example in body["examples"].values():
                assert complaints(document, body["schema"], example["value"]) == [], (method, path)


def test_every_answer_is_described_with_its_headers(document: Json) -> None:
    for method, path, operation in operations(document):
        for status, answer in operation["responses"].items():
            assert whole(document, answer)["description"].endswith("."), (method, path, status)
            assert "X-Request-Id" in whole(document, answer)["headers"], (method, path, status)
        answers = {status: set(whole(document, each)["headers"]) for status, each in operation["responses"].items()}
        # Whoever checks health shows no key, and none is looked at.
        assert ("401" in answers) == (operation["security"] != [])
        assert "WWW-Authenticate" in answers.get("401", {"WWW-Authenticate"})
        assert "Retry-After" in answers.get("503", {"Retry-After"})
        assert ("304" in answers) == any(each["name"] == "If-None-Match" for each in operation["parameters"])
        assert ("412" in answers) == any(each["name"] == "If-Match" for each in operation["parameters"])


def test_every_reference_leads_somewhere_and_every_component_is_referred_to(document: Json) -> None:
    used = set(values(document, "$ref"))
    for reference in used:
        at(document, reference)
    for group in ("schemas", "responses", "headers"):
        assert {f"#/components/{group}/{name}" for name in document["components"][group]} <= used


# --- the document and the application ------------------------------------------------------------------------


def test_every_route_is_described_or_excused(document: Json, description_client: FlaskClient) -> None:
    every = {(method, path) for method, path, _ in operations(document)}
    described = set(every)
    excused = set()
    for rule in description_client.application.url_map.iter_rules():
        path = re.sub(r"<(?:[^<>:]*:)?(\w+)>", r"{\1}", rule.rule)
        if rule.endpoint in EXCUSED:
            excused.add(rule.endpoint)
            continue
        if "suffix" in rule.arguments:
            # The same operation in another form, as its description says.
            assert ("GET", path.removesuffix(".{suffix}")) in every
            continue
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            assert (method, path) in described
            described.remove((method, path))
    assert described == set()
    assert excused == set(EXCUSED)


def addresses(document: Json) -> dict[str, str]:
    """Give an address for every path, with the examples of its parameters."""
    found = {}
    for path, item in document["paths"].items():
        parameters = next(iter(item.values()))["parameters"]
        found[path] = path.format(**{each["name"]: each["example"] for each in parameters if each["in"] == "path"})
    return found


def test_head_answers_as_get_does_without_the_body(document: Json, dora: Client) -> None:
    for path, address in addresses(document).items():
        if "get" in document["paths"][path]:
            got, head = dora.get(address), dora.open("HEAD", address)
            assert head.data == b""
            assert head.status_code == got.status_code
            for name in ("Content-Type", "Content-Length", "ETag"):
                assert head.headers.get(name) == got.headers.get(name), path


def test_options_tells_the_methods_of_every_address_without_a_key(document: Json, charlie: Client) -> None:
    for path, address in (addresses(document) | {"/docs": "/docs", "/docs/start.js": "/docs/start.js"}).items():
        answer = charlie.open("OPTIONS", address)
        assert answer.status_code == 200
        described = {method.upper() for method in document["paths"].get(path, {"get": {}})}
        also = {"OPTIONS", "HEAD"} if "GET" in described else {"OPTIONS"}
        assert set(answer.headers["Allow"].split(", ")) == described | also


def test_what_needs_a_key_is_refused_without_one_and_nothing_else_is(document: Json, charlie: Client) -> None:
    for method, path, operation in operations(document):
        answer = charlie.open(method, addresses(document)[path])
        assert (answer.status_code == 401) == (operation["security"] not in ([], ANYONE)), (method, path)


def among_stored(example: Json, alice: Client) -> Json:
    """Give an example with statements that are stored in place of those that it names."""
    text = json.dumps(example)
    for id in set(re.findall(r"stm_[0-9a-z]{26}", text)):
        text = text.replace(id, alice.record(statement(text=id))["id"])
    return dict(json.loads(text))


@pytest.mark.parametrize("kind", KINDS)
def test_the_examples_of_requests_are_accepted(kind: str, document: Json, alice: Client) -> None:
    def example(method: str, path: str, media: str = "application/json") -> Any:
        return document["paths"][path][method]["requestBody"]["content"][media]["examples"]["request"]["value"]

    collection, one = f"/v1/{kind}s", f"/v1/{kind}s/{{id}}"
    given = among_stored(example("post", collection), alice)
    record = alice.record(given, f"{kind}s")
    answer = alice.delete(f"{collection}/{record['id']}", example("delete", one))
    assert answer.status_code == 204
    for media in ("application/json", "application/merge-patch+json"):
        record = alice.record({**given, **({"text": media} if kind == "statement" else {})}, f"{kind}s")
        body = json.dumps(example("patch", one, media))
        answer = alice.patch(f"{collection}/{record['id']}", data=body, content_type=media)
        assert answer.status_code == 200
        assert answer.json["version"] == 2
        # There is one relation of a kind between two statements.
        alice.delete(f"{collection}/{record['id']}", headers={"If-Match": "*"})


def test_the_example_of_a_key_is_accepted(dora: Client) -> None:
    assert dora.post("/v1/keys", examples.sent(KeyIn)).status_code == 201


@pytest.mark.parametrize("kind", KINDS)
def test_the_example_of_a_record_has_the_members_of_a_real_one(kind: str, document: Json, alice: Client) -> None:
    record = alice.record(among_stored(REGISTRY[kind].noun.example.sent, alice), f"{kind}s")
    answer = document["paths"][f"/v1/{kind}s/{{id}}"]["get"]["responses"]["200"]
    assert set(answer["content"]["application/json"]["examples"]["answer"]["value"]) == set(record)


# --- how it is made ------------------------------------------------------------------------------------------

PROGRAM = """
import sys
from api.app import create_app
from api.settings import Settings
client = create_app(Settings(database="sqlite:///none.db")).test_client()
client.get("/livez")
print("apispec" in sys.modules)
client.get("/openapi.json")
print("apispec" in sys.modules)
"""


def test_only_who_asks_for_it_pays_for_its_making(tmp_path: Path) -> None:
    house = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={"PYTHONPATH": house},
    )
    assert done.stdout.split() == ["False", "True"]


def test_it_is_made_once(app: Flask) -> None:
    with app.app_context():
        assert openapi.document() is openapi.document()


def test_it_tells_the_public_address_and_that_reading_needs_a_key_where_it_does(database_url: str) -> None:
    settings = Settings(database=database_url, url="https://record.example", public_read=False)
    found: Json = create_app(settings).test_client().get("/openapi.json").json
    assert found["servers"] == [{"url": "https://record.example"}]
    assert found["paths"]["/v1/statements"]["get"]["security"] == [{"key": ["read"]}]
    assert found["paths"]["/v1/me"]["get"]["security"] == ANYONE
