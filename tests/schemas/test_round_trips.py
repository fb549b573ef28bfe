"""What the service sends can be read, written and sent back."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from schemas.outlets import OutletIn, OutletOut
from schemas.sources import SourceIn, SourceOut
from schemas.speakers import SpeakerIn, SpeakerOut
from schemas.statements import StatementIn, StatementOut

RECORD = {
    "version": 2,
    "created_at": "2022-03-24T10:00:00Z",
    "updated_at": "2022-03-24T10:00:00.123456Z",
    "recorded_by": "desk",
}
OUTLET = {"id": "out_01hzy0000000000000000000ab", "name": "AP", "type": "news_agency"}
SPEAKER = {"id": "spk_01hzy0000000000000000000ab", "name": "A", "type": "person"}


def resolved(document: dict[str, Any]) -> dict[str, Any]:
    """Do what the domain does: put the found or created records in place of the references."""
    document = copy.deepcopy(document)
    for appearance in document["appearances"]:
        appearance["outlet"] = OUTLET
        for hop in appearance["via"]:
            hop["outlet"] = hop["outlet"] and OUTLET
    for attribution in document["attributions"]:
        attribution["speaker"] = SPEAKER
    return document | {"speaker": document["speaker"] and SPEAKER}


def sent(document: dict[str, Any]) -> dict[str, Any]:
    """Make of a loaded statement the document that the service would send."""
    correction = {"kind": "correction", "note": "n", "on": "2022-03-24", "version": 2}
    own = {"id": "stm_01hzy0000000000000000000ab", "outlet": OUTLET, "corrections": [correction]}
    return own | resolved(document) | RECORD


@pytest.fixture(params=["smallest", "full"])
def statement(request: pytest.FixtureRequest) -> dict[str, Any]:
    return sent(StatementIn().load(request.getfixturevalue(request.param)))


def test_a_sent_statement_is_read_and_written_unchanged(statement: dict[str, Any]) -> None:
    loaded = StatementOut().load(statement)
    assert loaded == statement
    assert StatementOut().dump(loaded) == statement


def test_a_sent_statement_fits_its_json_schema(statement: dict[str, Any], json_schema: Any) -> None:
    assert [error.message for error in json_schema(StatementOut).iter_errors(statement)] == []


def test_members_of_a_later_version_and_expanded_records_pass_through(statement: dict[str, Any]) -> None:
    statement |= {"mood": "grim", "reviews": []}
    statement["appearances"][0]["page"] = 3
    assert StatementOut().dump(StatementOut().load(statement)) == statement


def test_a_picked_statement_is_read_in_part() -> None:
    assert StatementOut(partial=True).load({"text": "x", "speaker": None}) == {"text": "x", "speaker": None}


def test_a_sent_statement_without_read_only_members_is_valid_input(statement: dict[str, Any]) -> None:
    read_only = {"id", "outlet", "corrections", *RECORD}
    back = {name: value for name, value in statement.items() if name not in read_only}
    loaded = StatementIn().load(back)
    assert sent(loaded) == statement
    assert StatementIn().load(loaded) == loaded


@pytest.mark.parametrize(
    ("takes", "sends", "document"),
    [
        (SpeakerIn, SpeakerOut, {"name": "A", "roles": [{"role": "R", "start": "2021"}], "aliases": ["B"]}),
        (OutletIn, OutletOut, {"name": "AP", "country": "us", "lang": "EN", "url": "https://apnews.com"}),
        (SourceIn, SourceOut, {"url": "https://apnews.com/x", "text": "words", "byline": ["A"]}),
    ],
)
def test_the_other_records_go_round_too(takes: Any, sends: Any, document: Any, json_schema: Any) -> None:
    prefix = {SpeakerIn: "spk", OutletIn: "out", SourceIn: "src"}[takes]
    loaded = takes().load(document)
    record = {"id": f"{prefix}_01hzy0000000000000000000ab"} | loaded | RECORD
    assert sends().dump(sends().load(record)) == record
    assert json_schema(sends).is_valid(record)
    assert json_schema(takes).is_valid(document)
    assert takes().load(loaded) == loaded
