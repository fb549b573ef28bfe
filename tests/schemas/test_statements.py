"""A statement loads into one canonical form; what is wrong with it is said all at once."""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import pytest

from schemas.statements import StatementIn, StatementOut, StatementPatch

LOADED = StatementIn()
SPEAKER = "spk_01hzy0000000000000000000ab"


def test_the_smallest_statement_gets_every_field_in_order(smallest: dict[str, Any]) -> None:
    loaded = LOADED.load(smallest)
    assert list(loaded) == [name for name in LOADED.fields if name not in ("outlet", "url", "title", "published_on")]
    assert loaded["form"] == "direct"
    assert (loaded["lang"], loaded["terms"], loaded["status"]) == ("en", "on_record", "published")
    assert loaded["speaker"] == {"name": "Antony Blinken"}
    assert loaded["topics"] == []
    assert loaded["context"] is None


def test_shorthand_means_the_same_as_one_appearance(smallest: dict[str, Any]) -> None:
    short = smallest | {"url": "https://apnews.com/", "title": "T", "published_on": "2022"}
    long = {name: value for name, value in short.items() if name not in ("outlet", "url", "title", "published_on")}
    long["appearances"] = [{name: short[name] for name in ("outlet", "url", "title", "published_on")}]
    assert LOADED.load(short) == LOADED.load(long)
    assert list(LOADED.load(short)["appearances"][0]) == list(LOADED.load(long)["appearances"][0])


def test_two_loads_share_no_lists(smallest: dict[str, Any]) -> None:
    LOADED.load(smallest)["appearances"][0]["byline"].append("x")
    assert LOADED.load(smallest)["appearances"][0]["byline"] == []


def test_the_form_of_a_claim_is_indirect(smallest: dict[str, Any]) -> None:
    assert LOADED.load(smallest | {"kind": "claim", "form": None})["form"] == "indirect"


def test_null_means_absent(smallest: dict[str, Any]) -> None:
    nulls = dict.fromkeys(set(LOADED.fields) - set(smallest))
    assert LOADED.load(smallest | nulls) == LOADED.load(smallest)


def test_loading_does_not_change_what_was_sent(full: dict[str, Any]) -> None:
    before = copy.deepcopy(full)
    LOADED.load(full)
    assert full == before


def test_topics_are_merged_without_case(full: dict[str, Any]) -> None:
    assert LOADED.load(full)["topics"] == ["Ukraine", "War"]


def test_text_is_kept_as_sent(smallest: dict[str, Any]) -> None:
    text = "  cafe\u0301 \u202btext\u202c\r\n\tline  "
    assert LOADED.load(smallest | {"text": text})["text"] == text


class Case(NamedTuple):
    """A change to the smallest statement and what it gives; `seen` is False where JSON Schema cannot tell."""

    change: dict[str, Any]
    expected: list[tuple[str, str]]
    seen: bool = True


def appearing(**members: Any) -> dict[str, Any]:
    """Change to one appearance with these members."""
    return {"outlet": None, "appearances": [{"outlet": "AP", **members}]}


def figure(**members: Any) -> dict[str, Any]:
    """Change to one figure with these members."""
    return {"figures": [{"name": "killed", **members}]}


