"""The right to erasure: a record goes where the law or somebody's safety asks for it; its words go, the entries of the
log stay.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from api.domain.core.errors import Conflict
from api.domain.core.ids import now
from api.domain.core.keys import ANONYMOUS
from api.domain.core.kinds import Document, Kind
from api.domain.evidence.registry import KINDS
from api.domain.history import chain, log
from api.domain.indexing import publicity
from api.domain.reading import stored
from api.domain.reading.stored import visible
from api.domain.writing import dependents, repeats
from api.storage import db as storage
from api.storage.db import db, execute, row, rows, translated, writing

# How many of those that still need a record are named.
_NAMED = 20


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased: the record, how many versions of its document, when; and who else speaks of it."""

    id: str
    type: str
    versions: int
    at: str
    about: list[str]


def erase(id: str, reason: str, *, by: str) -> Erased:
    """Remove every document of a record and all that is found by it; its id answers 410 from now on.

    The entries of the log stay, with the hashes of what is gone: without the salts these say nothing. A last entry
    gives the reason. Raises NotFound, Gone where it is erased already, Conflict where other records need it.
    The words leave the file with `scrub`, after this has been stored.
    """
    with writing():
        kind, versions = _kind(id)
        found = row(f"SELECT n, document FROM {kind.name} WHERE id = ?", (id,))
        withheld = not _public(kind, id, found is not None)
        if found:
            _release(kind, id)
            kind.tables.project(found[0], None, orjson.loads(found[1]))
            execute(f"DELETE FROM {kind.name} WHERE id = ?", (id,))
        execute("DELETE FROM revision WHERE record = ?", (id,))
        for forget in ELSEWHERE:
            forget(id)
        document = {"id": id, "version": versions + 1, "erased_at": now(), "erased_by": by, "reason": reason}
        _conclude(kind, {**document, "withheld": withheld}, reason, by)
        if found:
            publicity.ended(kind, orjson.loads(found[1]), versions + 1, public=not withheld)
        return Erased(id, kind.name, versions, str(document["erased_at"]), _about(id))


def scrub() -> str | None:
    """Take what was erased out of the files, where that is ours to do; return why it could not be, None where it is.

    Others go on reading and writing meanwhile.
    """
    with translated():
        problem: str | None = storage.dialect.scrub(db)
        return problem


def _kind(id: str) -> tuple[Kind, int]:
    """Return the kind of a record and its last version; raises NotFound, Gone."""
    entries = log.of_record(id, limit=1)
    kind = KINDS[entries[0].type] if entries else next(iter(KINDS))
    if not entries or entries[0].op == "erase":
        raise stored.missing(kind, id, may_know=True)
    return kind, entries[0].version


def _public(kind: Kind, id: str, current: bool) -> bool:
    """Tell whether who has no key may know of the record; nobody can tell afterwards."""
    if not current:
        return stored.was_public(kind, log.of_record(id, limit=1)[0])
    condition = visible(kind, ANONYMOUS) or "1 = 1"
    return row(f"SELECT 1 FROM {kind.name} t WHERE t.id = ? AND {condition}", (id,)) is not None


def _release(kind: Kind, id: str) -> None:
    try:
        dependents.refuse_while_named(kind, id)
    except Conflict as error:
        needed = ", ".join(dependents.of(kind, id, _NAMED))
        raise Conflict(f"{error.detail} They are: {needed}.") from None


def _conclude(kind: Kind, document: Document, reason: str, by: str) -> None:
    text, salt = orjson.dumps(document).decode(), chain.new_salt()
    execute(
        "INSERT INTO revision (record, version, document, salt) VALUES (?, ?, ?, ?)",
        (document["id"], document["version"], text, salt),
    )
    digest = chain.document_hash(salt, text)
    log.append("erase", kind.name, document, sha256=digest, by=by, at=document["erased_at"], note=reason)


def _about(id: str) -> list[str]:
    """Return what is about a statement, such as reviews: it may repeat its words."""
    found = (rows(f"SELECT id FROM {kind.name} WHERE {end} = ?", (id,)) for kind in KINDS for end in kind.ends)
    return sorted({about for each in found for (about,) in each})


# What else may hold words of a record, besides its row, its revisions and the indexes: each is called with the
# record's id inside the transaction that erases it.
ELSEWHERE: list[Callable[[str], Any]] = [repeats.forget]
