"""Examples of every document, made by the schemas themselves, so that they cannot go out of date."""

from __future__ import annotations

from functools import cache
from typing import Any

from schemas.outlets import OutletIn
from schemas.sources import SourceIn
from schemas.speakers import SpeakerIn
from schemas.statements import StatementIn

SPEAKER_ID = "spk_01kayv5q3mf8r8d2xq1n6z0t4w"
OUTLET_ID = "out_01kayv5q3mf8r8d2xq1n6z0t4x"
_IDS = {
    "statement": "stm_01kayv5q3nf8r8d2xq1n6z0t4y",
    "speaker": SPEAKER_ID,
    "outlet": OUTLET_ID,
    "source": "src_01kayv5q3pf8r8d2xq1n6z0t4z",
}
_SPEAKER = {"id": SPEAKER_ID, "name": "Antony Blinken", "type": "person"}
_OUTLET = {"id": OUTLET_ID, "name": "The Associated Press", "type": "news_agency"}

INPUTS: dict[str, dict[str, Any]] = {
    "statement": {
        "kind": "quote",
        "text": "We are committed to pursuing accountability using every tool available, "
        "including criminal prosecutions",
        "speaker": "Antony Blinken",
        "speaker_role": "U.S. Secretary of State",
        "outlet": "The Associated Press",
        "url": "https://news.example/2022/03/23/accountability",
        "said_on": "2022-03-23",
        "date_text": "On Wednesday",
        "topics": ["war crimes"],
    },
    "speaker": {"type": "person", "name": "Antony Blinken", "aliases": ["Antony J. Blinken"]},
    "outlet": {"type": "news_agency", "name": "The Associated Press", "aliases": ["AP"], "country": "US"},
    "source": {"url": "https://news.example/2022/03/23/accountability", "outlet": "The Associated Press"},
    "key": {"name": "newsroom", "scopes": ["write"]},
    "withdrawal": {"reason": "Recorded twice."},
}
PATCHES: dict[str, dict[str, Any]] = {
    "statement": {"said_on": "2022-03", "version": 1},
    "speaker": {"description": "American diplomat", "version": 1},
    "outlet": {"country": "US", "version": 1},
    "source": {"title": "Accountability", "version": 1},
}
_TAKES = {"statement": StatementIn, "speaker": SpeakerIn, "outlet": OutletIn, "source": SourceIn}


@cache
def output(kind: str) -> dict[str, Any]:
    """Return a document of a kind as the service sends it."""
    fields = _TAKES[kind]().load(INPUTS[kind])
    if "speaker" in fields:
        fields["speaker"] = _SPEAKER
    if "appearances" in fields:
        fields["appearances"][0]["outlet"] = _OUTLET
        fields["corrections"] = []
    if kind in ("statement", "source"):
        fields["outlet"] = _OUTLET
    time = "2026-11-22T10:00:00.000Z"
    meta = {"created_at": time, "updated_at": time, "recorded_by": "newsroom"}
    return {"id": _IDS[kind], "version": 1, **fields, **meta}
