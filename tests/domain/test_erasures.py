"""Erasing: the words are gone from wherever they were, the chain stays whole, and nothing tells what it was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flask import Flask

from api.domain.history import log
from api.domain.keeping import erasures
from api.domain.keeping.verification import Seen, verify
from api.storage.db import close_database, rows
from tests.conftest import COLLECTIONS, Client, statement
from tests.servers import onrecord, serving
from tests.test_errors import assert_problem
from tests.web.conftest import stored

SECRET = "Zyxwvutsrq"
LONG = f"{SECRET} said {SECRET}lich many a word of " + "padding " * 900


def erase(database_url: str, id: str, *more: str, check: bool = True) -> str:
    done = onrecord(database_url, "erase", id, "--reason", "A court order.", "--yes", *more, check=check)
    assert (done.returncode == 0) == check, done.stderr
    return done.stdout if check else done.stderr


def test_an_erased_record_is_gone_with_its_revisions_and_its_words(
    database_url: str, alice: Client, bob: Client, charlie: Client
) -> None:
    id = alice.record(statement(text=f"{SECRET} once.", topics=[SECRET], url="https://x.example/secret"))["id"]
    alice.patch(f"/v1/statements/{id}", {"text": f"{SECRET} twice."}, headers={"If-Match": "*"})
    told = json.loads(erase(database_url, id, "--json"))
    assert (told["id"], told["type"], told["versions"], told["scrubbed"]) == (id, "statement", 2, True)
    for who in (charlie, bob):
        gone = assert_problem(who.get(f"/v1/statements/{id}"), 410)
        assert (gone["reason"], gone["erased_by"], gone["erased_at"]) == ("A court order.", "operator", told["at"])
        assert who.get(f"/v1/statements?q={SECRET}").json["total"] == 0
        assert who.get(f"/v1/statements?topic={SECRET}").json["total"] == 0
    for version in (1, 2):
        assert_problem(bob.get(f"/v1/statements/{id}/revisions/{version}"), 404)
    assert_problem(bob.get(f"/v1/statements/{id}/revisions?diff=1..2"), 404)
    history = bob.get(f"/v1/statements/{id}/revisions").json["data"]
    assert [each["op"] for each in history] == ["erase", "update", "create"]
    assert bob.get(history[0]["url"]).json["reason"] == "A court order."
    change = charlie.get("/v1/changes?since=4").json["changes"]
    assert (change[0]["op"], change[0]["id"], change[0]["version"]) == ("erase", id, 3)
    # Nothing public names them any more.
    assert {(each["op"], each["type"]) for each in change[1:]} == {("withdraw", "outlet"), ("withdraw", "speaker")}
    for method in ("patch", "delete"):
        assert_problem(alice.open(method.upper(), f"/v1/statements/{id}", json={}, headers={"If-Match": "*"}), 410)
    assert SECRET not in str(rows("SELECT * FROM revision") + rows("SELECT * FROM topic") + rows("SELECT * FROM entry"))
    assert list(verify(Seen())) == []
    assert "was erased" in erase(database_url, id, check=False)


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_every_kind_of_record_can_be_erased_also_when_it_was_withdrawn(
    alice: Client, smallest: dict[str, dict[str, object]], collection: str
) -> None:
    own = {"name": "Nobody's"} if collection in ("speakers", "outlets") else {}
    own = {"text": "Nobody's."} if collection == "statements" else own
    ids = [alice.record({**smallest[collection], **own}, collection)["id"]]
    alice.delete(f"/v1/{collection}/{ids[0]}", headers={"If-Match": "*"})
    ids.append(alice.record({**smallest[collection], **own}, collection)["id"])
    for id in ids:
        erasures.erase(id, "Safety.", by="operator")
        assert_problem(alice.get(f"/v1/{collection}/{id}"), 410)
        assert len(rows("SELECT 1 FROM revision WHERE record = ?", (id,))) == 1
    assert list(verify(Seen())) == []


def test_what_others_need_is_not_erased_and_they_are_named(database_url: str, alice: Client) -> None:
    made = alice.record(statement())
    before = stored()
    for of in ("speaker", "outlet"):
        assert made["id"] in erase(database_url, made[of]["id"], check=False)
    assert stored() == before


def test_those_that_are_about_it_are_named(database_url: str, alice: Client) -> None:
    id = alice.record(statement())["id"]
    review = {"statement": id, "author": {"name": "Facts"}, "rating": {"alternate_name": "True"}}
    about = alice.record(review, "reviews")["id"]
    assert json.loads(erase(database_url, id, "--json"))["about"] == [about]


def test_an_erased_record_that_was_withheld_stays_unknown(database_url: str, alice: Client, charlie: Client) -> None:
    ids = [alice.record(statement(text=f"Text {n}.", status="withheld"))["id"] for n in range(2)]
    alice.delete(f"/v1/statements/{ids[0]}", headers={"If-Match": "*"})
    for id in ids:
        erase(database_url, id)
        assert_problem(charlie.get(f"/v1/statements/{id}"), 404)
        assert_problem(alice.get(f"/v1/statements/{id}"), 410)
    assert not {each["id"] for each in charlie.get("/v1/changes").json["changes"]} & set(ids)
    assert "court" not in charlie.get(f"/v1/log/entries/{log.position()}").text


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["erase", "stm_none", "--reason", "x", "--yes"], "There is no"),
        (["erase", "nonsense", "--reason", "x", "--yes"], "There is no"),
        (["erase", "stm_none", "--yes"], "--reason"),
        (["erase", "stm_none", "--reason", " ", "--yes"], "--reason"),
        (["erase", "stm_none", "--reason", "x"], "Aborted"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_mistakes_erase_nothing(database_url: str, app: Flask, arguments: list[str], word: str) -> None:
    before = stored()
    done = onrecord(database_url, *arguments, check=False)
    assert done.returncode != 0
    assert word in done.stderr
    assert stored() == before


# --- the bytes -----------------------------------------------------------------------------------------------


def held(folder: Path, word: str) -> list[str]:
    """Return the files that have the word's bytes in any case, as a statement or as a token."""
    return [
        each.name
        for each in sorted(folder.iterdir())
        if each.is_file() and word.lower().encode() in each.read_bytes().lower()
    ]


