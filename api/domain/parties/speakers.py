"""Speakers: persons, organizations, governments and groups whose words are on record."""

from __future__ import annotations

from api.domain.core.kinds import Document, Kind, Public
from api.domain.indexing import names
from api.domain.parties import survivors
from schemas.speakers import NOUN


def _settle(fields: Document, resolution: object) -> Document:
    return fields


def _columns(n: int, document: Document, drawn: object) -> dict[str, object]:
    return {"n_again": n, **survivors.columns("speaker", document)}


SPEAKER = Kind(
    noun=NOUN,
    settle=_settle,
    columns=_columns,
    tables=names.tables("speaker"),
    derived=("merged_into",),
    party=True,
    public=Public(when="{row}.shown = 1"),
)
