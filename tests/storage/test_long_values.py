"""Values as long as the contract allows, in any script: kept, found again, and the same on both databases.

They are drawn at random, since what repeats itself is packed before its length is looked at.
"""

from __future__ import annotations

import random
from typing import Any
from urllib.parse import quote

import pytest

from api.storage.db import db, rows
from tests.conftest import Client, statement

# The last unfold when they are composed, to three characters of four bytes each.
SCRIPTS = {
    "latin": "abcdefghijklmnopqrstuvwxyz0123456789",
    "cjk": [chr(each) for each in range(0x4E00, 0x9FA0)],
    "emoji": [chr(each) for each in range(0x1F300, 0x1F640)],
    "unfolding": [chr(each) for each in (*range(0x1D15E, 0x1D165), *range(0x1D1BB, 0x1D1C1))],
    "marks": ["か", "\u3099", "\u309a"],
}


def drawn(script: str, length: int, salt: object = 0) -> str:
    """Return so many characters of a script, the same for the same salt; of marks, one letter that bears them all."""
    chance = random.Random(f"{script} {length} {salt}")
    if script == "marks":
        return SCRIPTS[script][0] + "".join(chance.choices(SCRIPTS[script][1:], k=length - 1))
    return "".join(chance.choices(SCRIPTS[script], k=length))


def address(script: str, length: int) -> str:
    """Return a web address of so many characters."""
    begin = "https://news.example/"
    return begin + drawn(script, length - len(begin))


@pytest.mark.parametrize("script", SCRIPTS)
def test_everything_as_long_as_may_be_is_kept_and_found(alice: Client, dora: Client, script: str) -> None:
    name, alias, topic = (drawn(script, length, salt) for length, salt in ((500, 1), (500, 2), (200, 3)))
    document = statement(
        text=drawn(script, 10_000),
        speaker={"name": f"Ada {name}"[:500], "aliases": [f"Bo {alias}"[:500]]},
        outlet={"name": f"Outlet {name}"[:500]},
        url=address(script, 2048),
        topics=[f"Topic {topic}"[:200], *(f"{n} {drawn(script, 197, n)}" for n in range(49))],
        external_id=drawn(script, 500),
        context=drawn(script, 10_000, "context"),
        figures=[{"name": f"Killed {name}"[:500], "value": 1}],
        lang="ja",
    )
    record = alice.record(document)
    assert alice.get(f"/v1/statements/{record['id']}").json == record
    for member in ("text", "external_id", "context"):
        assert record[member] == document[member]
    assert record["appearances"][0]["url"] == document["url"]
    asked = {
        "speaker": [f"Ada {name}"[:500], f"Bo {alias}"[:500]],
        "outlet": [f"Outlet {name}"[:500]],
        "topic": [f"Topic {topic}"[:200]],
        "external_id": [document["external_id"]],
        "q": ["ada", "topic"],
        "figure": ["killed"],
    }
    for parameter, values in asked.items():
        for value in values:
            found = alice.get(f"/v1/statements?{parameter}={quote(value)}")
            assert [each["id"] for each in found.json["data"]] == [record["id"]], (parameter, found.text[:300])
    # It is held, so it is a conflict a second time: by its address, which is compared whole.
    again = alice.post("/v1/statements", {**document, "external_id": None})
    assert again.status_code == 409
    assert alice.record({**document, "external_id": None, "url": document["url"][:-1]})["id"] != record["id"]


def test_addresses_that_differ_after_a_long_beginning_are_told_apart(alice: Client) -> None:
    same = address("latin", 900)
    ids = [alice.record(statement(text=f"Number {n}.", url=f"{same}{n}"))["id"] for n in range(3)]
    for n, id in enumerate(ids):
        found = alice.get(f"/v1/statements?url={same}{n}").json["data"]
        assert [each["id"] for each in found] == [id]
        others = alice.get(f"/v1/statements?url.not={same}{n}").json["data"]
        assert sorted(each["id"] for each in others) == sorted({*ids} - {id})


@pytest.mark.parametrize("length", [1, 1900, 2027])
def test_an_address_that_grows_when_it_is_made_canonical_is_kept(alice: Client, length: int) -> None:
    for script in ("cjk", "emoji"):
        url = "https://news.example/" + drawn(script, length)
        record = alice.record(statement(text=f"{script} of {length}.", url=url))
        assert record["appearances"][0]["url"] == url
        assert alice.post("/v1/statements", statement(text=f"{script} of {length}.", url=url)).status_code == 409
        asked = f"?{'&'.join(f'{each}=x' for each in drawn(script, length // 3))}"
        alice.record(statement(text=f"Asked for {script} of {length}.", url=f"https://news.example/{asked}"[:2048]))
        alice.record({"url": url}, "sources")


@pytest.mark.parametrize("script", ["latin", "cjk", "emoji"])
def test_an_idempotency_key_as_long_as_may_be_is_remembered(alice: Client, script: str) -> None:
    # A header has bytes; as such it is measured.
    key = drawn(script, 255 // len(SCRIPTS[script][0].encode())).encode().decode("latin-1")
    answers = [alice.post("/v1/statements", statement(), headers={"Idempotency-Key": key}) for _ in range(2)]
    assert {answer.status_code for answer in answers} <= {201, 400}
    assert answers[0].status_code == answers[1].status_code


def test_topics_are_called_the_same_on_both_databases(alice: Client) -> None:
    # A language puts small letters first, and é between e and f; code points do neither.
    for labels in (["peace talks", "Peace Talks"], ["ÉTÉ", "été"], ["_war", "_War"], ["öl", "Öl"]):
        for label in labels:
            day = "2021" if label.islower() else "2022"
            alice.record(statement(text=f"About {label}.", topics=[label], said_on=day))
    groups = alice.get("/v1/statements/counts?by=topic").json["groups"]
    assert [each["label"] for each in groups] == ["_War", "Peace Talks", "ÉTÉ", "Öl"]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_every_text_is_compared_by_its_code_points(alice: Client) -> None:
    sql = (
        "SELECT table_name, column_name, collation_name FROM information_schema.columns "
        "WHERE table_schema = 'public' AND data_type = 'text'"
    )
    found: list[Any] = rows(sql)
    assert len(found) > 50
    assert [each for each in found if each[2] != "C"] == []
    assert db.execute_sql("SELECT 'a' < 'B'").fetchone() == (True,), "the server of the tests sorts by a language"
