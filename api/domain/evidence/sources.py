"""Sources: articles and other documents that statements are anchored in."""

from __future__ import annotations

import hashlib

from api.domain.core.kinds import Document, Kind, Public
from api.domain.drafting.references import Resolution
from api.domain.indexing import names
from api.text.addresses import canonical
from schemas.sources import NOUN


def _settle(fields: Document, resolution: Resolution) -> Document:
    settled = {**fields, "outlet": resolution.outlet(fields["outlet"], "#/outlet")}
    resolution.finish()
    if settled["text"] is not None:
        settled["sha256"] = hashlib.sha256(settled["text"].encode()).hexdigest()
    return settled


def _merge(fields: Document, patch: Document) -> Document:
    """Apply a merge patch; a digest that is not sent with a new text is that text's own."""
    merged = {**fields, **patch}
    if "text" in patch and "sha256" not in patch:
        merged["sha256"] = None
    return merged


def _columns(n: int, document: Document, drawn: object) -> dict[str, object]:
    outlet = document["outlet"]
    number = outlet and names.number("outlet", outlet["id"])
    return {"n_again": n, "url": canonical(document["url"]), "outlet": number}


def _tells(document: Document) -> set[str]:
    return {document["outlet"]["id"]} if document["outlet"] else set()


SOURCE = Kind(
    noun=NOUN,
    settle=_settle,
    merge=_merge,
    columns=_columns,
    names=("outlet",),
    # The full text of an article is kept for anchoring quotations, not for republishing it.
    public=Public(secret="text", tells=_tells),
)
