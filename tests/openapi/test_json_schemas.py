"""The JSON Schemas that are served: each stands alone, and says of a document what the service says of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from marshmallow import ValidationError

from api.domain.writing import demonstration
from schemas import ANSWERS, BY_NAME
from tests.conftest import Client, statement

IDS = {prefix: f"{prefix}_00000000000000000000000000" for prefix in ("stm", "spk", "src")}
OTHER = "stm_00000000000000000000000001"
REVIEW = {"statement": IDS["stm"], "author": {"name": "Example Facts"}, "rating": {"alternate_name": "True"}}
RELATION = {"subject": IDS["stm"], "type": "confirms", "object": OTHER}
APPEARANCE = {"outlet": "The Associated Press"}
TWICE = statement(appearances=[APPEARANCE])
ONCE = {name: value for name, value in TWICE.items() if name != "outlet"}
GOOD: dict[str, list[dict[str, Any]]] = {
    "statement-input": [
        statement(),
        statement(speaker=None, attributed_as="American officials"),
        statement(speaker=IDS["spk"]),
        statement(speaker={"name": "Antony Blinken", "type": "person"}),
        statement(said_on="2022-03-22~/2022-04", lang="en-US", topics=["war"], status="withheld"),
        {**ONCE, "appearances": [{**APPEARANCE, "start": 0, "end": 4, "via": [{"name": "A blog"}]}]},
        statement(figures=[{"name": "soldiers killed", "min_value": 7000, "max_value": 15000}]),
    ],
    "statement-patch": [{}, {"said_on": None, "version": 2}, {"outlet": "AP"}, {"figures": []}],
    "appearance-input": [APPEARANCE, {**APPEARANCE, "source": IDS["src"], "url": "https://example.org/é"}],
    "appearance-patch": [{}, {"title": None}],
    "figure-input": [{"name": "generals", "value": 6}, {"name": "generals", "min_value": 6, "qualifier": "about"}],
    "figure-patch": [{}, {"value": 7}],
    "speaker-input": [{"name": "NATO"}, {"name": "NATO", "type": "organization", "aliases": None}],
    "speaker-patch": [{}, {"description": None}],
    "outlet-input": [{"name": "AP", "country": "us", "url": "http://apnews.com:8080/#a"}],
    "outlet-patch": [{}, {"country": None, "version": 1}],
    "source-input": [{"url": "https://example.org"}, {"url": "https://example.org", "text": "Words.\n"}],
    "source-patch": [{}, {"title": "Words"}],
    "review-input": [
        REVIEW,
        {**REVIEW, "statement": {"id": IDS["stm"]}, "author": {"name": "A", "url": None}, "lang": "uk"},
        {**REVIEW, "rating": {"rating_value": 1, "best_rating": 1, "worst_rating": 5}, "published_on": "2022-03~"},
        {**REVIEW, "claim_reviewed": "Six.", "url": "https://facts.example/1", "rating": {"rating_value": 0.5}},
    ],
    "review-patch": [{}, {"rating": {"explanation": "Why."}, "version": 1}, {"author": {"url": None}}, {"url": None}],
    "relation-input": [RELATION, {**RELATION, "note": "A note.", "object": {"id": OTHER}}, {**RELATION, "note": None}],
    "relation-patch": [{}, {"type": "refutes"}, {"object": OTHER, "note": None, "version": 3}],
}
BAD: dict[str, list[Any]] = {
    "statement-input": [
        *({}, [], None, "statement", statement(speaker=None), statement(outlet=None), statement(appearances=[])),
        *(statement(kind="lie"), statement(kind=None), statement(text=""), statement(text="a\0b"), statement(text=1)),
        *(statement(terms="off_record"), statement(said_on="yesterday"), statement(said_on="2022-3-1")),
        *(statement(id=1), statement(lang="en_US"), statement(topics=["a\nb"]), statement(status="gone")),
        *(statement(topics="war"), statement(topics=[None]), statement(topics=["a"] * 51), statement(nonsense=1)),
        *(statement(url="ftp://example.org"), statement(url="https://user@example.org"), statement(url="example.org")),
        *(TWICE, {**ONCE, "appearances": [{}]}, {**ONCE, "appearances": [{**APPEARANCE, "start": 1}]}),
        *(statement(speaker={}), statement(speaker={"id": "AP"}), statement(speaker={"name": "A", "age": 3})),
        *(statement(attributions=[{"speaker": "A", "confidence": 2}]), statement(figures=[{"name": "dead"}])),
    ],
    "statement-patch": [{"text": None}, {"version": 0}, {"version": "1"}, {"appearances": []}, {"id": "stm_1"}],
    "appearance-input": [{}, {**APPEARANCE, "source": "AP"}, {**APPEARANCE, "start": -1, "end": 1}],
    "appearance-patch": [{"outlet": None}, {"version": 1}],
    "figure-input": [
        {"value": 6},
        {"name": "a"},
        {"name": "a", "value": 6, "min_value": 6},
        {"name": "a", "value": "6"},
    ],
    "figure-patch": [{"name": None}, {"value": True}],
    "speaker-input": [{}, {"name": None}, {"name": " "}, {"name": "A", "type": "alien"}, {"name": "a\u202eb"}],
    "speaker-patch": [{"name": None}, {"name": ""}],
    "outlet-input": [{}, {"name": "AP", "country": "USA"}, {"name": "AP", "aliases": [1]}],
    "outlet-patch": [{"name": None}, {"lang": 1}],
    "source-input": [{}, {"url": None}, {"url": "https://example.org", "sha256": "F" * 64}],
    "source-patch": [{"url": None}, {"byline": "A"}],
    "review-input": [
        *({}, [], {**REVIEW, "statement": None}, {**REVIEW, "statement": "A statement"}, {**REVIEW, "statement": {}}),
        *({**REVIEW, "statement": IDS["spk"]}, {**REVIEW, "statement": {"id": IDS["stm"], "text": "Six."}}),
        *({**REVIEW, "author": None}, {**REVIEW, "author": {}}, {**REVIEW, "author": "Example Facts"}),
        *({**REVIEW, "rating": {}}, {**REVIEW, "rating": {"explanation": "Why."}}, {**REVIEW, "rating": None}),
        *({**REVIEW, "rating": {"alternate_name": None, "rating_value": None}}, {**REVIEW, "rating": "True"}),
        *({**REVIEW, "rating": {"rating_value": "5"}}, {**REVIEW, "rating": {"rating_value": True}}),
        *({**REVIEW, "itemReviewed": {}}, {**REVIEW, "version": 1}, {**REVIEW, "url": "facts.example"}),
    ],
    "review-patch": [{"rating": None}, {"author": {"name": None}}, {"statement": None}, {"rating": {"stars": 5}}],
    "relation-input": [
        *({}, {**RELATION, "type": "likes"}, {**RELATION, "type": None}, {**RELATION, "object": None}),
        *({**RELATION, "subject": "A statement"}, {**RELATION, "object": "stm_1"}, {**RELATION, "note": ""}),
    ],
    "relation-patch": [{"type": None}, {"subject": None}, {"version": 0}, {"id": "rel_1"}],
}
# Rules that a JSON Schema cannot hold; the service refuses these all the same.
BEYOND = [
    statement(said_on="2022-02-30"),
    statement(said_on="2022-04/2022-03"),
    statement(lang="xq"),
    statement(url="https://example.org:99999/"),
    statement(text="\u200b"),
    statement(figures=[{"name": "dead", "min_value": 2, "max_value": 1}]),
    {**REVIEW, "rating": {"rating_value": 9, "best_rating": 5, "worst_rating": 1}},
    {**RELATION, "object": IDS["stm"]},
]


@pytest.fixture(scope="module")
def served(document: dict[str, Any], description_client: FlaskClient) -> dict[str, Draft202012Validator]:
    """Every schema as it is served, ready to judge."""
    names = document["paths"]["/v1/schemas/{name}.json"]["get"]["parameters"][0]["schema"]["enum"]
    found = {name: description_client.get(f"/v1/schemas/{name}.json") for name in names}
    assert {each.status_code for each in found.values()} == {200}
    assert {each.content_type for each in found.values()} == {"application/schema+json"}
    return {name: Draft202012Validator(json.loads(each.data)) for name, each in found.items()}


def schema(served: dict[str, Draft202012Validator], name: str) -> dict[str, Any]:
    found = served[name].schema
    assert isinstance(found, dict)
    return found


def takes(name: str, document: Any) -> bool:
    try:
        BY_NAME[name]().load(document)
    except ValidationError:
        return False
    return True


def references(value: Any) -> Iterator[str]:
    """Give every `$ref` in a JSON value."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for below in value.values():
            yield from references(below)
    if isinstance(value, list):
        for below in value:
            yield from references(below)


