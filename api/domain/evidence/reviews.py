"""Reviews: what fact-checkers found about statements."""

from __future__ import annotations

from api.domain.core.kinds import Document, Kind, Public
from api.domain.drafting.references import Resolution
from schemas.reviews import NOUN


def _settle(fields: Document, resolution: Resolution) -> Document:
    settled = {**fields, "statement": resolution.held("statement", fields["statement"], "#/statement")}
    resolution.finish()
    return settled


def _merge(fields: Document, patch: Document) -> Document:
    """Apply a merge patch, also to the objects inside (RFC 7396, section 2)."""
    merged = {**fields, **patch}
    for part in ("author", "rating"):
        if isinstance(patch.get(part), dict):
            merged[part] = {**fields[part], **patch[part]}
    return merged


def _columns(n: int, document: Document, drawn: object) -> dict[str, object]:
    return {"n_again": n, "statement": document["statement"]["id"]}


REVIEW = Kind(
    noun=NOUN,
    settle=_settle,
    merge=_merge,
    columns=_columns,
    ends=("statement",),
    # What is about a statement that is withheld, or was withdrawn, repeats its words.
    public=Public(when="EXISTS (SELECT 1 FROM statement w WHERE w.id = {row}.statement AND w.status <> 'withheld')"),
)
