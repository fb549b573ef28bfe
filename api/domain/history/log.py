"""The append-only log: one entry for every write, chained by SHA-256, never rewritten.

An entry holds no text of the record, only the hash of its document, salted: the document can be
erased where the law asks for it, and neither the chain breaks nor can its words be guessed back
from the hash. The documents themselves are the records' rows and, once superseded, `revision`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from api.domain.core.errors import OtherEpoch
from api.domain.history.chain import COLUMNS, FIELDS, GENESIS, Entry
from api.storage.db import among, insert_all, row, rows


@dataclass(frozen=True, slots=True)
class Happened:
    """What is to be an entry: all of it but its place in the log."""

    op: str
    type: str
    record: str
    version: int
    by: str
    at: str
    sha256: str
    note: str | None = None


def append(
    op: str, kind: str, document: dict[str, Any], *, sha256: str, by: str, at: str, note: str | None = None
) -> None:
    """Append the entry of a document inside the caller's transaction, which holds the right to write."""
    append_all([Happened(op, kind, document["id"], document["version"], by, at, sha256, note)])


def append_all(happened: Sequence[Happened]) -> None:
    """Append entries, in their order, inside the caller's transaction, which holds the right to write."""
    last, link = head()
    found = []
    for seq, each in enumerate(happened, start=last + 1):
        fields = (seq, each.at, each.op, each.type, each.record, each.version, each.by, each.note, each.sha256)
        link = Entry(*fields).hash(link)
        found.append((*fields, link))
    insert_all("entry", (*FIELDS, "hash"), found)


def head() -> tuple[int, str]:
    """Return the newest entry's sequence number and hash; of an empty log, 0 and sixty-four zeros."""
    return row("SELECT seq, hash FROM entry ORDER BY seq DESC LIMIT 1") or (0, GENESIS)


def position() -> int:
    """Return the newest entry's sequence number, 0 of an empty log."""
    found = row("SELECT seq FROM entry ORDER BY seq DESC LIMIT 1")
    return int(found[0]) if found else 0


def epoch(expected: str | None = None) -> str:
    """Return which history the log tells, which a restore changes; raises OtherEpoch where another was expected."""
    found = row("SELECT epoch FROM history")
    told = str(found[0]) if found else ""
    if expected is not None and expected != told:
        raise OtherEpoch(
            "The records were restored from a backup since: this is another history. Read all records again, and go on "
            "from the end of its log.",
            epoch=told,
        )
    return told


def after(seq: int, limit: int) -> list[Entry]:
    """Return the entries after a sequence number, oldest first, at most `limit`."""
    found = rows(f"SELECT {COLUMNS} FROM entry WHERE seq > ? ORDER BY seq LIMIT ?", (seq, limit))
    return [Entry(*each) for each in found]


def linked(seq: int) -> tuple[Entry, str, str] | None:
    """Return an entry with its hash and that of the entry before, None where the log has no such entry."""
    found = row(f"SELECT {COLUMNS}, hash FROM entry WHERE seq = ?", (seq,))
    if found is None:
        return None
    before = row("SELECT hash FROM entry WHERE seq = ?", (seq - 1,))
    return Entry(*found[:-1]), found[-1], before[0] if before else GENESIS


def held(records: Collection[str]) -> list[str]:
    """Return those among ids that there has ever been a record of."""
    return [id for (id,) in among("SELECT record FROM entry WHERE version = 1 AND record IN", records)]


def of_record(record: str, *, before: int | None = None, limit: int | None = None) -> list[Entry]:
    """Return a record's entries, newest first; those under version `before`, at most `limit`."""
    asked: list[object] = [record]
    sql = f"SELECT {COLUMNS} FROM entry WHERE record = ?"
    if before is not None:
        sql += " AND version < ?"
        asked.append(before)
    sql += " ORDER BY version DESC"
    if limit is not None:
        sql += " LIMIT ?"
        asked.append(limit)
    return [Entry(*each) for each in rows(sql, asked)]
