"""Speakers: persons, organizations, governments and groups whose words are on record."""

from __future__ import annotations

from functools import partial

from api.domain.core.kinds import Document, Kind
from api.domain.indexing import names
from api.domain.parties import survivors
from schemas.speakers import NOUN


def _settle(fields: Document, resolution: object) -> Document:
    return fields


def _columns(n: int, document: Document, drawn: object) -> dict[str, object]:
    return {"n_again": n, **survivors.columns("speaker", document)}


def _project(n: int, document: Document | None, previous: Document | None) -> None:
    names.index("speaker", n, document, previous)


SPEAKER = Kind(
    noun=NOUN,
    settle=_settle,
    columns=_columns,
    project=_project,
    add=partial(names.add, "speaker"),
    derived=("merged_into",),
    public="t.shown = 1",
    merges=True,
    release=partial(names.refuse_while_named, "speaker"),
)
