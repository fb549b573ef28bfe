"""Outlets: who printed or aired what was said."""

from __future__ import annotations

from functools import partial

from api.domain.core.kinds import Document, Kind
from api.domain.indexing import names
from api.domain.parties import survivors
from schemas.outlets import NOUN


def _settle(fields: Document, resolution: object) -> Document:
    return fields


def _columns(n: int, document: Document, drawn: object) -> dict[str, object]:
    return {"n_again": n, **survivors.columns("outlet", document)}


def _project(n: int, document: Document | None, previous: Document | None) -> None:
    names.index("outlet", n, document, previous)


OUTLET = Kind(
    noun=NOUN,
    settle=_settle,
    columns=_columns,
    project=_project,
    add=partial(names.add, "outlet"),
    derived=("merged_into",),
    public="t.shown = 1",
    merges=True,
    release=partial(names.refuse_while_named, "outlet"),
)