def test_there_is_one_for_each_document_in_each_direction(served: dict[str, Draft202012Validator]) -> None:
    nouns = ("statement", "appearance", "figure", "speaker", "outlet", "source", "review", "relation")
    parts = ("appearance", "figure")
    pages = [f"{noun}-page" for noun in nouns if noun not in parts]
    assert sorted(served) == sorted(
        [*(f"{noun}{way}" for noun in nouns for way in ("", "-input", "-patch")), *pages, *ANSWERS]
    )


@pytest.mark.parametrize("name", BY_NAME | ANSWERS)
def test_each_is_a_schema_of_2020_12_that_stands_alone(name: str, served: dict[str, Draft202012Validator]) -> None:
    found = schema(served, name)
    assert found["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert found["$id"] == f"http://localhost/v1/schemas/{name}.json"
    Draft202012Validator.check_schema(found)
    wanted = set(references(found))
    assert wanted == {f"#/$defs/{each}" for each in found["$defs"]}, "nothing is missing and nothing is over"


def test_an_unknown_name_is_not_found_and_the_answer_tells_the_names(description_client: FlaskClient) -> None:
    answer = description_client.get("/v1/schemas/nonsense.json")
    assert answer.status_code == 404
    assert "statement-input" in json.loads(answer.data)["detail"]


@pytest.mark.parametrize(("name", "good"), [(name, each) for name, several in GOOD.items() for each in several])
def test_both_take_good_documents(name: str, good: Any, served: dict[str, Draft202012Validator]) -> None:
    assert takes(name, good)
    assert [each.message for each in served[name].iter_errors(good)] == []


@pytest.mark.parametrize(("name", "bad"), [(name, each) for name, several in BAD.items() for each in several])
def test_both_refuse_bad_documents(name: str, bad: Any, served: dict[str, Draft202012Validator]) -> None:
    assert not takes(name, bad)
    assert not served[name].is_valid(bad)


@pytest.mark.parametrize("beyond", BEYOND)
def test_some_rules_only_the_service_can_hold(beyond: Any, served: dict[str, Draft202012Validator]) -> None:
    name = "review-input" if "rating" in beyond else "relation-input" if "subject" in beyond else "statement-input"
    assert served[name].is_valid(beyond)
    assert not takes(name, beyond)


def test_both_take_the_demonstration(served: dict[str, Draft202012Validator]) -> None:
    given: dict[str, list[Any]] = orjson.loads(demonstration.FILE.read_bytes())
    for collection, records in given.items():
        name = f"{collection.removesuffix('s')}-input"
        for record in records:
            assert takes(name, record)
            assert [each.message for each in served[name].iter_errors(record)] == []


def test_what_the_service_answers_fits(
    app: Flask,
    alice: Client,
    charlie: Client,
    smallest: dict[str, dict[str, Any]],
    served: dict[str, Draft202012Validator],
) -> None:
    demonstration.load()
    alice.record({"url": "https://example.org", "outlet": "AP", "text": "Words."}, "sources")
    for collection in ("reviews", "relations"):
        alice.record(smallest[collection], collection)
    alice.record({**ONCE, "appearances": [{**APPEARANCE, "via": [{"name": "A blog", "outlet": "A blog"}]}]})
    for reader in (alice, charlie):
        seen = {noun: reader.get(f"/v1/{noun}s?limit=200").json["data"] for noun in ("statement", "speaker", "outlet")}
        seen |= {noun: reader.get(f"/v1/{noun}s").json["data"] for noun in ("source", "review", "relation")}
        seen["appearance"] = [each for one in seen["statement"] for each in one["appearances"]]
        seen["figure"] = [each for one in seen["statement"] for each in one["figures"]]
        for noun, records in seen.items():
            assert records, f"there is no {noun} to look at"
            for record in records:
                assert [each.message for each in served[noun].iter_errors(record)] == []
