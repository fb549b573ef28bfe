"""Sending what is stored: documents as they lie there, with the names of others spliced in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson

from api.domain.core.errors import Gone, NotFound, Unauthenticated
from api.domain.core.keys import Key
from api.domain.core.kinds import Document, Kind
from api.domain.history import log
from api.domain.history.chain import Entry
from api.domain.parties import survivors
from api.domain.reading import cursors
from api.domain.reading.splicing import columns, complete, documents, joins, with_names
from api.storage.db import row, rows
from schemas.faults import echo

# What ends a record, and what has then been done with it.
GONE = {"withdraw": "withdrawn", "erase": "erased"}


@dataclass(frozen=True, slots=True)
class Sent:
    """One document as it goes out, with the id and version that its ETag names."""

    id: str
    version: int
    body: str


@dataclass(frozen=True, slots=True)
class History:
    """What happened to a record, newest first; where the next entries begin, and how many there are."""

    entries: list[dict[str, Any]]
    next: str | None
    total: int


def visible(kind: Kind, reader: Key) -> str:
    """Return the condition that leaves out what this reader may not know of."""
    return "" if reader.may("read") else kind.public.condition()


def find(kind: Kind, id: str, reader: Key) -> Sent:
    """Return a record's current document; raises NotFound, Gone where it was withdrawn, or Merged."""
    found = row(_finding(kind, visible(kind, reader)), (id,))
    if found is None:
        raise missing(kind, id, may_know=reader.may("read"))
    survivors.lead_on(kind, id, found[1])
    (text,) = documents(kind, [found], 1)
    return Sent(id, found[0], without_secret(kind, text, reader))


@cache
def _finding(kind: Kind, condition: str) -> str:
    """Return the SQL that reads one record: its version and what makes its document."""
    sql = f"SELECT t.version, {columns(kind)} FROM {kind.name} t{joins(kind)} WHERE t.id = ?"
    return f"{sql} AND {condition}" if condition else sql


def without_secret(kind: Kind, lines: str, reader: Key) -> str:
    """Return documents, one a line, without what only key holders may read, for whoever is none."""
    secret = kind.public.secret
    if secret is None or reader.may("read") or not lines:
        return lines
    shown = ({**orjson.loads(line), secret: None} for line in lines.split("\n"))
    return "\n".join(orjson.dumps(each).decode() for each in shown)


def revisions(kind: Kind, id: str, reader: Key, *, cursor: str | None, limit: int) -> History:
    """Return what happened to a record, newest first; raises NotFound, BadParameter for a bad cursor."""
    _may_read_history(kind, id, reader)
    bound = cursors.binding("revisions", id)
    before = cursors.read(cursor, bound, kind.prefix)[1] if cursor else None
    entries = log.of_record(id, before=before, limit=limit + 1)
    more, entries = len(entries) > limit, entries[:limit]
    following = cursors.write(bound, 0, entries[-1].version, id) if more else None
    return History([_line(kind, each) for each in entries], following, log.of_record(id, limit=1)[0].version)


def _line(kind: Kind, entry: Entry) -> dict[str, Any]:
    return {
        "version": entry.version,
        "op": entry.op,
        "at": entry.at,
        "by": entry.by,
        "note": entry.note,
        "seq": entry.seq,
        "sha256": entry.sha256,
        "url": f"/v1/{kind.plural}/{entry.record}/revisions/{entry.version}",
    }


def revision(kind: Kind, id: str, version: int, reader: Key) -> Sent:
    """Return a record's document as it was at a version; raises NotFound."""
    _may_read_history(kind, id, reader)
    return Sent(id, version, _at(kind, id, version, reader))


def difference(kind: Kind, id: str, old: int, new: int, reader: Key) -> list[Document]:
    """Return the JSON Patch (RFC 6902) that makes one version's document into another's; raises NotFound."""
    # Imported here, since only this rare answer needs the library.
    from jsonpatch import make_patch

    _may_read_history(kind, id, reader)
    one, other = (orjson.loads(_at(kind, id, version, reader)) for version in (old, new))
    patch: list[Document] = make_patch(one, other).patch
    return patch


def _at(kind: Kind, id: str, version: int, reader: Key) -> str:
    found = row(f"SELECT document FROM {kind.name} WHERE id = ? AND version = ?", (id, version))
    found = found or row("SELECT document FROM revision WHERE record = ? AND version = ?", (id, version))
    if found is None:
        erased = any(entry.op == "erase" for entry in log.of_record(id, limit=1))
        why = "was erased, and its versions with it" if erased else f"has no version {version}"
        raise NotFound(f"The {kind.name} {id} {why}.")
    (text,) = complete(kind, with_names([found[0]], public=not reader.may("read")))
    return without_secret(kind, text, reader)


def _may_read_history(kind: Kind, id: str, reader: Key) -> None:
    condition = visible(kind, reader)
    if row(f"SELECT 1 FROM {kind.name} t WHERE t.id = ?{' AND ' + condition if condition else ''}", (id,)):
        return
    problem = missing(kind, id, may_know=reader.may("read"))
    if isinstance(problem, NotFound):
        raise problem
    if not reader.may("read"):
        raise Unauthenticated("The record was withdrawn; its revisions are readable with a key.")


def missing(kind: Kind, id: str, *, may_know: bool) -> NotFound | Gone:
    """Return the error for an id that has no record: it never was, or it was withdrawn or erased.

    Of a record that was withheld when it was withdrawn, or is about what is withheld or withdrawn, who may not
    know of it learns nothing.
    """
    entries = log.of_record(id, limit=1)
    if not entries or entries[0].type != kind.name or entries[0].op not in GONE:
        return NotFound(f"There is no {kind.name} {echo(id)}.")
    last = entries[0]
    if not (may_know or was_public(kind, last)):
        return NotFound(f"There is no {kind.name} {echo(id)}.")
    done = GONE[last.op]
    facts = {f"{done}_at": last.at, f"{done}_by": last.by, "reason": last.note, "id": id}
    return Gone(f"The {kind.name} was {done}.", **facts)


def was_public(kind: Kind, last: Entry) -> bool:
    """Tell whether a record that is gone, by its last entry, may be known of without a key."""
    # What was erased cannot be asked any more, so its last version says it.
    sql = "SELECT document FROM revision WHERE record = ? AND version IN (?, ?) ORDER BY version"
    document: Document = {}
    for (text,) in rows(sql, (last.record, last.version - 1, last.version)):
        document.update(orjson.loads(text))
    if document.get("withheld"):
        return False
    about = [document[end]["id"] for end in kind.ends if end in document]
    shown = "SELECT 1 FROM statement WHERE id = ? AND status <> 'withheld'"
    return not kind.public.withheld(document) and all(row(shown, (each,)) for each in about)
