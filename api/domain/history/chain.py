"""The hash chain: how an entry of the log is hashed with the link before it, and the document that it tells of with a
salt.

Nothing here needs a database, so that whoever has the entries can prove them.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, fields

import orjson

GENESIS = "0" * 64


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log, as it is hashed and stored."""

    seq: int
    at: str
    op: str
    type: str
    record: str
    version: int
    by: str
    note: str | None
    sha256: str

    def hash(self, previous: str) -> str:
        """Return the entry's link of the chain: SHA-256 over the link before and the entry's JSON.

        The JSON is an array of the fields in their order here, as UTF-8 without spacing.
        """
        values = [
            self.seq,
            self.at,
            self.op,
            self.type,
            self.record,
            self.version,
            self.by,
            self.note,
            self.sha256,
        ]
        return hashlib.sha256(previous.encode() + orjson.dumps(values)).hexdigest()


FIELDS = tuple(field.name for field in fields(Entry))
COLUMNS = ", ".join(FIELDS)


def new_salt() -> str:
    """Return 128 random bits, which are kept and erased together with the document they salt."""
    return secrets.token_hex(16)


def document_hash(salt: str, document: str) -> str:
    """Return the SHA-256 of a salt and a stored document, in hexadecimal."""
    return hashlib.sha256((salt + document).encode()).hexdigest()
