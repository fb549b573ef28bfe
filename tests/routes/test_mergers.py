"""Speakers and outlets that are merged, and unmerged again."""

from __future__ import annotations

import logging
import random
from typing import Any

import pytest
from werkzeug.test import TestResponse

from api.domain.keeping import indexes
from api.domain.keeping.verification import Seen, verify
from api.storage.db import rows
from tests.conftest import NEVER, Client, statement
from tests.test_errors import assert_problem
from tests.web.conftest import stored

FORCED = {"If-Match": "*"}


def merge(client: Client, one: str, into: str, headers: dict[str, str] | None = None, **body: Any) -> TestResponse:
    address = f"/v1/{'speakers' if one.startswith('spk') else 'outlets'}/{one}/merge"
    return client.post(address, {"into": into, **body}, headers=FORCED if headers is None else headers)


def unmerge(client: Client, one: str, **given: Any) -> TestResponse:
    return client.post(f"/v1/{'speakers' if one.startswith('spk') else 'outlets'}/{one}/unmerge", {}, **given)


def ids(answer: TestResponse) -> set[str]:
    assert answer.status_code == 200, answer.text
    return {each["id"] for each in answer.json["data"]}


@pytest.fixture
def votels(alice: Client) -> tuple[str, str]:
    """Two speakers who are one, the first with two statements, the second with one."""
    one, other = (
        str(alice.record({"name": name, "type": "person", "aliases": [alias]}, "speakers")["id"])
        for name, alias in (("Joe Votel", "Votel, J."), ("Joseph L. Votel", "General Votel"))
    )
    for text, speaker in (("First.", one), ("Second.", one), ("Third.", other)):
        alice.record(statement(text=text, speaker=speaker))
    return one, other


def test_everything_follows_at_once_and_comes_back(alice: Client, charlie: Client, votels: tuple[str, str]) -> None:
    one, other = votels
    addresses = [
        "/v1/statements?count=exact",
        "/v1/statements.ndjson",
        "/v1/statements.csv",
        "/v1/speakers",
        "/v1/speakers.ndjson",
        "/v1/speakers?q=votel",
        "/v1/statements/counts?by=speaker",
        "/v1/figures",
        *(
            f"/v1/statements?{parameter}={value}"
            for parameter in ("speaker", "speaker.not")
            for value in (one, other, "joe votel", "General Votel", "Joseph L. Votel", "Antony Blinken")
        ),
        *(f"/v1/statements?q={words}" for words in ("joe", '"general+votel"', "joseph", "votel", "-votel+first")),
    ]
    before = {address: charlie.get(address).data for address in addresses}
    tags = {address: charlie.get(address).headers.get("ETag") for address in addresses}
    answer = merge(alice, one, other)
    assert (answer.status_code, answer.json["id"]) == (200, other)
    assert answer.headers["ETag"] == charlie.get(f"/v1/speakers/{other}").headers["ETag"]
    for address in addresses:
        fresh = charlie.get(address, headers={"If-None-Match": tags[address]} if tags[address] else {})
        assert fresh.status_code == 200
    listed = charlie.get("/v1/statements").json["data"]
    assert {each["speaker"]["name"] for each in listed} == {"Joseph L. Votel"}
    assert {each["speaker"]["id"] for each in listed} == {other}
    for value in (one, other, "joe votel", "votel, j.", "General Votel", "Joseph L. Votel"):
        # A name with a comma is tried whole first.
        assert charlie.get("/v1/statements", query_string={"speaker": value}).json["total"] == 3
        assert charlie.get("/v1/statements", query_string={"speaker.not": value}).json["total"] == 0
    for words in ("joe", "joseph", '"general votel"', '"joe votel"', "votel first", '"joseph l. votel" second'):
        found = charlie.get("/v1/statements", query_string={"q": words}).json["total"]
        assert found == (1 if words.endswith(("first", "second")) else 3), words
    [group] = charlie.get("/v1/statements/counts?by=speaker").json["groups"]
    assert group == {"key": other, "label": "Joseph L. Votel", "count": 3}
    [shown] = charlie.get("/v1/speakers?q=joe").json["data"]
    assert (shown["id"], shown["statements_count"]) == (other, 3)
    assert ids(charlie.get("/v1/speakers")) == {other}
    [whole] = {each["speaker"]["id"] for each in charlie.get("/v1/statements?expand=speaker").json["data"]}
    assert whole == other
    assert unmerge(alice, one).json["id"] == one
    for address in addresses:
        # Of the speaker itself two versions have been made.
        if not address.startswith("/v1/speakers"):
            assert charlie.get(address).data == before[address], address
    assert ids(charlie.get("/v1/speakers")) == {one, other}
    assert {each["id"]: each["statements_count"] for each in charlie.get("/v1/speakers?q=votel").json["data"]} == {
        one: 2,
        other: 1,
    }


