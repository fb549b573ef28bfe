"""Lines that meet what is held, or what lines before them have made of it: each as if it came by itself."""

from __future__ import annotations

import pytest

from api.domain.keeping.verification import Seen, verify
from tests.conftest import Client, statement
from tests.routes.test_bulk import UNKNOWN, Document, counted, listed, send
from tests.web.conftest import stored


def kept_id(number: int) -> str:
    return f"stm_{number:026d}"


def test_a_line_meets_what_a_line_before_it_has_made_of_the_record(dora: Client) -> None:
    held = dora.record(statement(text="Held.", external_id="old"))["id"]
    moved = [
        statement(id=held, text="Held.", external_id="new"),
        statement(text="As it is now.", external_id="new"),
    ]
    assert counted(send(dora, moved, "on_conflict=update")) == {"received": 2, "updated": 2}
    assert [(each["id"], each["text"], each["external_id"]) for each in listed(dora)] == [
        (held, "As it is now.", "new")
    ]
    assert list(verify(Seen())) == []


def test_what_has_given_its_external_id_away_is_not_overwritten_by_who_takes_it(dora: Client) -> None:
    held = dora.record(statement(text="Mine.", external_id="a"))["id"]
    lines = [statement(id=held, text="Mine.", external_id="b"), statement(text="Another's.", external_id="a")]
    assert counted(send(dora, lines, "on_conflict=update")) == {"received": 2, "created": 1, "updated": 1}
    assert {(each["text"], each["external_id"]) for each in listed(dora)} == {("Mine.", "b"), ("Another's.", "a")}
    assert dora.get(f"/v1/statements/{held}").json["text"] == "Mine."
    assert list(verify(Seen())) == []


def test_external_ids_are_exchanged_by_way_of_a_third(dora: Client) -> None:
    one, other = (dora.record(statement(text=f"{name}.", external_id=name))["id"] for name in "ab")
    straight = [{"id": one, "external_id": "b"}, {"id": other, "external_id": "a"}]
    refused = send(dora, straight, "on_conflict=update")
    assert [(each["line"], each["status"]) for each in refused.json["errors"]] == [(1, 409), (2, 409)]
    round_about = [{"id": one, "external_id": "c"}, *reversed(straight), {"external_id": "b", "context": "Changed."}]
    round_about[2] = {"id": one, "external_id": "b"}
    assert counted(send(dora, round_about, "on_conflict=update")) == {"received": 4, "updated": 4}
    found = {each["id"]: (each["external_id"], each["context"]) for each in listed(dora)}
    assert found == {one: ("b", "Changed."), other: ("a", None)}


@pytest.mark.parametrize("place", [{"url": "https://news.example/1"}, {}])
def test_an_update_to_words_that_come_again_makes_these_a_double(alice: Client, place: Document) -> None:
    held = alice.record(statement(text="Before.", external_id="a", **place))["id"]
    lines = [
        statement(text="After.", external_id="a", **place),
        statement(text="“AFTER.”", **place),
        statement(text="Before.", **place),
    ]
    answer = send(alice, lines, "on_conflict=update")
    assert counted(answer) == {"received": 3, "created": 1, "updated": 1, "failed": 1}
    (failure,) = answer.json["errors"]
    assert (failure["line"], failure["status"], failure["errors"][0]["existing"]["id"]) == (2, 409, held)
    assert list(verify(Seen())) == []


def test_a_line_that_updates_changes_only_what_it_holds(alice: Client) -> None:
    whole = statement(external_id="a", url="https://news.example/1", title="Title", topics=["War"], place="Kyiv")
    before = alice.record({**whole, "context": "Noted.", "attributed_as": "an official"})
    lines = [
        {"external_id": "a", "topics": ["Peace"], "place": None},
        {"external_id": "a", "url": "https://news.example/2"},
        {"external_id": "a", "speaker": None},
        {"external_id": "a"},
    ]
    assert counted(send(alice, lines, "on_conflict=update")) == {"received": 4, "updated": 3, "unchanged": 1}
    now = alice.get(f"/v1/statements/{before['id']}").json
    changed = {"topics": ["Peace"], "place": None, "speaker": None, "version": 4, "updated_at": now["updated_at"]}
    changed["appearances"] = [{**before["appearances"][0], "url": "https://news.example/2"}]
    assert now == {**before, **changed}


