"""Relations: how statements bear on each other."""

from __future__ import annotations

import orjson

from api.domain.core.errors import Conflict
from api.domain.core.kinds import Document, Kind, Public
from api.domain.drafting.references import Resolution
from api.storage.db import rows
from schemas.relations import NOUN

ENDS = ("subject", "object")
_BETWEEN = "SELECT id, document FROM relation WHERE subject = ? AND object = ?"


def _settle(fields: Document, resolution: Resolution) -> Document:
    settled = {**fields, **{end: resolution.held("statement", fields[end], f"#/{end}") for end in ENDS}}
    resolution.finish()
    return settled


def _refuse(document: Document, drawn: object, world: object) -> None:
    """Raise Conflict where the same is held already, whatever its note; two that were the same before may stay so."""
    ends = [document[end]["id"] for end in ENDS]
    held = {id: orjson.loads(text)["type"] for id, text in rows(_BETWEEN, ends)}
    same = sorted(id for id, type in held.items() if type == document["type"])
    if same and document["id"] not in same:
        existing = {"id": same[0], "url": f"/v1/relations/{same[0]}"}
        raise Conflict("The same relation between the same statements is held.", existing=existing)


def _columns(n: int, document: Document, drawn: object) -> dict[str, object]:
    return {"n_again": n, **{end: document[end]["id"] for end in ENDS}}


RELATION = Kind(
    noun=NOUN,
    settle=_settle,
    columns=_columns,
    refuse=_refuse,
    ends=ENDS,
    public=Public(
        when=" AND ".join(
            f"EXISTS (SELECT 1 FROM statement w WHERE w.id = {{row}}.{end} AND w.status <> 'withheld')" for end in ENDS
        )
    ),
)
