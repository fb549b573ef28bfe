"""Examples of every document, made by the schemas themselves where there is one, so that they stay true."""

from __future__ import annotations

from typing import Any

from api.domain.evidence.registry import KINDS
from schemas.assertions import AssertedOut
from schemas.base import Schema
from schemas.checks import CheckIn
from schemas.corrections import CorrectionIn
from schemas.figures import FigureIn
from schemas.keys import KeyIn, KeyOut, NewKeyOut
from schemas.mergers import OutletMergerIn, SpeakerMergerIn, UnmergerIn
from schemas.outlets import NOUN as OUTLET
from schemas.speakers import NOUN as SPEAKER
from schemas.statements import NOUN as STATEMENT
from schemas.withdrawals import WithdrawalIn

Document = dict[str, Any]

# The last part of an ETag.
VIEW = "9c56cc51b374"
EPOCH = "f2b7a91c03de4586"
TIME = "2026-11-22T10:00:00.000Z"
IDS = {
    "statement": STATEMENT.example.id,
    "speaker": SPEAKER.example.id,
    "outlet": OUTLET.example.id,
    "key": "key_01kayv5q3mf8r8d2xq1n6z0t4v",
}
_SPEAKER = {"id": IDS["speaker"], "name": "Antony Blinken", "type": "person"}
_OUTLET = {"id": IDS["outlet"], "name": "The Associated Press", "type": "news_agency"}
_KEY = {"name": "newsroom", "scopes": ["write"]}
# Bodies of what is done to a record that is there, by their schemas.
_DONE: dict[type[Schema], Document] = {
    WithdrawalIn: {"reason": "Recorded twice.", "version": 1},
    CorrectionIn: {
        "kind": "correction",
        "note": "An earlier version had the wrong date.",
        "on": "2022-03-25",
        "patch": {"said_on": "2022-03-23"},
        "version": 1,
    },
    SpeakerMergerIn: {"into": "spk_01kayv5q3mf8r8d2xq1n6z0t4z", "version": 1},
    OutletMergerIn: {"into": "out_01kayv5q3mf8r8d2xq1n6z0t4z", "version": 1},
    UnmergerIn: {"version": 2},
    KeyIn: _KEY,
    CheckIn: {"text": "We are committed to pursuing accountability", "speaker": "Antony Blinken"},
}
_NEW_KEY = {"id": IDS["key"], **_KEY, "created_at": TIME, "expires_at": None}
_ASSERTED = {
    **FigureIn().load({"name": "soldiers killed", "min_value": 7000, "max_value": 15000}),
    "statement": {"id": IDS["statement"], "kind": "claim", "text": "Between 7,000 and 15,000 were killed."},
    "speaker": _SPEAKER,
    "outlet": _OUTLET,
    "said_on": "2022-03-23",
}


def of(sends: type[Schema]) -> Document:
    """Return an example of what is sent by a schema."""
    if sends is AssertedOut:
        return _ASSERTED
    if sends is KeyOut:
        return {**_NEW_KEY, "revoked_at": None, "last_used_at": TIME}
    if sends is NewKeyOut:
        return {**_NEW_KEY, "key": "onr_2Dx6P9c0kQ7rT1vW4yB8nM3sF5hJ6lA0zE_uGiOqXtY_1a2b3c4d"}
    noun = next(kind.noun for kind in KINDS if kind.noun.sends is sends)
    fields = {**noun.takes().load(noun.example.sent), **noun.example.derived}
    meta = {"created_at": TIME, "updated_at": TIME, "recorded_by": "newsroom"}
    return {"id": noun.example.id, "version": 1, **_with_names(fields), **meta}


def _with_names(value: Any) -> Any:
    """Return what is sent in place of what was loaded: who is named by a name alone is shown with id and type."""
    if isinstance(value, dict):
        shown = next((each for each in (_SPEAKER, _OUTLET) if value == {"name": each["name"]}), None)
        return shown or {name: _with_names(each) for name, each in value.items()}
    return [_with_names(each) for each in value] if isinstance(value, list) else value


def id_of(noun: str) -> str | None:
    """Return the id of an example of a noun, None where there are no ids of it."""
    return next((kind.noun.example.id for kind in KINDS if kind.name == noun), IDS.get(noun))


