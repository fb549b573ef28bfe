"""What only the service writes is refused in every write, by name and at once, and nothing is changed."""

from __future__ import annotations

from typing import Any

import pytest

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