def test_the_old_id_leads_to_the_new_with_its_suffix_and_parameters(
    alice: Client, charlie: Client, votels: tuple[str, str]
) -> None:
    one, other = votels
    merge(alice, one, other)
    for suffix in ("", "/", ".json"):
        for method in ("GET", "HEAD"):
            answer = charlie.open(method, f"/v1/speakers/{one}{suffix}?_=a%20b")
            assert answer.status_code == 308
            assert answer.headers["Location"].endswith(f"/v1/speakers/{other}{suffix}?_=a%20b")
            assert answer.headers["Cache-Control"] == "no-store"
    problem = assert_problem(charlie.get(f"/v1/speakers/{one}"), 308)
    assert problem["existing"] == {"id": other, "url": f"/v1/speakers/{other}"}
    followed = charlie.get(f"/v1/speakers/{one}", follow_redirects=True)
    assert followed.json["id"] == other


def test_its_history_stays_readable_and_says_what_happened(
    alice: Client, charlie: Client, votels: tuple[str, str]
) -> None:
    one, other = votels
    first = charlie.get(f"/v1/speakers/{one}/revisions/1").data
    merge(alice, one, other)
    assert charlie.get(f"/v1/speakers/{one}/revisions/1").data == first
    merged = charlie.get(f"/v1/speakers/{one}/revisions/2").json
    assert merged["merged_into"] == {"id": other, "name": "Joseph L. Votel", "type": "person"}
    unmerge(alice, one)
    assert "merged_into" not in charlie.get(f"/v1/speakers/{one}").json
    entries = charlie.get(f"/v1/speakers/{one}/revisions").json["data"]
    assert [(each["version"], each["op"], each["note"]) for each in entries] == [
        (3, "update", f"No longer merged into {other}."),
        (2, "merge", f"Merged into {other}."),
        (1, "create", None),
    ]
    assert [each["op"] for each in charlie.get(f"/v1/speakers/{other}/revisions").json["data"]] == ["create"]


def test_it_needs_the_version_of_the_one_that_goes(alice: Client, votels: tuple[str, str]) -> None:
    one, other = votels
    before = stored()
    assert_problem(merge(alice, one, other, {}), 428)
    assert assert_problem(merge(alice, one, other, {}, version=2), 412)["current_version"] == 1
    tag = alice.get(f"/v1/speakers/{other}").headers["ETag"]
    assert_problem(merge(alice, one, other, {"If-Match": tag}), 412)
    assert stored() == before
    assert merge(alice, one, other, {"If-Match": alice.get(f"/v1/speakers/{one}").headers["ETag"]}).status_code == 200
    assert_problem(unmerge(alice, one, headers={"If-Match": f'"{one}.1-x"'}), 412)
    assert unmerge(alice, one, headers={"If-Match": f'"{one}.2-x"'}).status_code == 200
    assert merge(alice, one, other, {}, version=3).status_code == 200


def test_what_cannot_be_merged_is_refused(alice: Client, charlie: Client, votels: tuple[str, str]) -> None:
    one, other = votels
    outlet = alice.get("/v1/outlets").json["data"][0]["id"]
    gone = alice.record({"name": "Nobody"}, "speakers")["id"]
    alice.delete(f"/v1/speakers/{gone}", headers=FORCED)
    before = stored()
    for into in (one, outlet, gone, "spk_00000000000000000000000000", NEVER, "Joseph L. Votel", None, 7):
        [error] = assert_problem(merge(alice, one, into), 422)["errors"]  # type: ignore[arg-type]
        assert error["pointer"] == "#/into"
    assert_problem(merge(alice, gone, one), 410)
    assert_problem(unmerge(alice, gone), 410)
    assert_problem(merge(alice, "spk_00000000000000000000000000", one), 404)
    assert_problem(unmerge(alice, one), 409)
    assert merge(charlie, one, other).status_code == 401
    assert stored() == before
    merge(alice, one, other)
    before = stored()
    # Neither once more, nor back the other way, since each stands for itself through the other.
    assert assert_problem(merge(alice, one, other), 409)["existing"]["id"] == other
    for into in (one, other):
        assert_problem(merge(alice, other, into), 422)
    assert stored() == before