def test_an_empty_cell_empties_and_a_column_that_is_not_there_leaves_what_is(alice: Client) -> None:
    before = alice.record(statement(external_id="a", topics=["War"], place="Kyiv", lang="uk", context="Noted."))
    rows = b"external_id,topics,place,lang,speaker.name\r\na,,Lviv,,Ada\r\n"
    assert counted(send(alice, rows, "on_conflict=update", media="text/csv")) == {"received": 1, "updated": 1}
    now = alice.get(f"/v1/statements/{before['id']}").json
    changed = {"topics": [], "place": "Lviv", "lang": "en", "speaker": now["speaker"], "version": 2}
    assert now == {**before, **changed, "updated_at": now["updated_at"]}
    assert now["speaker"]["name"] == "Ada"


@pytest.mark.parametrize(
    ("line", "pointer"),
    [
        ({"text": None}, "#/text"),
        ({"kind": None}, "#/kind"),
        ({"speaker": None}, "#/attributed_as"),
        ({"outlet": None}, "#/outlet"),
        ({"appearances": None}, "#/outlet"),
        ({"speaker": "spk_00000000000000000000000000"}, "#/speaker"),
        ({"figures": [{"value": 1}]}, "#/figures/0/name"),
    ],
)
def test_a_line_cannot_take_away_what_no_statement_can_be_without(alice: Client, line: Document, pointer: str) -> None:
    alice.record(statement(external_id="a"))
    before = stored()
    answer = send(alice, [{"external_id": "a", **line}], "on_conflict=update")
    (failure,) = answer.json["errors"]
    assert (answer.status_code, failure["status"]) == (422, 422)
    assert pointer in {each["pointer"] for each in failure["errors"]}
    assert stored() == before


def test_a_line_that_lacks_something_updates_and_never_creates(alice: Client) -> None:
    alice.record(statement(external_id="a"))
    for how, line in (("error", "a"), ("skip", "a"), ("update", "b")):
        answer = send(alice, [{"external_id": line, "topics": ["War"]}], f"on_conflict={how}")
        (failure,) = answer.json["errors"]
        assert failure["status"] == 422
        assert {each["pointer"] for each in failure["errors"]} == {
            "#/kind", "#/text", "#/outlet", "#/attributed_as",
        }  # fmt: skip


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("error", {"created": 1, "failed": 1}),
        ("skip", {"created": 1, "unchanged": 1}),
        ("update", {"created": 1, "updated": 1}),
    ],
)
def test_the_same_id_twice_is_the_same_statement(dora: Client, how: str, expected: dict[str, int]) -> None:
    lines = [statement(id=kept_id(1), text="First."), statement(id=kept_id(1), text="Second.")]
    answer = send(dora, lines, f"on_conflict={how}")
    assert counted(answer) == {"received": 2, **expected}
    assert [(each["id"], each["text"]) for each in listed(dora)] == [
        (kept_id(1), "Second." if how == "update" else "First.")
    ]
    if how == "error":
        assert answer.json["errors"][0]["errors"][0]["existing"]["id"] == kept_id(1)
    assert list(verify(Seen())) == []


def test_an_update_that_fails_leaves_nobody_behind_and_nothing_known(dora: Client) -> None:
    dora.record(statement(text="Taken.", external_id="a"))
    dora.record(statement(text="Held.", external_id="b"))
    described = {"id": UNKNOWN["speaker"], "name": "Cy Described", "type": "person"}
    lines = [
        # Both are refused at their last look, when all who are named in them have been made.
        {"external_id": "b", "text": "Taken.", "attributions": [{"speaker": "Ada New"}, {"speaker": described}]},
        statement(text="Taken.", attributions=[{"speaker": "Bob New"}]),
        statement(text="Right.", speaker="Ada New", outlet="Daily New"),
        {"external_id": "b", "text": "Held, and changed.", "speaker": "Bob New"},
        statement(text="Held, and changed.", speaker="Bob New"),
        statement(text="Held."),
    ]
    answer = send(dora, lines, "on_conflict=update")
    assert counted(answer) == {"received": 6, "created": 2, "updated": 1, "failed": 3}
    assert [(each["line"], each["status"]) for each in answer.json["errors"]] == [(1, 409), (2, 409), (5, 409)]
    names = {each["name"] for each in dora.get("/v1/speakers").json["data"]}
    assert names == {"Antony Blinken", "Ada New", "Bob New"}
    assert list(verify(Seen())) == []
