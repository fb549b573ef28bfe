"""What a write does to records, log and history, on both databases."""

from __future__ import annotations

from typing import Any

import pytest
from jsonpatch import JsonPatch

from api.domain.history import chain, log
from api.storage.db import row, rows
from tests.conftest import NEVER, Client, statement

TABLES = ("entry", "revision", "speaker", "outlet", "source", "statement", "statement_url", "mention", "name")


def counts() -> dict[str, int]:
    """Return how many rows each table has."""
    return {table: rows(f"SELECT count(*) FROM {table}")[0][0] for table in TABLES}


def test_a_write_appends_one_entry_for_each_record_it_makes(alice: Client) -> None:
    record = alice.record(statement())
    entries = rows("SELECT seq, op, type, record, version, by FROM entry ORDER BY seq")
    assert [each[0] for each in entries] == [1, 2, 3]
    assert {each[2] for each in entries} == {"speaker", "outlet", "statement"}
    assert entries[-1][1:] == ("create", "statement", record["id"], 1, "alice")


def test_each_entry_carries_the_hash_of_its_document_and_of_the_entry_before(alice: Client) -> None:
    record = alice.record(statement())
    alice.patch(f"/v1/statements/{record['id']}", {"place": "Brussels", "version": 1})
    alice.delete(f"/v1/statements/{record['id']}", {"reason": "a mistake", "version": 2})
    previous = chain.GENESIS
    found = rows("SELECT seq, at, op, type, record, version, by, note, sha256, hash FROM entry ORDER BY seq")
    assert len(found) == 5
    for *fields, link in found:
        entry = chain.Entry(*fields)
        assert entry.hash(previous) == link
        previous = link
        held = row(
            f"SELECT salt, document FROM {entry.type} WHERE id = ? AND version = ?", (entry.record, entry.version)
        )
        held = held or row(
            "SELECT salt, document FROM revision WHERE record = ? AND version = ?", (entry.record, entry.version)
        )
        assert held is not None
        assert chain.document_hash(*held) == entry.sha256


def test_a_refused_write_leaves_nothing_behind(alice: Client) -> None:
    alice.record(statement())
    alice.record({"name": "The Herald", "type": "newspaper"}, "outlets")
    alice.record({"name": "The Herald", "type": "website"}, "outlets")
    before = counts()
    refused: list[tuple[dict[str, Any], int]] = [
        (statement(), 409),
        (statement(text="New", speaker="New Person", outlet="The Herald"), 422),
        (statement(text="New", speaker="New Person", outlet={"id": "out_" + "0" * 26}), 422),
        (statement(text="", speaker="New Person"), 422),
    ]
    for document, status in refused:
        assert alice.post("/v1/statements", document).status_code == status
    assert counts() == before


def test_superseded_versions_read_as_they_did(alice: Client, charlie: Client) -> None:
    record = alice.record(statement())
    address = f"/v1/statements/{record['id']}"
    for version, place in enumerate(("Brussels", "Kyiv", "Paris"), start=1):
        assert alice.patch(address, {"place": place, "version": version}).json["version"] == version + 1
    assert charlie.get(f"{address}/revisions/1").json == record
    assert [charlie.get(f"{address}/revisions/{n}").json["place"] for n in (1, 2, 3, 4)] == [
        None,
        "Brussels",
        "Kyiv",
        "Paris",
    ]
    assert charlie.get(f"{address}/revisions/5").status_code == 404
    history = charlie.get(f"{address}/revisions").json
    assert [(each["version"], each["op"], each["by"]) for each in history["data"]] == [
        (4, "update", "alice"),
        (3, "update", "alice"),
        (2, "update", "alice"),
        (1, "create", "alice"),
    ]
    assert history["total"] == 4


