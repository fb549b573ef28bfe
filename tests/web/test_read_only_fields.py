"""What only the service writes is refused in every write, by name and at once, and nothing is changed."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from api.storage.tables import TABLES, columns
from schemas.base import READ_ONLY, Schema
from tests.conftest import COLLECTIONS, Client, statement
from tests.test_errors import assert_problem
from tests.web.conftest import stored

Smallest = dict[str, dict[str, Any]]
TIME = "2022-03-23T00:00:00.000Z"
EVERYWHERE: dict[str, Any] = {
    "id": "stm_01kayv5q3nf8r8d2xq1n6z0t4y",
    "created_at": TIME,
    "updated_at": TIME,
    "recorded_by": "somebody else",
    "withdrawn_at": TIME,
    "withdrawn_by": "somebody else",
    "statements_count": 7,
    "merged_into": "spk_01kayv5q3mf8r8d2xq1n6z0t4w",
}
CORRECTION = {"kind": "correction", "note": "It was five.", "on": "2022-03-24", "version": 1}
OWN: dict[str, dict[str, Any]] = {"statements": {"corrections": [CORRECTION]}}


def fields(collection: str) -> dict[str, Any]:
    return {**EVERYWHERE, **OWN.get(collection, {})}


def assert_read_only(problem: dict[str, Any], names: set[str]) -> None:
    found = {error["pointer"].removeprefix("#/") for error in problem["errors"] if error["code"] == "read_only"}
    assert found == names


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_no_read_only_field_can_be_sent_with_a_new_record(alice: Client, smallest: Smallest, collection: str) -> None:
    before = stored()
    # The version belongs to changes only.
    for name, value in {**fields(collection), "version": 1}.items():
        for sent in (value, None, "", [], {"a": 1}):
            answer = alice.post(f"/v1/{collection}", {**smallest[collection], name: sent})
            assert_read_only(assert_problem(answer, 422), {name})
    everything = {**fields(collection), "version": 1}
    answer = alice.post(f"/v1/{collection}", {**smallest[collection], **everything})
    assert_read_only(assert_problem(answer, 422), set(everything))
    assert stored() == before


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_no_read_only_field_can_be_patched(alice: Client, smallest: Smallest, collection: str) -> None:
    record = alice.record(smallest[collection], collection)
    address = f"/v1/{collection}/{record['id']}"
    before, read = stored(), alice.get(address)
    for name, value in fields(collection).items():
        # Not even what it is already, and null takes nothing away.
        for sent in (value, None, record.get(name)):
            for precondition in ({"If-Match": read.headers["ETag"]}, {"If-Match": "*"}):
                answer = alice.patch(address, {name: sent}, headers=precondition)
                assert_read_only(assert_problem(answer, 422), {name})
    answer = alice.patch(address, {**fields(collection), "version": 1})
    assert_read_only(assert_problem(answer, 422), set(fields(collection)))
    assert stored() == before
    after = alice.get(address)
    assert (after.data, after.headers["ETag"]) == (read.data, read.headers["ETag"])


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_a_whole_record_cannot_be_sent_back_as_a_patch(alice: Client, smallest: Smallest, collection: str) -> None:
    """Whoever reads, edits and sends all of it back learns which members to leave out."""
    record = alice.record(smallest[collection], collection)
    before = stored()
    answer = alice.patch(f"/v1/{collection}/{record['id']}", record)
    sent = set(record) & set(fields(collection))
    assert_read_only(assert_problem(answer, 422), sent)
    assert stored() == before


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_a_withdrawal_takes_its_version_and_reason_only(alice: Client, smallest: Smallest, collection: str) -> None:
    record = alice.record(smallest[collection], collection)
    address = f"/v1/{collection}/{record['id']}"
    before, read = stored(), alice.get(address)
    for name, value in EVERYWHERE.items():
        answer = alice.delete(address, {"version": 1, "reason": "Why.", name: value})
        assert_read_only(assert_problem(answer, 422, "DELETE"), {name})
    assert stored() == before
    assert alice.get(address).data == read.data


def test_a_record_made_by_reference_cannot_bring_them_along(alice: Client) -> None:
    before = stored()
    for name in ("version", "created_at", "updated_at", "recorded_by", "statements_count"):
        for place in ("speaker", "outlet"):
            sent = statement(**{place: {"name": "Somebody New", name: 1}})
            problem = assert_problem(alice.post("/v1/statements", sent), 422)
            assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [
                (f"#/{place}/{name}", "read_only")
            ]
    assert stored() == before


def test_a_key_cannot_be_given_its_id_or_secret(dora: Client) -> None:
    before = stored()
    for name in ("id", "key", "sha256", "created_at", "revoked_at", "last_used_at", "version"):
        problem = assert_problem(dora.post("/v1/keys", {"name": "x", "scopes": ["read"], name: "x"}), 422)
        assert [error["pointer"] for error in problem["errors"]] == [f"#/{name}"]
    assert stored() == before


# --- every operation that takes a document, at every depth ----------------------------------------------------

# Documents with everything in them, to be written into at each place.
WHOLE: dict[str, dict[str, Any]] = {
    "statements": statement(
        speaker={"name": "Antony Blinken", "roles": [{"role": "Secretary of State", "start": "2021"}]},
        outlet=None,
        appearances=[
            {
                "outlet": {"name": "The Associated Press"},
                "url": "https://news.example/article",
                "via": [{"name": "The New York Times", "outlet": {"name": "The New York Times"}}],
            }
        ],
        figures=[{"name": "soldiers killed", "value": 7000}],
        attributions=[{"speaker": {"name": "Joseph L. Votel"}, "status": "candidate"}],
    ),
    "speakers": {"name": "Joseph L. Votel", "roles": [{"role": "General"}]},
    "outlets": {"name": "Reuters"},
    "sources": {"url": "https://news.example/article", "outlet": {"name": "Reuters"}},
    "keys": {"name": "newsroom", "scopes": ["read"]},
}
# What is sent to an operation besides a whole record, where it takes no part of one.
ELSE: dict[str, dict[str, Any]] = {
    "/v1/check": {"items": [{"text": "Was this said?"}]},
    "/v1/statements/{id}/corrections": {"kind": "correction", "note": "It was five.", "patch": {"said_on": "2022"}},
    "/v1/speakers/{id}/merge": {"into": "spk_00000000000000000000000000"},
    "/v1/outlets/{id}/merge": {"into": "out_00000000000000000000000000"},
    "/v1/speakers/{id}/unmerge": {},
    "/v1/outlets/{id}/unmerge": {},
}


def described(schema: type[Schema]) -> Iterator[type[Schema]]:
    for each in schema.__subclasses__():
        yield each
        yield from described(each)


def inside() -> set[str]:
    """Return names from inside: those of columns, and of Python and JavaScript, that no document has anywhere."""
    held = {name for table in TABLES for name in columns(table)}
    taken = {field.data_key or name for each in described(Schema) for name, field in each().load_fields.items()}
    odd = {"__class__", "__proto__", "constructor", "$set", "_id", "recorded_by", "sha512", "is_admin"}
    return (held | odd | READ_ONLY) - (taken - READ_ONLY) - {"id", "version"}


def places(body: Any, pointer: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:
    """Give every object of a document with its JSON Pointer."""
    if isinstance(body, dict):
        yield pointer, body
        for name, value in body.items():
            yield from places(value, f"{pointer}/{name}")
    if isinstance(body, list):
        for number, value in enumerate(body):
            yield from places(value, f"{pointer}/{number}")


def writing(document: dict[str, Any]) -> list[tuple[str, str]]:
    """Return every operation of the description that takes a body."""
    return [
        (method.upper(), path)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if "requestBody" in operation and "application/json" in operation["requestBody"]["content"]
    ]


def body_of(method: str, path: str, smallest: Smallest) -> dict[str, Any]:
    if path in ELSE:
        return ELSE[path]
    collection = path.split("/")[2]
    if method == "DELETE":
        return {"reason": "Recorded twice."}
    whole = WHOLE.get(collection) or smallest[collection]
    return {name: value for name, value in whole.items() if value is not None}


def test_no_name_from_inside_can_be_sent_at_any_depth(smallest: Smallest, dora: Client) -> None:
    """Every operation of the description: one that is new and takes a body has to be known to `body_of`."""
    ids = {collection: dora.record(document, collection)["id"] for collection, document in smallest.items()}
    names, before, count = sorted(inside()), stored(), 0
    assert {"n", "salt", "document", "created_at", "recorded_by"} <= set(names)
    # All of them are listed, of which there are at most a hundred.
    assert len(names) < 90
    for method, path in writing(dora.get("/openapi.json").json):
        address = path.format(id=ids.get(path.split("/")[2]))
        for pointer, _ in places(body_of(method, path, smallest)):
            body = copy.deepcopy(body_of(method, path, smallest))
            next(each for place, each in places(body) if place == pointer).update(dict.fromkeys(names, 1))
            answer = dora.open(method, address, json=body, headers={"If-Match": "*"})
            problem = assert_problem(answer, 422, method)
            found = {each["pointer"]: each["code"] for each in problem["errors"]}
            expected = {f"{pointer}/{name}" for name in names}
            assert {each for each in found if each in expected} == expected, (method, path, pointer)
            assert {found[each] for each in expected} <= {"unknown", "read_only"}
            count += 1
    assert count > 30
    assert stored() == before


def test_what_only_the_service_writes_is_refused_by_every_operation(smallest: Smallest, dora: Client) -> None:
    """Whatever a record shows and a body does not take, by the schemas; one by one and with its own value."""
    records = {collection: dora.record(document, collection) for collection, document in smallest.items()}
    document, before = dora.get("/openapi.json").json, stored()
    shown = document["components"]["schemas"]
    for method, path in writing(document):
        collection = path.split("/")[2]
        content = document["paths"][path][method.lower()]["requestBody"]["content"]["application/json"]["schema"]
        taken = set(shown[content["$ref"].split("/")[-1]]["properties"])
        record = records.get(collection, {})
        whole = shown[SHOWN[collection]]["properties"].keys() | READ_ONLY
        address = path.format(id=record.get("id"))
        for name in sorted(whole - taken):
            for value in (record.get(name), 1):
                body = {**body_of(method, path, smallest), name: value}
                answer = dora.open(method, address, json=body, headers={"If-Match": "*"})
                problem = assert_problem(answer, 422, method)
                codes = {each["code"] for each in problem["errors"] if each["pointer"] == f"#/{name}"}
                assert codes & {"read_only", "unknown"}, (method, path, name)
    assert stored() == before
    for collection, record in records.items():
        assert dora.get(f"/v1/{collection}/{record['id']}").json == record


SHOWN = {
    **{collection: collection.removesuffix("s").title() for collection in COLLECTIONS},
    "keys": "NewKey",
    "check": "Verdict",
}
