"""The canonical records after a merger: the survivor of a speaker or outlet, by the documents and by their index."""

from __future__ import annotations

from collections.abc import Collection

import orjson

from api.domain.core.errors import Conflict, Merged
from api.domain.core.kinds import Document, Kind
from api.domain.indexing import names
from api.storage.db import among, row, while_writing

# As it stands in a stored document; inside a string its quotation marks would be escaped.
_MARK = '"merged_into":{'


def survivor(type: str, id: str) -> str | None:
    """Return the id of the one who stands for a speaker or outlet, which may be itself; None where there is none."""
    found = row(f"SELECT s.id FROM {type} t JOIN {type} s ON s.n = coalesce(t.merged_into, t.n) WHERE t.id = ?", (id,))
    return found[0] if found else None


def standing(type: str, ids: Collection[str]) -> dict[str, str]:
    """Return the ids of those who stand for many, by the ids of these, as far as there are such."""
    sql = f"SELECT t.id, s.id, s.n FROM {type} t JOIN {type} s ON s.n = coalesce(t.merged_into, t.n) WHERE t.id IN"
    found = among(sql, ids)
    while_writing().update({(type, id): n for _, id, n in found})
    return {id: survivor for id, survivor, _ in found}


def columns(type: str, document: Document) -> dict[str, object]:
    """Return the index columns of a speaker or outlet: what is shown for it, and the number of who stands for it.

    The documents decide, each of which names the next, so that the columns can be made again from them.
    """
    last = document
    while "merged_into" in last:
        last = _document(type, last["merged_into"]["id"])
    return {
        "reference": names.reference(last),
        "merged_into": None if last is document else names.number(type, last["id"]),
    }


def require_unmerged(kind: Kind, document: Document) -> None:
    """Raise Conflict where another record stands for this one, so that it cannot be changed."""
    if "merged_into" in document:
        detail = f"The {kind.name} was merged into another; change that one, or unmerge this one first."
        raise Conflict(detail, existing=_existing(kind, document["id"]))


def lead_on(kind: Kind, id: str, text: str) -> None:
    """Raise Merged where the stored document says that another record stands for this one."""
    if kind.party and _MARK in text:
        raise Merged(f"The {kind.name} was merged into another.", existing=_existing(kind, id))


def _existing(kind: Kind, id: str) -> dict[str, str | None]:
    standing = survivor(kind.name, id)
    return {"id": standing, "url": f"/v1/{kind.plural}/{standing}"}


def _document(type: str, id: str) -> Document:
    found = row(f"SELECT document FROM {type} WHERE id = ?", (id,))
    if found is None:
        # Whoever others were merged into cannot be withdrawn; `verify` tells of one that was lost.
        raise KeyError(id)
    document: Document = orjson.loads(found[0])
    return document