def test_history_pages_along_its_cursor(alice: Client, charlie: Client) -> None:
    record = alice.record(statement())
    address = f"/v1/statements/{record['id']}"
    for version in range(1, 6):
        alice.patch(address, {"place": f"Place {version}", "version": version})
    seen, cursor = [], ""
    while True:
        page = charlie.get(f"{address}/revisions?limit=2{cursor}").json
        seen += [each["version"] for each in page["data"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == [6, 5, 4, 3, 2, 1]


def test_a_diff_is_the_json_patch_from_one_version_to_the_other(alice: Client, charlie: Client) -> None:
    record = alice.record(statement())
    address = f"/v1/statements/{record['id']}"
    alice.patch(address, {"speaker": "Somebody Else", "topics": ["war"], "version": 1})
    patch = charlie.get(f"{address}/revisions?diff=1..2").json
    assert isinstance(patch, list)
    one, two = (charlie.get(f"{address}/revisions/{n}").json for n in (1, 2))
    assert JsonPatch(patch).apply(one) == two
    assert charlie.get(f"{address}/revisions?diff=1..1").json == []
    assert charlie.get(f"{address}/revisions?diff=1..9").status_code == 404
    assert charlie.get(f"{address}/revisions?diff=one").status_code == 400


def test_a_patch_that_changes_nothing_makes_no_version(alice: Client) -> None:
    record = alice.record(statement())
    position = log.position()
    same = {"text": record["text"], "speaker": record["speaker"], "place": None, "version": 1}
    answer = alice.patch(f"/v1/statements/{record['id']}", same)
    assert answer.status_code == 200
    assert answer.json == record
    assert log.position() == position


def test_null_in_a_patch_takes_a_value_away(alice: Client) -> None:
    record = alice.record(statement(place="Brussels", topics=["war"]))
    changed = alice.patch(f"/v1/statements/{record['id']}", {"place": None, "topics": None, "version": 1}).json
    assert (changed["place"], changed["topics"]) == (None, [])


def test_a_reference_is_replaced_whole_by_a_patch(alice: Client) -> None:
    record = alice.record(statement())
    changed = alice.patch(f"/v1/statements/{record['id']}", {"speaker": {"name": "Jens Stoltenberg"}, "version": 1})
    assert changed.json["speaker"]["name"] == "Jens Stoltenberg"
    assert changed.json["speaker"]["id"] != record["speaker"]["id"]


def test_shorthand_in_a_patch_changes_the_one_appearance(alice: Client) -> None:
    record = alice.record(statement(url="https://a.example/1", title="One"))
    changed = alice.patch(f"/v1/statements/{record['id']}", {"url": "https://a.example/2", "version": 1}).json
    assert changed["appearances"][0]["url"] == "https://a.example/2"
    assert changed["appearances"][0]["title"] == "One"
    bad = alice.patch(f"/v1/statements/{record['id']}", {"url": "ftp://a.example", "version": 2})
    assert [each["pointer"] for each in bad.json["errors"]] == ["#/url"]


def test_shorthand_in_a_patch_of_several_appearances_says_to_patch_those(alice: Client) -> None:
    record = alice.record(
        {**statement(), "outlet": None, "appearances": [{"outlet": "The Times"}, {"outlet": "A Blog"}]}
    )
    answer = alice.patch(f"/v1/statements/{record['id']}", {"url": "https://a.example/2", "version": 1})
    assert answer.status_code == 422
    assert answer.json["errors"][0]["pointer"] == "#/url"
    assert "appearances" in answer.json["errors"][0]["detail"]


def test_unknown_members_of_a_patch_are_refused_also_when_null(alice: Client) -> None:
    record = alice.record(statement())
    answer = alice.patch(f"/v1/statements/{record['id']}", {"plaice": None, "version": 1})
    assert answer.status_code == 422
    assert answer.json["errors"][0]["pointer"] == "#/plaice"


def test_a_withdrawn_record_says_when_by_whom_and_why(alice: Client, charlie: Client, bob: Client) -> None:
    record = alice.record(statement())
    address = f"/v1/statements/{record['id']}"
    answer = alice.delete(address, {"reason": "recorded twice", "version": 1})
    assert (answer.status_code, answer.data) == (204, b"")
    gone = charlie.get(address)
    assert gone.status_code == 410
    assert (gone.json["withdrawn_by"], gone.json["reason"]) == ("alice", "recorded twice")
    assert gone.json["withdrawn_at"].endswith("Z")
    assert charlie.get("/v1/statements").json["data"] == []
    assert alice.patch(address, {"place": "x", "version": 1}).status_code == 410
    assert alice.delete(address, {"version": 2}).status_code == 410
    assert charlie.get(f"{address}/revisions").status_code == 401
    assert bob.get(f"{address}/revisions/1").json == record
    assert [each["op"] for each in bob.get(f"{address}/revisions").json["data"]] == ["withdraw", "create"]
    tombstone = bob.get(f"{address}/revisions/2").json
    assert (tombstone["version"], tombstone["withdrawn_by"]) == (2, "alice")


def test_a_withdrawal_needs_no_body(alice: Client, charlie: Client) -> None:
    record = alice.record(statement())
    address = f"/v1/statements/{record['id']}"
    assert alice.delete(address, headers={"If-Match": charlie.get(address).headers["ETag"]}).status_code == 204


def test_withdrawn_words_may_be_recorded_again(alice: Client) -> None:
    record = alice.record(statement(external_id="x-1"))
    alice.delete(f"/v1/statements/{record['id']}", {"version": 1})
    assert alice.record(statement(external_id="x-1"))["id"] != record["id"]


def test_a_withheld_statement_exists_only_for_those_with_a_key(alice: Client, bob: Client, charlie: Client) -> None:
    record = alice.record(statement(status="withheld"))
    address = f"/v1/statements/{record['id']}"
    assert bob.get(address).json["status"] == "withheld"
    assert bob.get("/v1/statements").json["total"] == 1
    for place in (address, f"{address}/revisions", f"{address}/revisions/1"):
        assert charlie.get(place).status_code == 404
    listed = charlie.get("/v1/statements").json
    assert (listed["data"], listed["total"]) == ([], 0)
    alice.delete(address, {"version": 1})
    assert charlie.get(address).status_code == 404
    assert bob.get(address).status_code == 410


def test_what_never_was_is_not_found(alice: Client, charlie: Client) -> None:
    for answer in (
        charlie.get(f"/v1/statements/{NEVER}"),
        charlie.get(f"/v1/statements/{NEVER}/revisions"),
        alice.patch(f"/v1/statements/{NEVER}", {"version": 1}),
        alice.delete(f"/v1/statements/{NEVER}", {"version": 1}),
    ):
        assert answer.status_code == 404


def test_a_record_is_found_only_in_its_own_collection(alice: Client, charlie: Client) -> None:
    record = alice.record(statement())
    alice.delete(f"/v1/statements/{record['id']}", {"version": 1})
    assert charlie.get(f"/v1/speakers/{record['id']}").status_code == 404
    assert charlie.get(f"/v1/statements/{record['speaker']['id']}").status_code == 404


@pytest.mark.parametrize("given", ["Straße", "“We ARE on   record.”", "e\u0301t\u00e9 \U0001f600 \u200d עברית \u200f"])
def test_text_is_kept_exactly_as_sent(alice: Client, charlie: Client, given: str) -> None:
    record = alice.record(statement(text=given))
    assert charlie.get(f"/v1/statements/{record['id']}").json["text"] == given
