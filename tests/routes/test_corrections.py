"""Corrections, clarifications and retractions of statements."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from werkzeug.test import TestResponse

from api.domain.core.ids import now
from api.formats import columns
from schemas.statements import StatementOut
from tests.conftest import NEVER, Client, statement
from tests.test_errors import assert_problem
from tests.web.conftest import stored

NOTE = "The figure was five, not six."


def correct(client: Client, id: str, headers: dict[str, str] | None = None, **body: Any) -> TestResponse:
    body = {"kind": "correction", "note": NOTE, **body}
    return client.post(f"/v1/statements/{id}/corrections", body, headers=headers)


@pytest.fixture
def id(alice: Client) -> str:
    return str(alice.record(statement(topics=["war"]))["id"])


def test_a_correction_makes_one_version_that_carries_it(alice: Client, charlie: Client, id: str) -> None:
    answer = correct(alice, id, on="2022-03-24", patch={"text": "We were on record."})
    assert answer.status_code == 201
    assert answer.headers["Location"].endswith(f"/v1/statements/{id}")
    assert answer.json["version"] == 2
    assert answer.json["text"] == "We were on record."
    assert answer.json["corrections"] == [{"kind": "correction", "note": NOTE, "on": "2022-03-24", "version": 2}]
    read = charlie.get(f"/v1/statements/{id}")
    assert (read.data, read.headers["ETag"]) == (answer.data, answer.headers["ETag"])
    assert charlie.get("/v1/statements?q=were").json["data"] == [read.json]
    entry = charlie.get(f"/v1/statements/{id}/revisions").json["data"][0]
    assert (entry["op"], entry["version"], entry["note"]) == ("update", 2, NOTE)
    assert charlie.get(f"/v1/statements/{id}/revisions/1").json["corrections"] == []


def test_corrections_follow_each_other_and_a_patch_keeps_them(alice: Client, id: str) -> None:
    before = now()[:10]
    correct(alice, id)
    correct(alice, id, kind="clarification", note="It was said in Brussels.", patch={"place": "Brussels"})
    found = alice.patch(f"/v1/statements/{id}", {"context": "x", "version": 3}).json
    assert [(each["kind"], each["version"]) for each in found["corrections"]] == [
        ("correction", 2),
        ("clarification", 3),
    ]
    assert all(before <= each["on"] <= now()[:10] for each in found["corrections"])
    assert (found["version"], found["place"], found["topics"]) == (4, "Brussels", ["war"])


def test_a_retraction_marks_the_statement_and_it_is_still_served(alice: Client, charlie: Client, id: str) -> None:
    assert correct(alice, id, kind="retraction").json["status"] == "retracted"
    assert charlie.get("/v1/statements?status=retracted").json["total"] == 1
    assert correct(alice, id, kind="retraction", patch={"status": "retracted", "place": "Kyiv"}).status_code == 201
    assert [each["kind"] for each in charlie.get(f"/v1/statements/{id}").json["corrections"]] == ["retraction"] * 2


def test_a_retraction_that_says_another_status_is_refused(alice: Client, id: str) -> None:
    before = stored()
    for status in ("published", "withheld", None, 7, {}):
        [error] = assert_problem(correct(alice, id, kind="retraction", patch={"status": status}), 422)["errors"]
        assert error["pointer"] == "#/patch/status"
    assert stored() == before


def test_a_retraction_shows_nothing_that_is_withheld_unless_that_is_said(
    alice: Client, charlie: Client, id: str
) -> None:
    alice.patch(f"/v1/statements/{id}", {"status": "withheld", "version": 1})
    assert correct(charlie, id).status_code == 401
    assert_problem(correct(alice, id, kind="retraction"), 422)
    assert correct(alice, id).json["status"] == "withheld"
    assert charlie.get(f"/v1/statements/{id}").status_code == 404
    assert correct(alice, id, kind="retraction", patch={"status": "retracted"}).status_code == 201
    assert charlie.get(f"/v1/statements/{id}").status_code == 200


WRONG = [
    ({"kind": "apology"}, {"#/kind"}),
    ({"kind": None, "note": ""}, {"#/kind", "#/note"}),
    ({"on": "2022-02-30", "nonsense": 1}, {"#/on", "#/nonsense"}),
    ({"patch": "x"}, {"#/patch"}),
    ({"patch": []}, {"#/patch"}),
    ({"patch": {"kind": "x", "lang": "??", "nonsense": 1}}, {"#/patch/kind", "#/patch/lang", "#/patch/nonsense"}),
    (
        {"kind": "apology", "on": 1, "patch": {"lang": "??", "url": "x"}},
        {"#/kind", "#/on", "#/patch/lang", "#/patch/url"},
    ),
    ({"patch": {"appearances": [{"outlet": "AP", "url": "x"}]}}, {"#/patch/appearances/0/url"}),
    ({"patch": {"outlet": None}}, {"#/patch/outlet"}),
    ({"patch": {"id": NEVER, "version": 1}}, {"#/patch/id", "#/patch/version"}),
    ({"patch": {"corrections": []}}, {"#/patch/corrections"}),
    ({"patch": {"url": "ftp://a.example"}}, {"#/patch/url"}),
    ({"patch": {"speaker": None}}, {"#/patch/attributed_as"}),
    ({"patch": {"speaker": "spk_00000000000000000000000000"}}, {"#/patch/speaker"}),
    ({"patch": {"outlet": "out_00000000000000000000000000"}}, {"#/patch/outlet"}),
    ({"version": 0}, {"#/version"}),
]


@pytest.mark.parametrize(("body", "pointers"), WRONG)
def test_what_is_wrong_is_said_with_its_place(alice: Client, id: str, body: dict[str, Any], pointers: set[str]) -> None:
    before = stored()
    problem = assert_problem(correct(alice, id, **body), 422)
    assert {error["pointer"] for error in problem["errors"]} == pointers
    assert stored() == before


def test_a_precondition_is_honoured_where_it_is_sent(alice: Client, id: str) -> None:
    tag = alice.get(f"/v1/statements/{id}").headers["ETag"]
    assert correct(alice, id, headers={"If-Match": tag}).status_code == 201
    for headers, body in (({"If-Match": tag}, {}), ({}, {"version": 1})):
        assert assert_problem(correct(alice, id, headers, **body), 412)["current_version"] == 2
    assert correct(alice, id, {"If-Match": "*"}).status_code == 201
    assert correct(alice, id, version=3).json["version"] == 4
    assert_problem(correct(alice, id, {"If-Match": tag}, version=4), 400)


def test_it_clashes_and_goes_missing_as_any_change_does(alice: Client, id: str) -> None:
    alice.record(statement(text="Other words.", external_id="taken"))
    assert assert_problem(correct(alice, id, patch={"external_id": "taken"}), 409)["existing"]
    assert_problem(correct(alice, NEVER), 404)
    alice.delete(f"/v1/statements/{id}", headers={"If-Match": "*"})
    assert_problem(correct(alice, id), 410)


def test_a_correction_that_is_sent_again_is_made_once(alice: Client, id: str) -> None:
    answers = [correct(alice, id, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert answers[0].data == answers[1].data
    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    assert alice.get(f"/v1/statements/{id}").json["version"] == 2


def test_corrections_survive_csv(alice: Client, charlie: Client, id: str) -> None:
    correct(alice, id, note='=1+1, "quoted"\nand more')
    text = charlie.get("/v1/statements.csv").text
    [row] = csv.DictReader(io.StringIO(text, newline=""))
    assert columns.document(row, StatementOut)["corrections"] == alice.get(f"/v1/statements/{id}").json["corrections"]
