"""Examples of every document, made by the schemas themselves where there is one, so that they stay true."""

from __future__ import annotations

from typing import Any

from api.domain.evidence.registry import KINDS
from schemas.base import OpenSchema, Schema
from schemas.checks import CheckIn
from schemas.corrections import CorrectionIn
from schemas.keys import KeyIn, KeyOut
from schemas.mergers import UnmergerIn
from schemas.nouns import TIME
from schemas.outlets import NOUN as OUTLET
from schemas.speakers import NOUN as SPEAKER
from schemas.statements import NOUN as STATEMENT
from schemas.withdrawals import WithdrawalIn

Document = dict[str, Any]

# The last part of an ETag.
VIEW = "9c56cc51b374"
IDS = {
    "statement": STATEMENT.example.id,
    "speaker": SPEAKER.example.id,
    "outlet": OUTLET.example.id,
    "key": KeyOut.example["id"],
}
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
    UnmergerIn: {"version": 2},
    KeyIn: _KEY,
    CheckIn: {"text": "We are committed to pursuing accountability", "speaker": "Antony Blinken"},
}


def of(sends: type[Schema]) -> Document:
    """Return an example of what is sent by a schema."""
    if issubclass(sends, OpenSchema) and sends.example:
        return sends.example
    noun = next(kind.noun for kind in KINDS if kind.noun.sends is sends)
    fields = {**noun.takes().load(noun.example.sent), **noun.example.derived}
    meta = {"created_at": TIME, "updated_at": TIME, "recorded_by": "newsroom"}
    return {"id": noun.example.id, "version": 1, **_with_names(fields), **meta}


def _with_names(value: Any) -> Any:
    """Return what is sent in place of what was loaded: who is named by a name alone is shown with id and type."""
    if isinstance(value, dict):
        for party in (kind.noun.example for kind in KINDS.parties):
            if value == {"name": party.sent["name"]}:
                return {"id": party.id, "name": party.sent["name"], "type": party.sent["type"]}
        return {name: _with_names(each) for name, each in value.items()}
    return [_with_names(each) for each in value] if isinstance(value, list) else value


def id_of(noun: str) -> str | None:
    """Return the id of an example of a noun, None where there are no ids of it."""
    return next((kind.noun.example.id for kind in KINDS if kind.name == noun), IDS.get(noun))


def patch(patches: type[Schema]) -> Document:
    """Return an example of a patch that is read by a schema."""
    return next(kind.noun.example.patch for kind in KINDS if kind.noun.patches is patches)


def sent(takes: type[Schema]) -> Document:
    """Return an example of a body that is read by a schema."""
    if takes in _DONE:
        return _DONE[takes]
    noun = next(kind.noun for kind in KINDS if takes in (kind.noun.takes, kind.noun.merges))
    return noun.example.sent if noun.takes is takes else {"into": f"{noun.example.id[:-1]}z", "version": 1}


def page(*items: Document) -> Document:
    """Return a page of a list that holds these."""
    return {"data": list(items), "next": None, "next_url": None, "total": len(items), "total_exact": True}
