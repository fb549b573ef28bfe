"""Outlets: who printed or aired what was said."""

from __future__ import annotations

from api.domain.core.kinds import Document, Kind, Public
from api.domain.indexing import names
from api.domain.parties import survivors
from schemas.outlets import NOUN


def _settle(fields: Document, resolution: object) -> Document:
    return fields


def _columns(n: int, document: Document, drawn: object) -> dict[str, object]:
    return {"n_again": n, **survivors.columns("outlet", document)}


OUTLET = Kind(
    noun=NOUN,
    settle=_settle,
    columns=_columns,
    tables=names.tables("outlet"),
    derived=("merged_into",),
    party=True,
    public=Public(when="{row}.shown = 1"),
)