def test_neither_of_two_that_are_merged_can_be_withdrawn_nor_the_merged_one_changed(
    alice: Client, votels: tuple[str, str]
) -> None:
    one, _ = votels
    lone = alice.record({"name": "Somebody new"}, "speakers")["id"]
    another = alice.record({"name": "Somebody newer"}, "speakers")["id"]
    merge(alice, lone, another)
    before = stored()
    for method, id in (("DELETE", lone), ("DELETE", another), ("PATCH", lone)):
        problem = assert_problem(alice.open(method, f"/v1/speakers/{id}", json={}, headers=FORCED), 409)
        assert ("existing" in problem) == (id == lone)
    # Its version could be by chance that of the other, so a change is not led on there.
    assert_problem(alice.patch(f"/v1/speakers/{lone}", {"name": "x", "version": 1}), 409)
    assert stored() == before
    unmerge(alice, lone)
    for id in (lone, another):
        assert alice.delete(f"/v1/speakers/{id}", headers=FORCED).status_code == 204
    assert alice.patch(f"/v1/speakers/{one}", {"merged_into": None}, headers=FORCED).status_code == 422


def test_renaming_the_survivor_shows_everywhere(alice: Client, charlie: Client, votels: tuple[str, str]) -> None:
    one, other = votels
    merge(alice, one, other)
    alice.patch(f"/v1/speakers/{other}", {"name": "J. L. Votel", "version": 1})
    assert {each["speaker"]["name"] for each in charlie.get("/v1/statements").json["data"]} == {"J. L. Votel"}
    assert charlie.get("/v1/statements?speaker=Joseph+L.+Votel").json["total"] == 0
    assert charlie.get("/v1/statements?speaker=Joe+Votel").json["total"] == 3
    assert charlie.get("/v1/statements?q=joseph").json["total"] == 0
    unmerge(alice, one)
    assert charlie.get("/v1/statements?speaker=Joe+Votel").json["total"] == 2


def test_what_is_recorded_for_the_old_one_belongs_to_the_new(
    alice: Client, charlie: Client, votels: tuple[str, str]
) -> None:
    one, other = votels
    merge(alice, one, other)
    for text, speaker in (("By id.", one), ("By name.", "Joe Votel"), ("Itself.", {"id": one, "name": "Joe Votel"})):
        made = alice.record(statement(text=text, speaker=speaker, attributions=[{"speaker": one}]))
        assert made["speaker"]["id"] == made["attributions"][0]["speaker"]["id"] == other
    assert ids(charlie.get("/v1/speakers")) == {other}
    unmerge(alice, one)
    assert charlie.get(f"/v1/statements?speaker={one}").json["total"] == 2
    assert charlie.get(f"/v1/statements?speaker={other}").json["total"] == 4


def test_changing_a_statement_leaves_it_to_whom_it_belongs(
    alice: Client, charlie: Client, votels: tuple[str, str]
) -> None:
    one, other = votels
    [id] = ids(charlie.get("/v1/statements?q=first"))
    merge(alice, one, other)
    alice.patch(f"/v1/statements/{id}", {"topics": ["war"], "version": 1})
    # What is shown for it, sent back, changes nothing.
    shown = charlie.get(f"/v1/statements/{id}").json
    for speaker in (shown["speaker"], other, one, "Joe Votel", "Joseph L. Votel"):
        answer = alice.patch(f"/v1/statements/{id}", {"speaker": speaker, "outlet": shown["outlet"], "version": 2})
        assert (answer.status_code, answer.json["version"]) == (200, 2)
    unmerge(alice, one)
    assert charlie.get(f"/v1/statements/{id}").json["speaker"]["id"] == one


