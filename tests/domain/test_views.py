"""Fields, expansion, highlights and samples."""

from __future__ import annotations

from typing import Any

import pytest

from api.storage import db as storage
from tests.conftest import Client, statement


@pytest.fixture
def held(alice: Client) -> list[dict[str, Any]]:
    """Twenty statements with reviews, relations and sources."""
    source = alice.record({"url": "https://a.example/1", "text": "The whole article."}, "sources")
    made = []
    for number in range(20):
        appearance = {"outlet": f"Outlet {number % 3}", "source": source["id"], "url": f"https://a.example/{number}"}
        given = statement(text=f"Statement {number}.", speaker=f"Speaker {number % 5}")
        del given["outlet"]
        made.append(alice.record({**given, "appearances": [appearance]}))
    review = {"author": {"name": "Facts"}, "rating": {"alternate_name": "True"}}
    alice.record({"statement": made[0]["id"], **review}, "reviews")
    alice.record({"subject": made[0]["id"], "type": "confirms", "object": made[1]["id"]}, "relations")
    return made


def test_fields_picks_members_also_inside_objects_and_lists(held: list[dict[str, Any]], charlie: Client) -> None:
    listed = charlie.get("/v1/statements?limit=1&fields=id,speaker.name,appearances.url").json["data"][0]
    whole = held[-1]
    assert listed == {
        "id": whole["id"],
        "speaker": {"name": whole["speaker"]["name"]},
        "appearances": [{"url": whole["appearances"][0]["url"]}],
    }
    one = charlie.get(f"/v1/statements/{whole['id']}?fields=text")
    assert one.json == {"text": whole["text"]}
    assert one.headers["ETag"] != charlie.get(f"/v1/statements/{whole['id']}").headers["ETag"]
    bad = charlie.get("/v1/statements?fields=id,speeker.name")
    assert (bad.status_code, bad.json["errors"][0]["parameter"]) == (400, "fields")
    assert "speaker.name" in bad.json["errors"][0]["detail"]


def test_expand_puts_whole_records_in_place(held: list[dict[str, Any]], charlie: Client, bob: Client) -> None:
    address = f"/v1/statements/{held[0]['id']}?expand=speaker,outlet,reviews,relations,source"
    read = charlie.get(address).json
    assert read["speaker"] == charlie.get(f"/v1/speakers/{held[0]['speaker']['id']}").json
    assert read["outlet"] == charlie.get(f"/v1/outlets/{held[0]['outlet']['id']}").json
    assert read["reviews"] == charlie.get("/v1/reviews").json["data"]
    assert read["relations"] == charlie.get("/v1/relations").json["data"]
    assert read["source"]["url"] == "https://a.example/1"
    assert read["source"]["text"] is None
    assert bob.get(address).json["source"]["text"] == "The whole article."
    assert charlie.get(f"/v1/statements/{held[1]['id']}?expand=relations,reviews").json["reviews"] == []


def test_expanding_takes_no_query_for_each_row(
    held: list[dict[str, Any]], charlie: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    real = storage.db.execute_sql

    def execute_sql(sql: str, *rest: Any, **named: Any) -> Any:
        # Giving back memory after a slow answer is no question.
        asked.extend([sql] if sql.startswith("SELECT") else [])
        return real(sql, *rest, **named)

    monkeypatch.setattr(storage.db.obj, "execute_sql", execute_sql)
    spent = []
    for limit in (2, 19):
        asked.clear()
        answer = charlie.get(f"/v1/statements?limit={limit}&expand=speaker,outlet,reviews,relations,source")
        assert len(answer.json["data"]) == limit
        spent.append(len(asked))
    assert spent[0] == spent[1], asked


def test_a_sample_is_the_same_for_the_same_seed(held: list[dict[str, Any]], charlie: Client) -> None:
    def sampled(query: str) -> list[str]:
        answer = charlie.get(f"/v1/statements?{query}")
        assert answer.status_code == 200, answer.text
        assert answer.json["next"] is None
        return [each["id"] for each in answer.json["data"]]

    seven = sampled("sample=5&seed=7")
    assert seven == sampled("sample=5&seed=7")
    assert len(set(seven)) == 5
    assert len({tuple(sampled(f"sample=5&seed={seed}")) for seed in range(10)}) > 5
    assert sorted(sampled("sample=200&seed=1")) == sorted(each["id"] for each in held)
    of_one = {each["id"] for each in held if each["speaker"]["name"] == "Speaker 1"}
    assert set(sampled("sample=3&seed=1&speaker=Speaker+1")) <= of_one
    assert charlie.get("/v1/statements?sample=5&cursor=x").status_code == 400


def test_highlights_say_where_the_words_stand(alice: Client, charlie: Client) -> None:
    text = "Long ago and far away. " * 10 + "The crimes of war were committing themselves. " + "The end of it. " * 20
    alice.record(statement(text=text, context="A crime."))
    listed = charlie.get('/v1/statements?q=crime+"of+war"&highlight=1').json["data"][0]
    marks = {each["field"]: each for each in listed["highlight"]}
    assert set(marks) == {"text", "context"}
    found = marks["text"]
    assert found["passage"] == text[found["start"] : found["end"]]
    assert len(found["passage"]) < 300
    assert [text[start:end] for start, end in found["matches"]] == ["crimes", "of war"]
    assert [("A crime.")[start:end] for start, end in marks["context"]["matches"]] == ["crime"]
    assert "highlight" not in charlie.get("/v1/statements?q=crime").json["data"][0]
    assert charlie.get("/v1/statements?highlight=1").status_code == 400


def test_a_member_that_is_named_whole_is_whole_whatever_part_of_it_is_named_too(alice: Client) -> None:
    made = alice.record(statement())
    for fields in ("speaker,speaker.name", "speaker.name,speaker", "speaker.type,speaker,speaker.id"):
        (found,) = alice.get(f"/v1/statements?fields={fields}").json["data"]
        assert found == {"speaker": made["speaker"]}
