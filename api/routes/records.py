"""The routes that every kind of record has: its collection, one record, and its history."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from flask import Blueprint

from api.domain.core.errors import Conflict, Gone, Merged, NotFound, Refused
from api.domain.core.keys import Key
from api.domain.core.kinds import Document, Kind
from api.domain.finding import views
from api.domain.finding.listing import Page
from api.domain.finding.matches import Matches
from api.domain.reading import stored
from api.domain.reading.stored import Sent
from api.domain.writing import dependents, records
from api.routes.mergers import add_mergers
from api.web.answers import dumps
from api.web.endpoint import endpoint
from api.web.preconditions import Expected
from schemas.log import RevisionsOut
from schemas.queries import AboutQuery, ListQuery, NamesQuery, RecordQuery, RevisionsQuery
from schemas.withdrawals import WithdrawalIn

Errors = tuple[type[Refused], ...]


@cache
def usual(kind: Kind) -> Blueprint:
    """Return the routes of a kind of record that has no more than what it is gives it."""
    query = NamesQuery if kind.party else AboutQuery if kind.ends else ListQuery
    return collection(kind, query=query)


def collection(kind: Kind, *, query: type[ListQuery], one: type[RecordQuery] = RecordQuery) -> Blueprint:
    """Return the routes of a kind of record under its plural; `query` is that of the list, `one` of a record."""
    routes = Blueprint(kind.plural, __name__, url_prefix=f"/v1/{kind.plural}")
    _read(routes, kind, query, one)
    _write(routes, kind)
    _look_back(routes, kind)
    if kind.noun.merges:
        add_mergers(routes, kind, takes=kind.noun.merges)
    return routes


def _read(routes: Blueprint, kind: Kind, query: type[ListQuery], one: type[RecordQuery]) -> None:
    gives = kind.noun.sends
    moves: Errors = (Merged,) if kind.party else ()

    @routes.get("")
    @endpoint(query=query, gives=gives, lists=True, forms_of=kind.name, summary=f"List {kind.plural}, newest first.")
    def list_(query: dict[str, Any], key: Key) -> Matches:
        return Matches(kind, query, key)

    @routes.get("/<id:id>")
    @endpoint(
        query=one, gives=gives, forms_of=kind.name, raises=(NotFound, Gone, *moves), summary=f"Read {kind.noun.one}."
    )
    def read(id: str, query: dict[str, Any], key: Key) -> Sent:
        found = stored.find(kind, id, key)
        return replace(found, body=views.shaped(kind, found.body, query, key))


def _write(routes: Blueprint, kind: Kind) -> None:
    gives = kind.noun.sends
    # Not every kind has records that clash, that others need, or that others can stand for.
    clashes: Errors = (Conflict,) if kind.refuse is not Kind.refuse else ()
    needed: Errors = (Conflict,) if dependents.can_be_needed(kind) else ()
    fixed: Errors = (Conflict,) if kind.party else clashes

    @routes.post("")
    @endpoint(
        needs="write",
        takes=kind.noun.takes,
        gives=gives,
        status=201,
        raises=clashes,
        summary=f"Record {kind.noun.one}.",
    )
    def record(body: Document, key: Key) -> Sent:
        return records.record(kind, body, by=key)

    @routes.patch("/<id:id>")
    @endpoint(
        needs="write",
        patches=kind.noun.patches,
        gives=gives,
        conditional=True,
        raises=(NotFound, Gone, *fixed),
        summary=f"Revise {kind.noun.one}.",
    )
    def revise(id: str, body: Document, key: Key, expected: Expected) -> Sent:
        return records.revise(kind, id, body, by=key, expected=expected)

    @routes.delete("/<id:id>")
    @endpoint(
        needs="write",
        takes=WithdrawalIn,
        status=204,
        conditional=True,
        raises=(NotFound, Gone, *needed),
        summary=f"Withdraw {kind.noun.one}.",
    )
    def withdraw(id: str, body: Document, key: Key, expected: Expected) -> None:
        records.withdraw(kind, id, body["reason"], by=key, expected=expected)


def _look_back(routes: Blueprint, kind: Kind) -> None:
    @routes.get("/<id:id>/revisions")
    @endpoint(
        query=RevisionsQuery,
        gives=RevisionsOut,
        raises=(NotFound,),
        summary=f"Read the history of {kind.noun.one}.",
    )
    def revisions(id: str, query: dict[str, Any], key: Key) -> Page | list[Document]:
        if query["diff"]:
            old, new = query["diff"]
            return stored.difference(kind, id, old, new, key)
        found = stored.revisions(kind, id, key, cursor=query["cursor"], limit=query["limit"])
        return Page("\n".join(map(dumps, found.entries)), found.next, found.total, True)

    @routes.get("/<id:id>/revisions/<whole(max=2147483647):version>")
    @endpoint(gives=kind.noun.sends, raises=(NotFound,), summary=f"Read {kind.noun.one} as it was at a version.")
    def revision(id: str, version: int, key: Key) -> Sent:
        return stored.revision(kind, id, version, key)
