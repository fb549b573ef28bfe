"""The log as it is told: the change feed, where the log ends, one entry, and a record's history."""

from __future__ import annotations

from schemas.answers import Answer, Either, count, many, maybe
from schemas.base import OpenSchema
from schemas.fields import Choice, Digest, Formed, Plain, Timestamp, Whatever, Whether
from schemas.nouns import TIME
from schemas.pages import page_of
from schemas.records import declared
from schemas.statements import NOUN
from schemas.vocabulary import PREFIXES, WRITES

_HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_LINK = "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752"
EPOCH = "f2b7a91c03de4586"


class Epoch(Formed):
    """The name of a history: 16 lower-case hexadecimal digits."""

    code, pattern = "digest", "^[0-9a-f]{16}$"

    def read(self, text: str) -> str:
        """`text` itself."""
        return text


def _epoch() -> Epoch:
    return Epoch("Which history this is; restoring a backup begins another.", required=True)


class ChangeOut(OpenSchema):
    """One write, as the change feed tells of it."""

    seq = count("Its place in the log.", least=1)
    op = Choice(WRITES, "What was done.", required=True)
    type = Choice(tuple(PREFIXES), "With what kind of record.", required=True)
    id = Plain("With which record.", required=True)
    version = count("The version that it has now.", least=1)
    at = Timestamp("When.", required=True)
    sha256 = Digest("The salted hash of that version's document; null where only that it went may be known.").sent()

    example = {
        "seq": 1,
        "op": "create",
        "type": "statement",
        "id": NOUN.example.id,
        "version": 1,
        "at": TIME,
        "sha256": _HASH,
    }


class ChangesOut(Answer):
    """What changed after a sequence number, oldest first."""

    changes = many(ChangeOut)
    last = count("What to send as `since` next.")
    more = Whether("Whether there are more already.", required=True)
    epoch = _epoch()

    example = {"changes": [ChangeOut.example], "last": 1, "more": False, "epoch": EPOCH}


class LogHeadOut(Answer):
    """Where the log ends; a later log extends it, or was changed."""

    seq = count("The newest entry's number; 0 of an empty log.")
    hash = Digest("Its link of the chain; zeros of an empty log.", required=True)
    at = Timestamp("When it was written.").sent()
    epoch = _epoch()

    example = {"seq": 1, "hash": _LINK, "at": TIME, "epoch": EPOCH}


class LogEntryOut(Answer):
    """One entry of the log. `hash` is SHA-256 of `previous` and of the JSON array of seq, at, op, type, id, version,
    by, note and sha256.
    """

    class Meta(Answer.Meta):
        include = {
            name: field if name in ("seq", "at") else field.variant(required=True, nullable=True)
            for name, field in declared(ChangeOut).items()
        }

    by = Plain("The name of the key that did it.").sent()
    note = Plain("Why, where that was said.").sent()
    previous = Digest("The link of the entry before.", required=True)
    hash = Digest("The entry's link of the chain.", required=True)
    concealed = Whether("Whether the record needs a key; without one everything but the links is null.", required=True)

    example = {
        **ChangeOut.example,
        "by": "newsroom",
        "note": None,
        "previous": "0" * 64,
        "hash": _LINK,
        "concealed": False,
    }


class HistoryEntryOut(OpenSchema):
    """One write of a record's history, as the log has it."""

    version = count("The version that it made.", least=1)
    op = Choice(WRITES, "What was done.", required=True)
    at = Timestamp("When.", required=True)
    by = Plain("The name of the key that did it.", required=True)
    note = Plain("Why, where that was said.").sent()
    seq = count("Its place in the log.", least=1)
    sha256 = Digest("The hash that the log keeps.", required=True)
    url = Plain("Where the document of that version is.", required=True)

    example = {
        "version": 1,
        "op": "create",
        "at": TIME,
        "by": "newsroom",
        "note": None,
        "seq": 1,
        "sha256": _HASH,
        "url": f"/v1/statements/{NOUN.example.id}/revisions/1",
    }


class OperationOut(OpenSchema):
    """One operation of a JSON Patch (RFC 6902)."""

    class Meta(OpenSchema.Meta):
        include = {
            "op": Choice(("add", "remove", "replace", "move", "copy", "test"), required=True),
            "path": Plain(required=True),
            "from": maybe(Plain(required=True)),
            "value": maybe(Whatever()),
        }


class RevisionsOut(Either):
    """The history, newest first; with `diff` the changes between two versions."""

    shapes = (page_of(HistoryEntryOut)(), OperationOut(many=True))
    example = page_of(HistoryEntryOut).example