def patch(patches: type[Schema]) -> Document:
    """Return an example of a patch that is read by a schema."""
    return next(kind.noun.example.patch for kind in KINDS if kind.noun.patches is patches)


def sent(takes: type[Schema]) -> Document:
    """Return an example of a body that is read by a schema."""
    return _DONE.get(takes) or next(kind.noun.example.sent for kind in KINDS if kind.noun.takes is takes)


def page(*items: Document) -> Document:
    """Return a page of a list that holds these."""
    return {"data": list(items), "next": None, "next_url": None, "total": len(items), "total_exact": True}


_WRITE = {
    "version": 1,
    "op": "create",
    "at": TIME,
    "by": "newsroom",
    "note": None,
    "seq": 1,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "url": f"/v1/statements/{IDS['statement']}/revisions/1",
}
_CHANGE = {
    "seq": 1,
    "op": "create",
    "type": "statement",
    "id": IDS["statement"],
    "version": 1,
    "at": TIME,
    "sha256": _WRITE["sha256"],
}
_LINK = "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752"
_SAID = str(STATEMENT.example.sent["text"])
_VERDICT = {
    "verdict": "excerpt",
    "matches": [
        {
            "statement": {
                "id": IDS["statement"],
                "version": 1,
                "kind": "quote",
                "text": _SAID,
                "lang": "en",
                "speaker": _SPEAKER,
                "attributed_as": None,
                "said_on": "2022-03-23",
                "context": None,
                "url": f"/v1/statements/{IDS['statement']}",
            },
            "score": 1.0,
            "diff": [
                {
                    "op": "equal",
                    "recorded": {"start": 0, "end": 43, "text": _SAID[:43]},
                    "purported": {"start": 0, "end": 43, "text": _SAID[:43]},
                }
            ],
            "changes": [],
            "declared": [],
            "speaker_matches": True,
            "attribution": "speaker",
            "status": "published",
            "corrections": [],
            "first_appearance": {"outlet": _OUTLET, "url": STATEMENT.example.sent["url"], "published_on": None},
        }
    ],
    "store": {"statements": 21, "as_of": TIME},
}
# Answers that are no records, by the names that routes give them.
ANSWERS: dict[str, Any] = {
    "status": {"status": "ok"},
    "index": {
        "name": "On Record",
        "statements": "/v1/statements",
        "openapi": "/openapi.json",
        "docs": "/docs",
    },
    "openapi": {"openapi": "3.1.0", "info": {"title": "On Record", "version": "1.0.0"}, "paths": {}},
    "json-schema": {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://onrecord.example/v1/schemas/statement.json",
        "title": "Statement",
        "$ref": "#/$defs/Statement",
        "$defs": {"Statement": {"type": "object"}},
    },
    "problem-type": {
        "type": "/problems/not-found",
        "title": "Not found",
        "status": 404,
        "detail": "Nothing is at this address, or nothing that this reader may know of.",
    },
    "report": {
        "received": 2,
        "created": 1,
        "updated": 0,
        "unchanged": 0,
        "failed": 1,
        "errors": [
            {
                "line": 2,
                "status": 422,
                "errors": [{"pointer": "#/kind", "code": "required", "detail": "This field is required."}],
            }
        ],
        "errors_truncated": False,
    },
    "me": {
        "id": IDS["key"],
        "name": "newsroom",
        "scopes": ["read", "write"],
        "quota": {"limit": 600000, "window": 60, "remaining": 599999, "reset": 60},
    },
    "security-contact": "Contact: mailto:security@record.example\nExpires: 2027-05-21T00:00:00Z\n",
    "counts": {
        "by": "kind",
        "groups": [
            {"key": "claim", "label": "claim", "count": 17},
            {"key": "quote", "label": "quote", "count": 4},
        ],
        "groups_total": 2,
        "other": 0,
        "missing": 0,
        "total": 21,
    },
    "verdict": _VERDICT,
    "verdicts": _VERDICT,
    "similar": {"data": _VERDICT["matches"]},
    "changes": {"changes": [_CHANGE], "last": 1, "more": False, "epoch": EPOCH},
    "log-head": {"seq": 1, "hash": _LINK, "at": TIME, "epoch": EPOCH},
    "log-entry": {
        **_CHANGE,
        "by": "newsroom",
        "note": None,
        "previous": "0" * 64,
        "hash": _LINK,
        "concealed": False,
    },
    "revisions": page(_WRITE),
}