AT_FIGURE, AT_APPEARANCE = "#/figures/0/", "#/appearances/0/"
BAD = [
    Case({"kind": None}, [("#/kind", "required")]),
    Case({"kind": "Quote"}, [("#/kind", "choice")]),
    Case({"kind": ["quote"]}, [("#/kind", "type")]),
    Case({"text": ""}, [("#/text", "blank")]),
    Case({"text": " \n\u00a0"}, [("#/text", "blank")]),
    Case({"text": "x" * 10_001}, [("#/text", "length")]),
    Case({"text": 5}, [("#/text", "type")]),
    Case({"text": True}, [("#/text", "type")]),
    Case({"text": "a\u0000b"}, [("#/text", "characters")]),
    Case({"text": "a\u0085b"}, [("#/text", "characters")]),
    Case({"text": "a\ud800b"}, [("#/text", "characters")], seen=False),
    Case({"lang": "english!"}, [("#/lang", "language")]),
    Case({"lang": "xx"}, [("#/lang", "language")], seen=False),
    Case({"lang": "en_US"}, [("#/lang", "language")]),
    Case({"speaker": None}, [("#/attributed_as", "required")]),
    Case({"speaker": ""}, [("#/speaker", "blank")]),
    Case({"speaker": "a\u202eb"}, [("#/speaker", "characters")]),
    Case({"speaker": "out_01hzy0000000000000000000ab"}, [("#/speaker", "reference")]),
    Case({"speaker": SPEAKER.upper()}, [("#/speaker", "reference")]),
    Case({"speaker": {"id": "x"}}, [("#/speaker/id", "reference")]),
    Case({"speaker": {"id": SPEAKER, "nom": "x"}}, [("#/speaker/nom", "unknown")]),
    Case({"speaker": {}}, [("#/speaker/name", "required")]),
    Case({"speaker": {"name": "A", "type": "robot"}}, [("#/speaker/type", "choice")]),
    Case({"speaker": {"name": "A", "version": 3}}, [("#/speaker/version", "read_only")]),
    Case({"speaker": ["A"]}, [("#/speaker", "type")]),
    Case({"terms": "off_record"}, [("#/terms", "off_record")]),
    Case({"medium": "e-mail"}, [("#/medium", "choice")]),
    Case({"said_on": "23.03.2022"}, [("#/said_on", "date")]),
    Case({"said_on": "2022-02-30"}, [("#/said_on", "date")], seen=False),
    Case({"said_on": "2022-04/2022-03"}, [("#/said_on", "date")], seen=False),
    Case({"said_on": "2022-03-23T10:00:00Z"}, [("#/said_on", "date")]),
    Case({"said_on": 2022}, [("#/said_on", "type")]),
    Case({"outlet": None}, [("#/outlet", "required")]),
    Case({"outlet": None, "appearances": []}, [("#/appearances", "required")]),
    Case({"appearances": [{"outlet": "AP"}]}, [("#/outlet", "conflict")]),
    Case(
        {"url": "https://a.org/", "title": "T", "published_on": "2022", "appearances": [{"outlet": "AP"}]},
        [(f"#/{name}", "conflict") for name in ("outlet", "url", "title", "published_on")],
    ),
    Case({"url": "ftp://a.org/"}, [("#/url", "url")]),
    Case({"outlet": None, "appearances": "AP"}, [("#/appearances", "type")]),
    Case({"outlet": None, "appearances": [None]}, [("#/appearances/0", "required")]),
    Case({"outlet": None, "appearances": ["AP"]}, [("#/appearances/0", "type")]),
    Case({"outlet": None, "appearances": [{"outlet": "A"}] * 101}, [("#/appearances", "length")]),
    Case(appearing(outlet=None), [(AT_APPEARANCE + "outlet", "required")]),
    Case(appearing(start=3), [(AT_APPEARANCE + "end", "required")]),
    Case(appearing(end=3), [(AT_APPEARANCE + "start", "required")]),
    Case(appearing(start=3, end=2), [(AT_APPEARANCE + "end", "range")], seen=False),
    Case(appearing(start=-1, end=2), [(AT_APPEARANCE + "start", "range")]),
    Case(appearing(start=1.5, end=2), [(AT_APPEARANCE + "start", "type")]),
    Case(appearing(start=True, end="2"), [(AT_APPEARANCE + "start", "type"), (AT_APPEARANCE + "end", "type")]),
    Case(appearing(source="AP article"), [(AT_APPEARANCE + "source", "reference")]),
    Case(
        appearing(source={"url": "https://a.org/"}),
        [(AT_APPEARANCE + "source/url", "unknown"), (AT_APPEARANCE + "source/id", "required")],
    ),
    Case(appearing(via=[{"outlet": "NYT"}]), [(AT_APPEARANCE + "via/0/name", "required")]),
    Case(appearing(via=[{"name": "N"}] * 21), [(AT_APPEARANCE + "via", "length")]),
    Case(appearing(byline="A. Writer"), [(AT_APPEARANCE + "byline", "type")]),
    Case(appearing(byline=["A", None]), [(AT_APPEARANCE + "byline/1", "required")]),
    Case(appearing(id="x"), [(AT_APPEARANCE + "id", "read_only")]),
    Case(figure(), [(AT_FIGURE + "value", "required")]),
    Case(figure(value="6"), [(AT_FIGURE + "value", "type")]),
    Case(figure(value=True), [(AT_FIGURE + "value", "type")]),
    Case(figure(value=float("inf")), [(AT_FIGURE + "value", "range")], seen=False),
    Case(figure(value=2**53), [(AT_FIGURE + "value", "range")], seen=False),
    Case(figure(value=1, min_value=1), [(AT_FIGURE + "min_value", "conflict")]),
    Case(figure(min_value=2, max_value=1), [(AT_FIGURE + "max_value", "range")], seen=False),
    Case(figure(min_value=2, qualifier="between"), [(AT_FIGURE + "qualifier", "conflict")]),
    Case(figure(max_value=2, qualifier="at_least"), [(AT_FIGURE + "qualifier", "conflict")]),
    Case(figure(value=2, qualifier="between"), [(AT_FIGURE + "qualifier", "conflict")]),
    Case({"topics": ["x"] * 51}, [("#/topics", "length")]),
    Case({"topics": ["x" * 201]}, [("#/topics/0", "length")]),
    Case({"topics": ["a\nb"]}, [("#/topics/0", "characters")]),
    Case({"topics": "Ukraine"}, [("#/topics", "type")]),
    Case({"external_id": "a\u2067b"}, [("#/external_id", "characters")]),
    Case(
        {"attributions": [{"status": "maybe"}]},
        [("#/attributions/0/status", "choice"), ("#/attributions/0/speaker", "required")],
    ),
    Case({"attributions": [{"speaker": "A", "confidence": 1.01}]}, [("#/attributions/0/confidence", "range")]),
    *[
        Case({name: "x"}, [(f"#/{name}", "read_only")])
        for name in (
            "id",
            "version",
            "created_at",
            "updated_at",
            "recorded_by",
            "corrections",
            "withdrawn_at",
        )
    ],
    Case({"speakr": "A"}, [("#/speakr", "unknown")]),
    Case({"a/b~c d": 1}, [("#/a~1b~0c%20d", "unknown")]),
    Case({"_schema": 1}, [("#/_schema", "unknown")]),
]
GOOD = [
    {},
    {"speaker": None, "attributed_as": "a friend"},
    {"speaker": SPEAKER},
    {"speaker": {"id": SPEAKER, "name": "x", "type": "person"}},
    {"speaker": {"name": "A", "roles": [{"role": "R", "start": "2021", "end": None}]}},
    {"said_on": "2022-21"},
    {"said_on": "../2022-03-01?"},
    {"said_on": "202X"},
    {"lang": "iw"},
    {"url": "http://пример.рф:8080/ä?q=1#x"},
    appearing(start=0, end=3.0, source="src_01hzy0000000000000000000ab", prefix=" "),
    appearing(source={"id": "src_01hzy0000000000000000000ab"}),
    figure(value=-1.5, qualifier="about"),
    figure(max_value=10**15),
    figure(min_value=1, max_value=1, qualifier=None),
    {"terms": "deep_background", "topics": None, "figures": []},
    {"external_id": "left\u200eright"},
]