def test_the_same_words_by_either_are_the_same_statement(alice: Client, votels: tuple[str, str]) -> None:
    one, other = votels
    twin = alice.record(statement(text="First.", speaker=other))["id"]
    merge(alice, one, other)
    for speaker in (one, other, "Joe Votel"):
        assert_problem(alice.post("/v1/statements", statement(text="First.", speaker=speaker)), 409)
    # Those that were made alike by the merger may still be changed, but into no third.
    changed = alice.patch(f"/v1/statements/{twin}", {"context": "x", "version": 1})
    assert changed.status_code == 200
    assert_problem(alice.patch(f"/v1/statements/{twin}", {"text": "Second.", "version": 2}), 409)


def test_outlets_are_merged_alike(alice: Client, charlie: Client) -> None:
    one, other = (alice.record({"name": name}, "outlets")["id"] for name in ("AP", "Associated Press"))
    source = alice.record({"url": "https://ap.example/1", "outlet": one}, "sources")["id"]
    appearances = [{"outlet": other, "via": [{"name": "AP", "outlet": one}]}]
    first = alice.record(statement(outlet=None, appearances=appearances))["id"]
    second = alice.record(statement(text="Second.", outlet=one))["id"]
    before = charlie.get(f"/v1/statements/{first}")
    merge(alice, one, other)
    assert charlie.get(f"/v1/statements?outlet={one}").json["total"] == 2
    assert charlie.get("/v1/statements?outlet=ap").json["total"] == 2
    shown = charlie.get(f"/v1/statements/{first}")
    assert shown.json["appearances"][0]["via"][0]["outlet"]["id"] == other
    assert shown.headers["ETag"] != before.headers["ETag"]
    assert charlie.get(f"/v1/sources/{source}").json["outlet"]["name"] == "Associated Press"
    [group] = charlie.get("/v1/statements/counts?by=outlet").json["groups"]
    assert (group["key"], group["count"]) == (other, 2)
    assert [each["statements_count"] for each in charlie.get("/v1/outlets?q=ap").json["data"]] == [2]
    unmerge(alice, one)
    assert charlie.get(f"/v1/statements/{first}").data == before.data
    assert charlie.get(f"/v1/statements?outlet={one}").json["data"][0]["id"] == second


def test_a_merger_that_is_sent_again_is_done_once(alice: Client, votels: tuple[str, str]) -> None:
    one, other = votels
    headers = {"Idempotency-Key": "k", "If-Match": f'"{one}.1-x"'}
    first, again = (merge(alice, one, other, headers) for _ in range(2))
    assert (first.status_code, first.data) == (again.status_code, again.data)


# --- what it costs -------------------------------------------------------------------------------------------


