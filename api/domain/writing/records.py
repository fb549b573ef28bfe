"""The one write path: every record of every kind is stored, revised and withdrawn here, and logged."""

from __future__ import annotations

from typing import Any

import orjson

from api.domain.core.errors import Stale
from api.domain.core.ids import now
from api.domain.core.keys import Key
from api.domain.core.kinds import Document, Kind
from api.domain.drafting import drafts
from api.domain.drafting.drafts import written
from api.domain.drafting.references import Resolution
from api.domain.drafting.worlds import World
from api.domain.history import chain, log
from api.domain.indexing import publicity
from api.domain.parties import survivors
from api.domain.reading import stored
from api.domain.reading.stored import Sent
from api.domain.writing import dependents
from api.storage.db import execute, row, update, writing

_OURS = ("id", "version", "created_at", "updated_at", "recorded_by")


def record(kind: Kind, fields: Document, *, by: Key) -> Sent:
    """Store a new record, finding or making the speakers and outlets it names, and return it as it is read.

    Raises Invalid where a reference leads nowhere or to several, Conflict where the same is held.
    """
    drawn = kind.draw(fields)
    with writing():
        return stored.find(kind, _stored(kind, fields, drawn, by.name), by)


def store(kind: Kind, fields: Document, *, by: str) -> str:
    """Store a new record and return its id; `record` for whoever does not read it back."""
    drawn = kind.draw(fields)
    with writing():
        return _stored(kind, fields, drawn, by)


def _stored(kind: Kind, fields: Document, drawn: Any, by: str) -> str:
    world = World(by)
    document = create(kind, fields, drawn, world)
    world.store()
    return str(document["id"])


def create(
    kind: Kind,
    fields: Document,
    drawn: Any,
    world: World,
    *,
    described: dict[str, Document] | None = None,
    kept: Document | None = None,
) -> Document:
    """Make a new record, which the world is to store, and return its document.

    `described` tells of those that it names by ids, `kept` what it keeps of what only we write. Raises Invalid and
    Conflict.
    """
    kept = kept or {}
    with world.attempt():
        settled = kind.settle(fields, Resolution(world, None, described))
        document = drafts.drafted(kind, settled, by=world.by, id=kept.get("id"), at=kept.get("created_at"))
        document.update(_derived(kind, kept))
        kind.refuse(document, drawn, world)
    world.create(kind, document, drawn)
    return document


def revise(kind: Kind, id: str, patch: Document, *, by: Key, expected: frozenset[int] | None) -> Sent:
    """Apply a JSON Merge Patch (RFC 7396), keep what it supersedes, and return the record as it is read.

    What changes nothing makes no version. A reference is replaced whole, never merged into. `expected`
    holds the versions that the change was made for, None for any. Raises NotFound, Gone, Stale,
    Conflict, Invalid and marshmallow's ValidationError.
    """
    with writing():
        change(kind, id, patch, World(by.name), expected=expected)
        return stored.find(kind, id, by)


def change(
    kind: Kind,
    id: str,
    patch: Document,
    world: World,
    *,
    expected: frozenset[int] | None = None,
    described: dict[str, Document] | None = None,
    kept: Document | None = None,
) -> bool:
    """Apply a merge patch to a record that is stored, and tell whether that made a version; raises as `revise`."""
    n, previous = current(kind, id, expected)
    with world.attempt():
        settled = patched(kind, previous, patch, world, described)
        settled.update(_derived(kind, kept or {}))
        if not differs(kind, previous, settled):
            return False
        replace(kind, n, previous, settled, world)
    return True


