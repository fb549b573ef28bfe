"""Speakers, outlets and sources; references to them."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest

from schemas.outlets import OutletIn
from schemas.sources import SourceIn
from schemas.speakers import SpeakerIn
from schemas.statements import StatementIn

URL = "https://apnews.com/x"


def test_speakers_and_outlets_have_a_type() -> None:
    assert SpeakerIn().load({"name": "A"})["type"] == "person"
    assert OutletIn().load({"name": "A"})["type"] == "other"


def test_aliases_repeat_neither_the_name_nor_each_other() -> None:
    aliases = ["kyiv post", "Kyiv  Post", "KP", "kp", "Cafe\u0301", "caf\u00e9"]
    assert SpeakerIn().load({"name": "Kyiv Post", "aliases": aliases})["aliases"] == ["KP", "Cafe\u0301"]


def test_a_country_is_kept_in_upper_case() -> None:
    assert OutletIn().load({"name": "A", "country": "ua"})["country"] == "UA"


def test_a_missing_digest_is_left_to_the_domain() -> None:
    assert SourceIn().load({"url": URL, "text": "x"})["sha256"] is None


def test_a_digest_may_stand_alone_or_beside_its_text() -> None:
    digest = sha256("ä".encode()).hexdigest()
    assert SourceIn().load({"url": URL, "text": "ä", "sha256": digest})["sha256"] == digest
    assert SourceIn().load({"url": URL, "sha256": digest})["sha256"] == digest


@pytest.mark.parametrize(
    ("schema", "document", "expected"),
    [
        (SpeakerIn, {}, [("#/name", "required")]),
        (
            SpeakerIn,
            {"name": "A", "roles": [{"role": "R", "start": "2022", "end": "2021"}]},
            [("#/roles/0/end", "range")],
        ),
        (
            SpeakerIn,
            {"name": "A", "roles": [{"role": "R", "start": "2022-13"}]},
            [("#/roles/0/start", "date")],
        ),
        (SpeakerIn, {"name": "A", "same_as": ["wikidata"]}, [("#/same_as/0", "url")]),
        (OutletIn, {"name": "A", "country": "USA"}, [("#/country", "country")]),
        (SourceIn, {"title": "T"}, [("#/url", "required")]),
        (SourceIn, {"url": URL, "text": "x", "sha256": "0" * 64}, [("#/sha256", "conflict")]),
        (SourceIn, {"url": URL, "sha256": "A" * 64}, [("#/sha256", "digest")]),
        (SourceIn, {"url": URL, "text": "x" * 500_001}, [("#/text", "length")]),
    ],
)
def test_a_bad_record_is_refused_at_the_place(schema: Any, document: Any, expected: Any, faults: Any) -> None:
    assert faults(schema, document) == expected


@pytest.mark.parametrize(
    ("sent", "loaded"),
    [
        ("A", {"name": "A"}),
        ("out_of_office", {"name": "out_of_office"}),
        ("spk_01hzy0000000000000000000ab", {"id": "spk_01hzy0000000000000000000ab"}),
        ({"id": "spk_01hzy0000000000000000000ab", "name": 5}, {"id": "spk_01hzy0000000000000000000ab"}),
    ],
)
def test_a_reference_is_an_id_or_a_name(sent: Any, loaded: Any, smallest: dict[str, Any]) -> None:
    assert StatementIn().load(smallest | {"speaker": sent})["speaker"] == loaded


@pytest.mark.parametrize(("sent", "has_type"), [({}, False), ({"type": None}, False), ({"type": "group"}, True)])
def test_an_object_to_find_has_a_type_only_if_one_was_sent(sent: Any, has_type: bool, smallest: dict[str, Any]) -> None:
    speaker = StatementIn().load(smallest | {"speaker": {"name": "A", **sent}})["speaker"]
    assert ("type" in speaker) is has_type
    assert speaker["aliases"] == []