def asked(client: Client, caplog: pytest.LogCaptureFixture, address: str) -> list[tuple[str, list[Any]]]:
    """Return the SQL that a request runs, with its parameters."""
    caplog.clear()
    with caplog.at_level(logging.DEBUG, "peewee"):
        assert client.get(address).status_code == 200
    return [record.msg for record in caplog.records if record.name == "peewee"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("by", ["id", "name"])
def test_where_nobody_is_merged_a_list_is_one_walk_along_an_index(
    charlie: Client, caplog: pytest.LogCaptureFixture, votels: tuple[str, str], by: str
) -> None:
    value = votels[0] if by == "id" else "Joe+Votel"
    queries = asked(charlie, caplog, f"/v1/statements?speaker={value}&count=none")
    plain = asked(charlie, caplog, "/v1/statements?count=none")
    # Who is meant is one more query, and each phase of the list is a walk.
    assert len(queries) == len(plain) + 1
    for sql, parameters in queries:
        if "FROM statement t" in sql:
            plan = [each[3] for each in rows(f"EXPLAIN QUERY PLAN {sql}", parameters)]
            assert plan[0].startswith("SEARCH t USING INDEX statement_speaker_said_lower_id (speaker=?")
            assert not any("TEMP B-TREE" in each for each in plan)


def test_being_merged_costs_no_query_more(
    alice: Client, charlie: Client, caplog: pytest.LogCaptureFixture, votels: tuple[str, str]
) -> None:
    one, other = votels
    addresses = ("/v1/statements", f"/v1/statements?speaker={one}", "/v1/speakers", f"/v1/speakers/{other}")
    before = [len(asked(charlie, caplog, address)) for address in addresses]
    merge(alice, one, other)
    assert [len(asked(charlie, caplog, address)) for address in addresses] == before


# --- against a model -----------------------------------------------------------------------------------------


class Model:
    """Who was merged into whom, and who said what, as plain dictionaries."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.above: dict[str, str] = {}
        self.said: dict[str, str] = {}

    def standing(self, id: str) -> str:
        while id in self.above:
            id = self.above[id]
        return id

    def of(self, id: str) -> set[str]:
        return {each for each, by in self.said.items() if self.standing(by) == self.standing(id)}


def step(chance: random.Random, alice: Client, model: Model, number: int) -> None:
    """Do one thing to the service and to the model."""
    one, other = chance.choices(list(model.names), k=2)
    action = chance.choice(("merge", "merge", "unmerge", "record", "patch", "withdraw", "rename"))
    some = chance.choice(list(model.said)) if model.said else None
    if action == "merge":
        expected = 409 if one in model.above else 422 if model.standing(other) == one else 200
        assert merge(alice, one, other).status_code == expected
        if expected == 200:
            model.above[one] = model.standing(other)
    elif action == "unmerge":
        assert unmerge(alice, one).status_code == (200 if one in model.above else 409)
        model.above.pop(one, None)
    elif action == "record":
        given = chance.choice((one, model.names[one]))
        made = alice.record(statement(text=f"Words {number}.", speaker=given))
        model.said[made["id"]] = model.standing(one)
    elif action == "patch" and some:
        speaker = chance.choice(({}, {"speaker": one}))
        alice.patch(f"/v1/statements/{some}", {"context": f"Note {number}.", **speaker}, headers=FORCED)
        if speaker and model.standing(one) != model.standing(model.said[some]):
            model.said[some] = model.standing(one)
    elif action == "withdraw" and some:
        assert alice.delete(f"/v1/statements/{some}", headers=FORCED).status_code == 204
        del model.said[some]
    elif action == "rename" and one not in model.above:
        model.names[one] = f"Speaker{number:02} Renamed"
        assert alice.patch(f"/v1/speakers/{one}", {"name": model.names[one]}, headers=FORCED).status_code == 200


def check(client: Client, model: Model) -> None:
    """Compare everything that a merger bears on with the model."""
    standing = {id for id in model.names if id not in model.above}
    assert ids(client.get("/v1/speakers?limit=200")) == standing
    for id, name in model.names.items():
        of = model.of(id)
        assert client.get(f"/v1/speakers/{id}").status_code == (200 if id in standing else 308)
        for value in (id, name):
            assert ids(client.get("/v1/statements", query_string={"speaker": value})) == of
            assert ids(client.get("/v1/statements", query_string={"speaker.not": value})) == set(model.said) - of
        for words in (name.split()[0], f'"{name}"'):
            assert ids(client.get("/v1/statements", query_string={"q": words})) == of
        [found] = client.get("/v1/speakers", query_string={"q": name}).json["data"]
        assert (found["id"], found["statements_count"]) == (model.standing(id), len(of))
    for shown in client.get("/v1/statements?limit=200").json["data"]:
        by = model.standing(model.said[shown["id"]])
        assert (shown["speaker"]["id"], shown["speaker"]["name"]) == (by, model.names[by])
    groups = client.get("/v1/statements/counts?by=speaker").json["groups"]
    counted = {each["key"]: each["count"] for each in groups}
    assert counted == {id: len(model.of(id)) for id in standing if model.of(id)}


INDEXED = "SELECT id, reference, cited, merged_into FROM speaker", "SELECT * FROM name", "SELECT * FROM name_word"


@pytest.mark.parametrize("seed", range(4))
def test_random_mergers_agree_with_a_model(alice: Client, charlie: Client, seed: int) -> None:
    chance, model = random.Random(seed), Model()
    for number in range(5):
        name = f"Speaker{number:02} Original"
        model.names[alice.record({"name": name}, "speakers")["id"]] = name
    for number in range(5, 45):
        step(chance, alice, model, number)
        if number % 3 == 0:
            check(charlie, model)
    indexed = [sorted(map(repr, rows(sql))) for sql in INDEXED]
    indexes.rebuild(lambda done, total: None)
    assert [sorted(map(repr, rows(sql))) for sql in INDEXED] == indexed
    check(charlie, model)


def test_a_log_with_mergers_is_whole_and_so_are_its_indexes(alice: Client, votels: tuple[str, str]) -> None:
    one, other = votels
    assert merge(alice, one, other).status_code == 200
    assert list(verify(Seen())) == []
    assert unmerge(alice, one).status_code == 200
    assert list(verify(Seen())) == []
