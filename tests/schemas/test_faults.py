"""Problems are complete, in order, short, and fit to be sent."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from schemas import problems
from schemas.faults import Fault, echo, pointer
from schemas.statements import StatementIn

STATEMENT = StatementIn()


def found(document: Any) -> list[dict[str, str]]:
    """The problems of a statement."""
    try:
        STATEMENT.load(document)
    except ValidationError as error:
        return problems(error)
    return []


def test_a_near_name_is_suggested(smallest: dict[str, Any]) -> None:
    assert "Did you mean speaker?" in found(smallest | {"speakr": "x"})[0]["detail"]
    assert "Did you mean interview?" in found(smallest | {"medium": "intervew"})[0]["detail"]


def test_what_a_client_sent_is_repeated_only_in_part(smallest: dict[str, Any]) -> None:
    name = "x" * 5000
    for change in ({name: 1}, {"kind": name}, {"speaker": "spk_" + "0" * 26 + name}, {"lang": name}):
        for problem in found(smallest | change):
            assert len(problem["detail"]) < 300
            assert "x" * 81 not in problem["detail"]
            assert len(problem["pointer"]) < 100


def test_at_most_a_hundred_problems_are_listed_and_the_rest_counted(smallest: dict[str, Any]) -> None:
    answer = found(smallest | {f"field{place}": 1 for place in range(150)})
    assert len(answer) == 100
    assert answer[-1] == {"pointer": "#", "code": "more", "detail": "51 more problems are not listed."}


def test_an_object_with_an_absurd_number_of_members_is_refused_at_once(smallest: dict[str, Any]) -> None:
    crowd = {f"field{place}": 1 for place in range(10_000)}
    assert [each["code"] for each in found(crowd)] == ["length"]
    for speaker in (crowd, {"id": 1} | crowd):
        answer = found(smallest | {"speaker": speaker})
        assert [(each["pointer"], each["code"]) for each in answer] == [("#/speaker", "length")]


def test_the_longest_answer_is_under_64_kilobytes(smallest: dict[str, Any]) -> None:
    for char in ("\U0001f600", "\x01", "é", "'", '"', "\ud800"):
        answer = found(smallest | {f"{place}{char * 200}": 1 for place in range(190)})
        assert len(json.dumps(answer, ensure_ascii=False).encode()) < 60_000


def test_problems_come_in_the_order_of_the_document() -> None:
    assert [each["pointer"] for each in found({"topics": [1, "a", 2], "zzz": 1, "text": 5, "kind": "quote"})][:4] == [
        "#/topics/0",
        "#/topics/2",
        "#/zzz",
        "#/text",
    ]


def test_pointers_are_escaped_as_uri_fragments() -> None:
    assert pointer(("a/b", 0, "m~n", "ü %", "c%d")) == "#/a~1b/0/m~0n/%C3%BC%20%25/c%25d"
    assert pointer(()) == "#"
    assert pointer(("a", "x" * 81, "b")) == "#/a"


def test_a_message_of_marshmallows_own_has_a_code_too() -> None:
    assert problems(ValidationError("No.", "name")) == [{"pointer": "#", "code": "invalid", "detail": "No."}]
    assert problems(ValidationError([Fault("a", "A.")])) == [{"pointer": "#", "code": "a", "detail": "A."}]


def test_an_echo_is_short_and_printable() -> None:
    assert echo("a\u202eb\x00\ud800") == "a\ufffdb\ufffd\ufffd"
    assert len(echo("x" * 1000)) == 41


MEMBERS = [*STATEMENT.fields, "id", "name", "type", "value", "via", "roles", "start", "_schema", ""]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(MEMBERS), inner, max_size=5),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(MEMBERS), JSON, max_size=12) | JSON)
def test_no_document_breaks_anything(document: Any) -> None:
    for problem in found(document):
        assert set(problem) == {"pointer", "code", "detail"}
        json.dumps(problem, ensure_ascii=False).encode()
