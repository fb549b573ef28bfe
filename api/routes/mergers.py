"""The routes of what can be merged: speakers and outlets."""

from __future__ import annotations

from flask import Blueprint

from api.domain.core.errors import Conflict, Gone, NotFound
from api.domain.core.keys import Key
from api.domain.core.kinds import Document, Kind
from api.domain.reading.stored import Sent
from api.domain.writing import mergers
from api.web.endpoint import endpoint
from api.web.preconditions import Expected
from schemas.base import Schema
from schemas.mergers import UnmergerIn

_RAISES = (NotFound, Gone, Conflict)


def add_mergers(routes: Blueprint, kind: Kind, *, takes: type[Schema]) -> None:
    """Give a collection the routes that merge one of its records into another and take that back."""
    gives = kind.noun.sends

    @routes.post("/<id:id>/merge")
    @endpoint(
        needs="write",
        takes=takes,
        gives=gives,
        conditional=True,
        raises=_RAISES,
        summary=f"Merge {kind.noun.one} into another, which stands for both from then on.",
    )
    def merge(id: str, body: Document, key: Key, expected: Expected) -> Sent:
        return mergers.merge(kind, id, body["into"], by=key, expected=expected)

    @routes.post("/<id:id>/unmerge")
    @endpoint(
        needs="write",
        takes=UnmergerIn,
        gives=gives,
        conditional="optional",
        raises=_RAISES,
        summary=f"Take the merger of {kind.noun.one} back.",
    )
    def unmerge(id: str, body: Document, key: Key, expected: Expected) -> Sent:
        return mergers.unmerge(kind, id, by=key, expected=expected)