@pytest.mark.parametrize("case", BAD, ids=lambda case: ascii(case.change)[:60])
def test_a_bad_statement_is_refused_at_the_place(case: Case, smallest: dict[str, Any], faults: Any) -> None:
    assert faults(StatementIn, smallest | case.change) == case.expected


@pytest.mark.parametrize("case", BAD, ids=lambda case: ascii(case.change)[:60])
def test_json_schema_refuses_it_too(case: Case, smallest: dict[str, Any], json_schema: Any) -> None:
    assert json_schema(StatementIn).is_valid(smallest | case.change) is not case.seen


@pytest.mark.parametrize("change", GOOD, ids=ascii)
def test_a_good_statement_is_good_for_both(
    change: dict[str, Any], smallest: dict[str, Any], faults: Any, json_schema: Any
) -> None:
    document = smallest | change
    assert faults(StatementIn, document) == []
    assert [error.message for error in json_schema(StatementIn).iter_errors(document)] == []


def test_rules_between_members_speak_up_beside_other_faults(faults: Any) -> None:
    found = faults(StatementIn, {"figures": [{"value": "6", "min_value": 3, "max_value": 2}], "kind": 1})
    assert found == [
        ("#/figures/0/value", "type"),
        ("#/figures/0/min_value", "conflict"),
        ("#/figures/0/max_value", "conflict"),
        ("#/figures/0/max_value", "range"),
        ("#/figures/0/name", "required"),
        ("#/kind", "type"),
        ("#/text", "required"),
        ("#/attributed_as", "required"),
        ("#/outlet", "required"),
    ]


@pytest.mark.parametrize("document", [None, [], "x", 5, True, [{}]])
def test_a_statement_is_an_object(document: object, faults: Any) -> None:
    assert faults(StatementIn, document) == [("#", "type")]


def test_a_patch_may_leave_out_anything_take_away_what_is_optional_and_name_its_version(
    faults: Any, json_schema: Any
) -> None:
    good: list[dict[str, Any]] = [
        *({}, {"context": None, "version": 2}, {"url": "https://a.org/"}, {"topics": None}),
        *({"appearances": None, "outlet": "AP"}, {"appearances": [{"outlet": "AP"}], "outlet": None}),
    ]
    bad: list[dict[str, Any]] = [
        *({"version": 0}, {"version": "2"}, {"version": None}, {"corrections": []}),
        *({"text": None}, {"outlet": None}, {"appearances": None}, {"appearances": []}),
        {"appearances": [{"outlet": "AP"}], "url": "https://a.org/"},
    ]
    for patch in good:
        assert faults(StatementPatch, patch) == []
        assert json_schema(StatementPatch).is_valid(patch)
    for patch in bad:
        assert len(faults(StatementPatch, patch)) == 1
        assert not json_schema(StatementPatch).is_valid(patch)


def test_a_patch_loads_to_what_was_sent_and_no_more() -> None:
    assert StatementPatch().load({"context": None, "version": 1}) == {"context": None, "version": 1}


def test_a_sent_statement_has_every_field_in_order() -> None:
    names = list(StatementOut().fields)
    assert names[:4] == ["id", "version", "kind", "form"]
    assert names[-5:] == ["outlet", "corrections", "created_at", "updated_at", "recorded_by"]
    assert "url" not in names
