"""Who still needs a record: others that name it, so that it can be neither withdrawn nor erased before those."""

from __future__ import annotations

from collections.abc import Iterator

from api.domain.core.errors import Conflict
from api.domain.core.kinds import Kind
from api.domain.evidence.registry import KINDS
from api.domain.indexing import names
from api.storage.db import row, rows


def can_be_needed(kind: Kind) -> bool:
    """Tell whether records of a kind can be needed by others."""
    return kind.party or any(kind.name in (*other.names, *other.mentions) for other in KINDS)


def refuse_while_named(kind: Kind, id: str) -> None:
    """Raise Conflict where other records still name this one, or it is merged with another."""
    if kind.party:
        n = names.number(kind.name, id)
        if row(f"SELECT 1 FROM {kind.name} WHERE merged_into = ? LIMIT 1", (n,)):
            raise Conflict(f"Another {kind.name} was merged into this one; unmerge it first.")
        if row(f"SELECT 1 FROM {kind.name} WHERE n = ? AND merged_into IS NOT NULL", (n,)):
            raise Conflict(f"The {kind.name} was merged into another; unmerge it first.")
    if of(kind, id, 1):
        raise Conflict(f"Other records still name this {kind.name}; change or withdraw those first.")


def of(kind: Kind, id: str, most: int) -> list[str]:
    """Return the ids of records that name this one, so many of them at most."""
    found = {id for sql, value in _naming(kind, id) for (id,) in rows(f"{sql} LIMIT {most}", (value,))}
    return sorted(found)[:most]


def _naming(kind: Kind, id: str) -> Iterator[tuple[str, object]]:
    for other in KINDS:
        if kind.name in other.names:
            yield f"SELECT t.id FROM {other.name} t WHERE t.{kind.name} = ?", names.number(kind.name, id)
        if kind.name in other.mentions:
            joined = f"mention m JOIN {other.name} t ON t.n = m.{other.name}"
            yield f"SELECT t.id FROM {joined} WHERE m.record = ?", id
