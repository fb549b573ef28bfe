"""When the same words are refused as held already, and when they are another statement."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Client, statement

URL = "https://news.example/story"
SAME: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("case, spacing and quotation marks", {"text": "“We  are on Record.”"}, {"text": '"we are on record."'}),
    ("composed and decomposed letters", {"text": "caf\u00e9"}, {"text": "cafe\u0301"}),
    (
        "tracking parameters",
        {"url": URL + "?b=2&a=1"},
        {"url": URL.replace("n", "N", 0) + "/?a=1&b=2&utm_source=x#top"},
    ),
    ("host in capitals", {"url": URL}, {"url": "HTTPS://NEWS.example:443/story"}),
    ("one of several addresses", {"url": URL}, {"appearances": [{"outlet": "Other"}, {"outlet": "Third", "url": URL}]}),
    ("no address at all", {}, {"context": "another note"}),
]
OTHER: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("another speaker", {"url": URL}, {"url": URL, "speaker": "Somebody Else"}),
    ("another address", {"url": URL}, {"url": URL + "/2"}),
    ("one without an address", {"url": URL}, {}),
    ("another day", {}, {"said_on": "2022-03-24"}),
    ("another outlet", {}, {"outlet": "Reuters"}),
    (
        "another unnamed source",
        {"speaker": None, "attributed_as": "officials"},
        {"speaker": None, "attributed_as": "aides"},
    ),
]


def second(changes: dict[str, Any]) -> dict[str, Any]:
    """Return a statement with changes, without shorthand where it lists appearances."""
    document = statement(**changes)
    if "appearances" in changes:
        del document["outlet"]
    return document


@pytest.mark.parametrize(("one", "other"), [pytest.param(*each[1:], id=each[0]) for each in SAME])
def test_the_same_words_from_the_same_place_are_refused(
    alice: Client, one: dict[str, Any], other: dict[str, Any]
) -> None:
    held = alice.record(statement(**one))
    answer = alice.post("/v1/statements", second(other))
    assert answer.status_code == 409
    assert answer.json["existing"] == {"id": held["id"], "url": f"/v1/statements/{held['id']}"}


@pytest.mark.parametrize(("one", "other"), [pytest.param(*each[1:], id=each[0]) for each in OTHER])
def test_words_from_elsewhere_are_another_statement(alice: Client, one: dict[str, Any], other: dict[str, Any]) -> None:
    held = alice.record(statement(**one))
    assert alice.record(second(other))["id"] != held["id"]


def test_an_external_id_is_taken_once(alice: Client) -> None:
    held = alice.record(statement(external_id="a-1"))
    answer = alice.post("/v1/statements", statement(text="Other words.", external_id="a-1"))
    assert answer.status_code == 409
    assert answer.json["existing"]["id"] == held["id"]


def test_a_patch_cannot_make_a_duplicate(alice: Client) -> None:
    held = alice.record(statement(external_id="a-1"))
    other = alice.record(statement(text="Other words."))
    for patch in ({"text": statement()["text"]}, {"external_id": "a-1"}):
        answer = alice.patch(f"/v1/statements/{other['id']}", {**patch, "version": 1})
        assert answer.status_code == 409
        assert answer.json["existing"]["id"] == held["id"]
