"""Many statements at once: each line with its own outcome, and everything as if each had been posted by itself."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from api.app import create_app
from api.domain.core import keys
from api.domain.keeping import erasures
from api.domain.keeping.verification import Seen, verify
from api.domain.writing import demonstration
from api.settings import Settings
from api.storage.db import close_database, open_database
from tests.conftest import Client, statement
from tests.test_errors import assert_problem
from tests.web.conftest import stored

NDJSON = "application/x-ndjson"
ADDRESS = "/v1/statements/bulk"
Document = dict[str, Any]


def send(client: Client, lines: list[Any] | bytes, query: str = "", media: str = NDJSON, **given: Any) -> TestResponse:
    data = lines if isinstance(lines, bytes) else "".join(json.dumps(line) + "\n" for line in lines).encode()
    return client.open("POST", f"{ADDRESS}?{query}", data=data, content_type=media, **given)


def counted(answer: TestResponse) -> dict[str, int]:
    names = ("received", "created", "updated", "unchanged", "failed")
    return {name: answer.json[name] for name in names if answer.json[name]}


def listed(client: Client) -> list[Document]:
    return [json.loads(line) for line in client.get("/v1/statements.ndjson?sort=created_at").text.splitlines()]


def plain(document: Document) -> Any:
    """Return a document without what differs from record to record, however it came in."""
    if isinstance(document, dict):
        own = ("id", "version", "created_at", "updated_at", "recorded_by")
        return {name: plain(value) for name, value in document.items() if name not in own}
    return [plain(each) for each in document] if isinstance(document, list) else document


def invented(random: random.Random, number: int) -> Document:
    """Return a statement such as newsrooms send, sometimes wrong, sometimes said before."""
    made: Document = statement(text=random.choice((f"Sentence {number}.", f"Sentence {number % 7}!")))
    made["speaker"] = random.choice(("Ada", "Bob", "ada ", {"name": "Cy", "type": "group"}, f"New {number % 9}"))
    made["outlet"] = random.choice(("AP", "Reuters", f"Paper {number % 11}"))
    if random.random() < 0.1:
        # The name of another, by which neither can be told from then on.
        made["outlet"] = {"name": f"Paper {number % 11}", "type": random.choice(("website", "magazine"))}
    if random.random() < 0.05:
        made["speaker"] = {"name": f"Person {number}", "aliases": [f"New {number % 9}"]}
    if random.random() < 0.3:
        made["external_id"] = f"x-{random.randrange(20)}"
    if random.random() < 0.3:
        made["topics"] = random.sample(["War", "Peace", "war", "Défense"], 2)
    if random.random() < 0.3:
        made["figures"] = [{"name": "soldiers killed", "min_value": number, "unit_text": "people"}]
    if random.random() < 0.2:
        made["status"] = random.choice(("withheld", "retracted"))
    if random.random() < 0.2:
        made["attributions"] = [{"speaker": random.choice(("Ada", "Dan", "Eve")), "status": "rejected"}]
    if random.random() < 0.15:
        made[random.choice(("kind", "form", "nonsense"))] = "bad"
    if random.random() < 0.1:
        made["speaker"] = "spk_00000000000000000000000000"
    return made


@pytest.mark.parametrize("seed", range(3))
def test_a_bulk_leaves_what_posting_one_by_one_leaves(alice: Client, another: str, seed: int) -> None:
    chance = random.Random(seed)
    sent = [invented(chance, number) for number in range(120)]
    answers = [alice.post("/v1/statements", each) for each in sent]
    single = [each.status_code for each in answers]
    refused = [{one["pointer"] for one in each.json["errors"]} for each in answers if each.status_code == 422]
    expected, names = sorted(map(json.dumps, map(plain, listed(alice)))), alice.get("/v1/speakers?limit=200").json
    close_database()
    client = Client(create_app(Settings(database=another)), keys.make("alice", ["write"])["key"])
    answer = send(client, sent)
    assert answer.status_code == 207
    assert answer.json["created"] == single.count(201)
    assert [each["status"] for each in answer.json["errors"]] == [each for each in single if each != 201]
    invalid = [each["errors"] for each in answer.json["errors"] if each["status"] == 422]
    assert [{one["pointer"] for one in each} for each in invalid] == refused
    assert sorted(map(json.dumps, map(plain, listed(client)))) == expected
    again = client.get("/v1/speakers?limit=200").json
    assert {each["name"] for each in again["data"]} == {each["name"] for each in names["data"]}
    assert list(verify(Seen())) == []
    close_database()


@pytest.mark.parametrize(("form", "media"), [("ndjson", NDJSON), ("csv", "text/csv")])
def test_what_was_exported_comes_back_equal(app: Flask, dora: Client, another: str, form: str, media: str) -> None:
    demonstration.load()
    corrected = dora.get("/v1/statements?limit=1").json["data"][0]["id"]
    correction = {"kind": "correction", "note": "=SUM(A1) was wrong.", "patch": {"context": "'quoted"}}
    assert dora.post(f"/v1/statements/{corrected}/corrections", correction).status_code == 201
    exported, before = dora.get(f"/v1/statements.{form}").data, listed(dora)
    close_database()
    open_database(Settings(database=another))
    client = Client(create_app(Settings(database=another)), keys.make("dora", ["admin"])["key"])
    answer = send(client, exported, media=media)
    assert (answer.status_code, counted(answer)) == (200, {"received": len(before), "created": len(before)})
    ours = ("version", "updated_at", "recorded_by")
    after = {each["id"]: {k: v for k, v in each.items() if k not in ours} for each in listed(client)}
    assert after == {each["id"]: {k: v for k, v in each.items() if k not in ours} for each in before}
    assert list(verify(Seen())) == []
    again = send(client, exported, "on_conflict=update", media=media)
    assert counted(again) == {"received": len(before), "unchanged": len(before)}
    close_database()


def test_lines_that_are_wrong_are_told_with_their_places_and_the_others_go_in(alice: Client) -> None:
    lines = [statement(text="One."), {"kind": "quot"}, statement(text="Two."), [], statement(text="Two.")]
    data = b"\xef\xbb\xbf" + b"\n".join(json.dumps(each).encode() for each in lines) + b"\n\n{]\n" + b'{"a":1,"a":2}'
    answer = send(alice, data)
    assert answer.status_code == 207
    assert counted(answer) == {"received": 7, "created": 2, "failed": 5}
    found = {
        each["line"]: (each["status"], {one["pointer"] for one in each["errors"]}) for each in answer.json["errors"]
    }
    assert found[2][0] == 422
    assert {"#/kind", "#/text", "#/outlet"} <= found[2][1]
    assert found[4] == (400, {"#"})
    assert found[5] == (409, {"#"})
    assert found[7] == found[8] == (400, {"#"})


def test_nothing_is_stored_where_none_is_right_or_all_must_be(alice: Client) -> None:
    before = stored()
    mixed = [statement(text="One.", speaker="Somebody New"), {"kind": "quote"}]
    for lines, query in (([{}, {}], ""), (mixed, "atomic=true"), ([{}], "dry_run=true")):
        answer = send(alice, lines, query)
        assert_problem(answer, 422, "no-line-taken")
        assert answer.json["created"] == 0
        assert stored() == before
    tried = send(alice, mixed, "dry_run=true")
    assert (tried.status_code, counted(tried)) == (207, {"received": 2, "created": 1, "failed": 1})
    assert stored() == before
    assert counted(send(alice, [mixed[0]], "atomic=true")) == {"received": 1, "created": 1}


def test_what_is_held_already_is_refused_left_or_changed(alice: Client) -> None:
    first = statement(text="As it was.", external_id="wire-1")
    id = alice.record(first)["id"]
    changed = statement(text="As it is now.", external_id="wire-1", speaker="Another")
    assert send(alice, [changed]).json["errors"][0]["errors"][0]["existing"]["id"] == id
    assert counted(send(alice, [changed], "on_conflict=skip")) == {"received": 1, "unchanged": 1}
    assert counted(send(alice, [first], "on_conflict=update")) == {"received": 1, "unchanged": 1}
    assert counted(send(alice, [changed, changed], "on_conflict=update")) == {
        "received": 2,
        "updated": 1,
        "unchanged": 1,
    }
    now = alice.get(f"/v1/statements/{id}").json
    assert (now["version"], now["text"], now["speaker"]["name"]) == (2, "As it is now.", "Another")
    twice = [statement(text="New.", external_id="wire-2"), statement(text="Newer.", external_id="wire-2")]
    assert counted(send(alice, twice, "on_conflict=update")) == {"received": 2, "created": 1, "updated": 1}
    assert list(verify(Seen())) == []


def test_ids_are_kept_for_who_administers_only(alice: Client, dora: Client) -> None:
    own = statement(id="stm_01kayv5q3nf8r8d2xq1n6z0t4y", created_at="2022-03-24T00:00:00.000Z", version=7)
    assert counted(send(alice, [own])) == {"received": 1, "created": 1}
    assert alice.get(f"/v1/statements/{own['id']}").status_code == 404
    assert counted(send(dora, [{**own, "text": "Mine."}])) == {"received": 1, "created": 1}
    kept = alice.get(f"/v1/statements/{own['id']}").json
    assert (kept["version"], kept["created_at"]) == (1, own["created_at"])
    dora.delete(f"/v1/statements/{own['id']}", headers={"If-Match": "*"})
    for how in ("error", "update"):
        answer = send(dora, [{**own, "text": "Mine."}], f"on_conflict={how}")
        assert answer.json["errors"][0]["status"] in (409, 410)
    wrong = send(alice, [statement(id="x", created_at=3, corrections=[{"kind": "no"}])])
    assert {each["pointer"].split("/")[1] for each in wrong.json["errors"][0]["errors"]} == {
        "id",
        "created_at",
        "corrections",
    }


UNKNOWN = {"speaker": "spk_01kayv5q3nf8r8d2xq1n6z0t4y", "outlet": "out_01kayv5q3nf8r8d2xq1n6z0t4y"}


@pytest.mark.parametrize(
    ("described", "pointers"),
    [
        ({"name": "NUL\0", "type": "person"}, {"name"}),
        ({"name": "lone \ud800", "type": "person"}, {"name"}),
        ({"name": "x" * 501}, {"name"}),
        ({"name": " \u00a0 "}, {"name"}),
        ({"name": 5}, {"name"}),
        ({"name": "Ada", "type": "personn"}, {"type"}),
        ({"name": "", "type": 3}, {"name", "type"}),
    ],
)
@pytest.mark.parametrize("may", ["write", "admin"])
def test_who_is_described_wrongly_is_a_problem_of_the_line(
    app: Flask, may: str, described: Document, pointers: set[str]
) -> None:
    client = Client(app, keys.make("eve", [may])["key"])
    before = stored()
    wrong = {kind: {"id": id, **described} for kind, id in UNKNOWN.items()}
    appearance = {"outlet": wrong["outlet"], "via": [{"name": "by wire", "outlet": wrong["outlet"]}]}
    shorthand = statement(text="One.", speaker=wrong["speaker"], outlet=wrong["outlet"])
    listed = statement(text="Two.", attributions=[{"speaker": wrong["speaker"]}], appearances=[appearance])
    del listed["outlet"]
    answer = send(client, [shorthand, listed])
    assert_problem(answer, 422, "no-line-taken")
    places = [
        ("#/speaker", "#/outlet"),
        ("#/attributions/0/speaker", "#/appearances/0/outlet", "#/appearances/0/via/0/outlet"),
    ]
    # No outlet is a person.
    others = {"name", "type"} if described.get("type") == "person" else pointers
    for line, expected in zip(answer.json["errors"], places, strict=True):
        wanted = {f"{place}/{each}" for place in expected for each in (others if "outlet" in place else pointers)}
        assert (line["status"], {each["pointer"] for each in line["errors"]}) == (422, wanted)
    assert stored() == before


@pytest.mark.parametrize("may", ["write", "admin"])
def test_who_was_withdrawn_or_erased_here_is_not_made_again_by_a_description(
    app: Flask, dora: Client, may: str
) -> None:
    client = Client(app, keys.make("eve", [may])["key"])
    gone = {
        "speaker": dora.record({"name": "Withdrawn"}, "speakers")["id"],
        "outlet": dora.record({"name": "Erased"}, "outlets")["id"],
    }
    dora.delete(f"/v1/speakers/{gone['speaker']}", headers={"If-Match": "*"})
    erasures.erase(gone["outlet"], "A test.", by="dora")
    before = stored()
    described = {kind: {"id": id, "name": "Somebody", "type": "other"} for kind, id in gone.items()}
    described["speaker"]["type"] = "person"
    answer = send(client, [statement(**described)])
    assert_problem(answer, 422, "no-line-taken")
    assert {(each["pointer"], each["code"]) for each in answer.json["errors"][0]["errors"]} == {
        ("#/speaker", "reference"),
        ("#/outlet", "reference"),
    }
    assert stored() == before


def test_a_line_of_boxes_inside_boxes_is_a_problem_of_its_own(alice: Client) -> None:
    deep = b'{"kind": ' + b'{"id": ' * 900 + b"1" + b"}" * 901
    answer = send(alice, deep + b"\n" + json.dumps(statement()).encode())
    assert counted(answer) == {"received": 2, "created": 1, "failed": 1}


def test_a_line_is_told_who_is_meant_by_itself_alone(dora: Client) -> None:
    id = UNKNOWN["speaker"]
    first, second = (statement(text=f"{name}.", speaker={"id": id, "name": name}) for name in ("Ada", "Bob"))
    assert counted(send(dora, [first, second])) == {"received": 2, "created": 2}
    assert {(each["speaker"]["id"], each["speaker"]["name"]) for each in listed(dora)} == {(id, "Ada")}


def test_a_name_that_a_second_one_bears_is_ambiguous_from_then_on(alice: Client) -> None:
    twins = [
        statement(text="One.", speaker="Washington", outlet="The Post"),
        statement(text="Two.", speaker={"name": "Washington", "type": "government"}),
        statement(text="Three.", speaker="washington"),
        statement(text="Four.", outlet={"name": "The Times Picayune", "type": "website", "aliases": ["the  post"]}),
        statement(text="Five.", outlet="The Post"),
        statement(text="Six.", speaker={"name": "Washington", "type": "government"}),
    ]
    answer = send(alice, twins)
    assert [(each["line"], each["errors"][0]["code"]) for each in answer.json["errors"]] == [
        (3, "ambiguous"),
        (5, "ambiguous"),
    ]
    assert counted(answer) == {"received": 6, "created": 4, "failed": 2}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("kind,text,kind\nquote,a,quote\n", "twice"),
        ("kind,txt\nquote,a\n", "did you mean text"),
        ("\n", "header"),
        ("", "header"),
        ("kind,text\n".encode("utf-16").decode("latin-1"), "UTF-8"),
        ("\x1f\x8b\x08", "compressed"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_whole(alice: Client, text: str, says: str) -> None:
    answer = send(alice, text.encode("latin-1"), media="text/csv")
    assert_problem(answer, 400, "parameters")
    assert says in answer.text


def test_rows_that_do_not_fit_are_told_by_their_lines(alice: Client) -> None:
    rows = [
        "kind,text,speaker,outlet,topics",
        'quote,"Two\nlines.",Ada,AP,"[""War""]"',
        "quote,ragged,Ada",
        "quote,Bad \xff byte.,Ada,AP,",
        "quote,Bad list.,Ada,AP,[",
        "quote,'=1+1,Ada,AP,",
        'quote,"never ends',
    ]
    answer = send(alice, "\r\n".join(rows).encode("latin-1"), media="text/csv")
    assert counted(answer) == {"received": 6, "created": 2, "failed": 4}
    assert [each["line"] for each in answer.json["errors"]] == [4, 5, 6, 8]
    assert {each["text"] for each in listed(alice)} == {"Two\nlines.", "=1+1"}


def test_a_cell_that_is_no_json_hides_nothing_else_that_is_wrong_with_its_row(alice: Client) -> None:
    head = "kind,text,speaker,outlet,topics,figures,appearances\r\n"
    answer = send(alice, f'{head}quot,,Ada,AP,[,"[{{""name"":""x""}}]",[1\r\n'.encode(), media="text/csv")
    [line] = answer.json["errors"]
    assert line["status"] == 422
    places = [each["pointer"] for each in line["errors"]]
    assert places.count("#/topics") == places.count("#/appearances") == 1
    assert {"#/kind", "#/text"} < set(places)
    assert any(each.startswith("#/figures/0") for each in places)


@pytest.mark.parametrize(("query", "kept"), [("", ["'Tis", "=1", "'=2"]), ("safe=0", ["'Tis", "'=1", "''=2"])])
def test_an_apostrophe_is_taken_away_where_it_guards_and_nowhere_else(
    alice: Client, query: str, kept: list[str]
) -> None:
    rows = "kind,text,speaker,outlet\nquote,'Tis,A,B\nquote,'=1,A,B\nquote,''=2,A,B\n"
    assert counted(send(alice, rows.encode(), query, media="text/csv")) == {"received": 3, "created": 3}
    assert [each["text"] for each in listed(alice)] == kept
    exported = alice.get(f"/v1/statements.csv?{query}").data
    again = send(alice, exported, f"{query}&on_conflict=skip", media="text/csv")
    assert counted(again) == {"received": 3, "unchanged": 3}


def test_there_are_limits(alice: Client) -> None:
    before = stored()
    assert_problem(send(alice, b"{}\n" * 10_001), 413, "too-large")
    assert_problem(send(alice, b" " * (64 * 2**20 + 1)), 413, "too-large")
    assert_problem(send(alice, [statement()], media="application/json"), 415, "unsupported-media-type")
    assert stored() == before
    long = send(alice, [statement(text="Right."), {"text": "x" * 2**20}, *[{}] * 500])
    assert len(long.data) < 2**16
    assert long.json["errors_truncated"]
    assert long.json["errors"][0]["errors"][0]["code"] == "length"
    assert counted(send(alice, [statement()], "format=ndjson", media="text/plain")) == {"received": 1, "created": 1}


def test_failures_past_those_that_are_told_are_counted(alice: Client) -> None:
    lines = [statement(text=f"Right {n}.") if n % 3 == 0 else statement(kind="quot") for n in range(300)]
    answer = send(alice, lines)
    assert counted(answer) == {"received": 300, "created": 100, "failed": 200}
    assert [each["line"] for each in answer.json["errors"]] == [n + 1 for n in range(300) if n % 3][:100]
    assert all(each["errors"] for each in answer.json["errors"])
    assert answer.json["errors_truncated"]


def test_a_bulk_that_is_sent_again_is_answered_again(alice: Client) -> None:
    key = {"Idempotency-Key": "morning-wire"}
    lines = [statement(text="One."), {}]
    first, again = (send(alice, lines, headers=key) for _ in range(2))
    assert (first.status_code, first.data) == (again.status_code, again.data)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(listed(alice)) == 1


@pytest.mark.parametrize("query", ["on_conflict=merge", "atomic=maybe", "dry_run=2", "format=xml", "dryrun=1"])
def test_bad_parameters_are_refused_before_anything_is_read(alice: Client, query: str) -> None:
    before = stored()
    assert_problem(send(alice, [statement()], query), 400, "parameters")
    assert stored() == before
