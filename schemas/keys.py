"""Access keys as they are made and listed over HTTP."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from schemas.base import Document, Fault, OpenSchema, Schema
from schemas.fields import Choice, Name, Text, Timestamp
from schemas.parts import LONGEST_NAME, Listed
from schemas.vocabulary import SCOPES


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


class NewKeyOut(KeyOut):
    """A key that has just been made, with its secret, which is shown this once."""

    key = Text(100, "The key itself.", required=True)
