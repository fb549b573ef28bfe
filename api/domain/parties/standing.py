"""What speakers and outlets have in common: they are found by their names, and one can stand for another."""

from __future__ import annotations

from api.domain.core.kinds import Document, Kind, Public
from api.domain.indexing import names
from api.domain.parties import survivors
from schemas.nouns import Noun


def party(noun: Noun) -> Kind:
    """Return the kind of those who are called so on the wire."""

    def columns(n: int, document: Document, drawn: object) -> dict[str, object]:
        return {"n_again": n, **survivors.columns(noun.name, document)}

    return Kind(
        noun=noun,
        settle=_settle,
        columns=columns,
        tables=names.tables(noun.name),
        derived=("merged_into",),
        party=True,
        public=Public(when="{row}.shown = 1"),
    )


def _settle(fields: Document, resolution: object) -> Document:
    return fields
