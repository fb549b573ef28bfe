"""Access keys as they are made and listed over HTTP, and what one may do."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from schemas.answers import Answer, count, one
from schemas.base import Document, Fault, OpenSchema, Schema
from schemas.fields import Choice, Name, Plain, Text, Timestamp
from schemas.nouns import TIME
from schemas.parts import LONGEST_NAME, Identifier, Listed
from schemas.vocabulary import SCOPES

_ID = "key_01kayv5q3mf8r8d2xq1n6z0t4v"
_MADE = {"id": _ID, "name": "newsroom", "scopes": ["write"], "created_at": TIME, "expires_at": None}


class KeyIn(Schema):
    """A key to be made."""

    name = Name(LONGEST_NAME, "Whose it is; records show it as recorded_by.", required=True, examples=["newsroom"])
    scopes = Listed(
        Choice(SCOPES), "What it may do; each scope holds those before it.", most=3, required=True, minItems=1
    )
    expires_at = Timestamp("When it ends; never, where this is not given.", examples=["2030-01-01T00:00:00.000Z"])

    def conflicts(self, data: Document, original: Mapping[str, Any]) -> Iterator[tuple[str, Fault]]:
        """A key that may do nothing, or has ended before it begins, is of no use to anyone."""
        if original.get("scopes") == []:
            yield "scopes", Fault("required", "A key needs a scope: read, write or admin.")
        ends = data.get("expires_at")
        if ends is not None and datetime.fromisoformat(ends) <= datetime.now(UTC):
            yield "expires_at", Fault("range", "The key would have ended already; name a moment to come, or none.")


class KeyOut(OpenSchema):
    """A key as it is listed, without its secret."""

    id = Text(30, "The key's id.", required=True)
    name = Name(LONGEST_NAME, "Whose it is.", required=True)
    scopes = Listed(Choice(SCOPES), "What it may do.", most=3, required=True)
    created_at = Timestamp("When it was made.", required=True)
    expires_at = Timestamp("When it ends.")
    revoked_at = Timestamp("When it was revoked.")
    last_used_at = Timestamp("When it was last used, to the minute.")

    example = {**_MADE, "revoked_at": None, "last_used_at": TIME}


class NewKeyOut(KeyOut):
    """A key that has just been made, with its secret, which is shown this once."""

    key = Text(100, "The key itself.", required=True)

    example = {**_MADE, "key": "onr_2Dx6P9c0kQ7rT1vW4yB8nM3sF5hJ6lA0zE_uGiOqXtY_1a2b3c4d"}


class QuotaOut(OpenSchema):
    """How often the key, or without one the address, may ask; null where there is no limit."""

    limit = count("How many requests it may send in a window.")
    window = count("How long a window is, in seconds.")
    remaining = count("How many are left in this one.")
    reset = count("In how many seconds the next one begins.")


class MeOut(Answer):
    """Whose key it is, what it may do and how often."""

    id = Identifier("key", "Null without a key.").sent()
    name = Plain(required=True)
    scopes = Listed(Choice(SCOPES), most=None, required=True)
    quota = one(
        QuotaOut,
        "How often the key, or without one the address, may ask; null where there is no limit.",
        required=False,
    ).sent()

    example = {
        "id": _ID,
        "name": "newsroom",
        "scopes": ["read", "write"],
        "quota": {"limit": 600000, "window": 60, "remaining": 599999, "reset": 60},
    }