def withdraw(kind: Kind, id: str, reason: str | None, *, by: Key, expected: frozenset[int] | None) -> None:
    """Take a record back: its id answers 410 from now on, its revisions stay.

    The withdrawal is the record's last version, a document that says when, by whom and why.
    Raises NotFound, Gone, Stale, and Conflict where other records still name it.
    """
    with writing():
        n, previous = current(kind, id, expected)
        dependents.refuse_while_named(kind, id)
        public, version = publicity.is_public(kind, previous), previous["version"] + 1
        document = {
            "id": id,
            "version": version,
            "withdrawn_at": now(),
            "withdrawn_by": by.name,
            "reason": reason,
            **({} if public else {"withheld": True}),
        }
        text, salt = written(document), chain.new_salt()
        _supersede(kind, id)
        execute(
            "INSERT INTO revision (record, version, document, salt) VALUES (?, ?, ?, ?)",
            (id, version, text, salt),
        )
        kind.tables.project(n, None, previous)
        execute(f"DELETE FROM {kind.name} WHERE id = ?", (id,))
        digest = chain.document_hash(salt, text)
        log.append("withdraw", kind.name, document, sha256=digest, by=by.name, at=document["withdrawn_at"], note=reason)
        publicity.ended(kind, previous, version, public=public)


def current(kind: Kind, id: str, expected: frozenset[int] | None, *, merged: bool = False) -> tuple[int, Document]:
    """Return a record's number and document, to be changed.

    Raises NotFound, Gone, Stale at another version, and Conflict where another record stands for it, unless it may
    be `merged`.
    """
    found = row(f"SELECT n, document FROM {kind.name} WHERE id = ?", (id,))
    if found is None:
        raise stored.missing(kind, id, may_know=True)
    document: dict[str, Any] = orjson.loads(found[1])
    if not merged:
        survivors.require_unmerged(kind, document)
    if expected is not None and document["version"] not in expected:
        raise Stale(
            f"The {kind.name} is now at version {document['version']}. Read it again and repeat the change.",
            current_version=document["version"],
        )
    return found[0], document


def patched(
    kind: Kind, previous: Document, patch: Document, world: World, described: dict[str, Document] | None = None
) -> Document:
    """Return what a document holds besides what all records have, with a merge patch applied, checked and settled.

    Raises marshmallow's ValidationError, and Invalid.
    """
    fields = kind.takes.load(kind.merge(own(kind, previous), patch))
    return kind.settle(fields, Resolution(world, previous, described))


def differs(kind: Kind, previous: Document, settled: Document) -> bool:
    """Tell whether what is settled is not what a document holds already, or what stands for what it lacks."""
    return any(
        previous[name] != value if name in previous else kind.absent(name) != value for name, value in settled.items()
    )


def own(kind: Kind, document: Document) -> Document:
    """Return what a document holds besides what only we write."""
    return {name: value for name, value in document.items() if name not in (*_OURS, *kind.derived)}


def _derived(kind: Kind, kept: Document) -> Document:
    """Return what is to be kept of the members that only we write."""
    return {name: kept[name] for name in kind.derived if name in kept}


def replace(
    kind: Kind,
    n: int,
    previous: Document,
    settled: Document,
    world: World,
    *,
    op: str = "update",
    note: str | None = None,
) -> None:
    """Put a record's next version in the place of the one before, which is kept; raises Conflict.

    What the world has to store goes first. `op` and `note` are what the log says of it.
    """
    id, version = previous["id"], previous["version"] + 1
    document = {"id": id, "version": version, **settled}
    document.update(created_at=previous["created_at"], updated_at=now(), recorded_by=previous["recorded_by"])
    drawn = kind.draw(document)
    kind.refuse(document, drawn, world)
    world.store()
    _supersede(kind, id)
    text, salt = written(document), chain.new_salt()
    columns = kind.columns(n, document, drawn)
    columns = {"version": version, "document": text, "salt": salt, **columns}
    update(kind.name, id, columns)
    kind.tables.project(n, document, previous)
    digest = chain.document_hash(salt, text)
    log.append(op, kind.name, document, sha256=digest, by=world.by, at=document["updated_at"], note=note)
    publicity.revised(kind, previous, document)
    kind.learn(document, drawn, previous, world)


def _supersede(kind: Kind, id: str) -> None:
    execute(
        "INSERT INTO revision (record, version, document, salt) "
        f"SELECT id, version, document, salt FROM {kind.name} WHERE id = ?",
        (id,),
    )
