"""Statements over HTTP: recording, reading, revising, withdrawing."""

from __future__ import annotations

from tests.conftest import Client, statement


def test_the_smallest_statement_is_recorded_and_read_back(alice: Client, charlie: Client) -> None:
    answer = alice.post("/v1/statements", statement())
    assert answer.status_code == 201
    record = answer.json
    assert answer.headers["Location"].endswith(f"/v1/statements/{record['id']}")
    read = charlie.get(f"/v1/statements/{record['id']}")
    assert read.data == answer.data
    assert read.json["speaker"]["name"] == "Antony Blinken"
    assert read.json["speaker"]["type"] == "person"
    assert read.json["outlet"] == read.json["appearances"][0]["outlet"]
    assert read.json["recorded_by"] == "alice"


def test_an_address_works_with_a_trailing_slash_and_without_a_redirect(alice: Client, charlie: Client) -> None:
    record = alice.record(statement())
    for address in ("/v1/statements/", f"/v1/statements/{record['id']}/"):
        assert charlie.get(address).status_code == 200


def test_renaming_a_speaker_shows_in_every_statement_at_once(alice: Client, charlie: Client) -> None:
    record = alice.record(statement(attributions=[{"speaker": "Somebody Else"}]))
    speaker = record["speaker"]["id"]
    other = record["attributions"][0]["speaker"]["id"]
    tag = charlie.get(f"/v1/statements/{record['id']}").headers["ETag"]
    for id in (speaker, other):
        renamed = alice.patch(f"/v1/speakers/{id}", {"name": f"New {id}", "version": 1})
        assert renamed.status_code == 200
    read = charlie.get(f"/v1/statements/{record['id']}")
    assert read.json["speaker"]["name"] == f"New {speaker}"
    assert read.json["attributions"][0]["speaker"]["name"] == f"New {other}"
    assert read.json["version"] == 1
    assert read.headers["ETag"] != tag