@pytest.mark.parametrize("empty_database_url", ["sqlite"], indirect=True)
def test_the_words_are_gone_from_every_byte_of_the_files_while_the_server_runs(
    empty_database_url: str, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/onrecord.db"
    with serving(url) as server:
        ids = []
        for number in range(40):
            text = f"{LONG} {number}" if number % 4 == 0 else f"Other words {number}."
            topics = [SECRET, f"more {SECRET}"] if number % 4 == 0 else ["war"]
            document = statement(text=text, topics=topics, context=text[:300])
            made = server.ask("POST", "/v1/statements", document).json
            if number % 4 == 0:
                for text in (f"{LONG} changed", f"{SECRET} short", LONG):
                    patch = {
                        "text": f"{text} {number}",
                        "version": server.ask("GET", f"/v1/statements/{made['id']}").json["version"],
                    }
                    assert server.ask("PATCH", f"/v1/statements/{made['id']}", patch).status == 200
                ids.append(made["id"])
        assert held(tmp_path, SECRET)
        for id in ids:
            assert json.loads(erase(url, id, "--json"))["scrubbed"] is True
        assert held(tmp_path, SECRET) == []
        assert server.ask("GET", "/v1/statements?q=words").json["total"] == 30
        assert server.ask("POST", "/v1/statements", statement(text="Goes on.")).status == 201
        assert json.loads(onrecord(url, "verify", "--json").stdout)["ok"] is True
    close_database()


def test_an_erased_record_is_in_no_remembered_answer(
    database_url: str, alice: Client, smallest: dict[str, dict[str, object]]
) -> None:
    header = {"Idempotency-Key": "one"}
    secret = statement(text=f"{SECRET} once.")
    first = alice.post("/v1/statements", secret, headers=header)
    id = first.json["id"]
    correction = {"kind": "correction", "note": "A word.", "patch": {"place": "Kyiv"}}
    alice.post(f"/v1/statements/{id}/corrections", correction, headers={**header, "If-Match": "*"})
    alice.post("/v1/check", {"text": f"{SECRET} once."}, headers=header)
    other = alice.post("/v1/speakers", {"name": "Somebody Else"}, headers=header)
    assert SECRET in str(rows("SELECT body FROM remembered_answer"))
    erase(database_url, id)
    assert SECRET not in str(rows("SELECT body FROM remembered_answer"))
    # What is sent again is done anew, with nothing of what was answered before; the answers about others stay.
    again = alice.post("/v1/statements", secret, headers=header)
    assert (again.status_code, "Idempotent-Replayed" in again.headers) == (201, False)
    assert again.json["id"] != id
    assert alice.post("/v1/speakers", {"name": "Somebody Else"}, headers=header).data == other.data
