"""Relations: how statements bear on each other."""

from __future__ import annotations

from api.domain.kinds import Document, Kind
from api.domain.references import Resolution
from schemas.relations import RelationIn

ENDS = ("subject", "object")


def _settle(fields: Document, resolution: Resolution) -> Document:
    settled = {**fields, **{end: resolution.statement(fields[end], f"#/{end}") for end in ENDS}}
    resolution.finish()
    return settled


def _columns(n: int, document: Document, drawn: object) -> dict[str, object]:
    return {"n_again": n, **{end: document[end]["id"] for end in ENDS}}


RELATION = Kind(
    name="relation",
    plural="relations",
    prefix="rel",
    takes=RelationIn(),
    settle=_settle,
    columns=_columns,
    ends=ENDS,
    public=" AND ".join(
        f"EXISTS (SELECT 1 FROM statement w WHERE w.id = t.{end} AND w.status <> 'withheld')" for end in ENDS
    ),
)
