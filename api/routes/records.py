"""The routes that every kind of record has: its collection, one record, and its history."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Blueprint

from api.domain.core.errors import Conflict, Gone, Merged, NotFound, Refused
from api.domain.core.keys import Key
from api.domain.core.kinds import Document, Kind
from api.domain.finding import listing, samples, streams, views
from api.domain.reading import stored
from api.domain.reading.stored import Sent
from api.domain.writing import records
from api.web.answers import Envelope, dumps
from api.web.endpoint import endpoint
from api.web.streams import Stream
from schemas.base import Schema
from schemas.queries import FORMS, PAGES, ListQuery, RecordQuery, RevisionsQuery
from schemas.withdrawals import WithdrawalIn

Expected = frozenset[int] | None
Errors = tuple[type[Refused], ...]


def collection(
    kind: Kind,
    *,
    gives: type[Schema],
    patches: type[Schema],
    query: type[ListQuery],
    one: type[RecordQuery] = RecordQuery,
) -> Blueprint:
    """Return the routes of a kind of record under its plural; `query` is that of the list, `one` of a record."""
    routes = Blueprint(kind.plural, __name__, url_prefix=f"/v1/{kind.plural}")
    _read(routes, kind, gives, query, one)
    _write(routes, kind, gives, patches)
    _look_back(routes, kind, gives)
    return routes


def _named(kind: Kind) -> str:
    return f"{'an' if kind.name[0] in 'aeiou' else 'a'} {kind.name}"


def _read(routes: Blueprint, kind: Kind, gives: type[Schema], query: type[ListQuery], one: type[RecordQuery]) -> None:
    moves: Errors = (Merged,) if kind.merges else ()

    @routes.get("")
    @endpoint(query=query, gives=gives, lists=True, forms=FORMS, summary=f"List {kind.plural}, newest first.")
    def list_(query: dict[str, Any], key: Key) -> Envelope | Stream:
        if query["format"] != PAGES:
            return Stream(streams.batches(kind, query, key), gives, query)
        page = samples.sample(query, key) if query.get("sample") else listing.page(kind, query, key)
        return Envelope(views.shaped(page.lines, query, key), page.next, page.total, page.total_exact)

    @routes.get("/<id:id>")
    @endpoint(query=one, gives=gives, forms=(PAGES,), raises=(NotFound, Gone, *moves), summary=f"Read {_named(kind)}.")
    def read(id: str, query: dict[str, Any], key: Key) -> Sent:
        found = stored.find(kind, id, key)
        return replace(found, body=views.shaped(found.body, query, key))


def _write(routes: Blueprint, kind: Kind, gives: type[Schema], patches: type[Schema]) -> None:
    # Not every kind has records that clash, that others need, or that others can stand for.
    clashes: Errors = (Conflict,) if kind.refuse is not Kind.refuse else ()
    needed: Errors = (Conflict,) if kind.release is not Kind.release else ()
    fixed: Errors = (Conflict,) if kind.merges else clashes

    @routes.post("")
    @endpoint(
        needs="write",
        takes=type(kind.takes),
        gives=gives,
        status=201,
        raises=clashes,
        summary=f"Record {_named(kind)}.",
    )
    def record(body: Document, key: Key) -> Sent:
        return records.record(kind, body, by=key)

    @routes.patch("/<id:id>")
    @endpoint(
        needs="write",
        patches=patches,
        gives=gives,
        conditional=True,
        raises=(NotFound, Gone, *fixed),
        summary=f"Revise {_named(kind)}.",
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
        summary=f"Withdraw {_named(kind)}.",
    )
    def withdraw(id: str, body: Document, key: Key, expected: Expected) -> None:
        records.withdraw(kind, id, body["reason"], by=key, expected=expected)


def _look_back(routes: Blueprint, kind: Kind, gives: type[Schema]) -> None:
    @routes.get("/<id:id>/revisions")
    @endpoint(
        query=RevisionsQuery,
        gives="revisions",
        raises=(NotFound,),
        summary=f"Read the history of {_named(kind)}.",
    )
    def revisions(id: str, query: dict[str, Any], key: Key) -> Envelope | list[Document]:
        if query["diff"]:
            old, new = query["diff"]
            return stored.difference(kind, id, old, new, key)
        found = stored.revisions(kind, id, key, cursor=query["cursor"], limit=query["limit"])
        return Envelope("\n".join(map(dumps, found.entries)), found.next, found.total, True)

    @routes.get("/<id:id>/revisions/<whole(max=2147483647):version>")
    @endpoint(gives=gives, raises=(NotFound,), summary=f"Read {_named(kind)} as it was at a version.")
    def revision(id: str, version: int, key: Key) -> Sent:
        return stored.revision(kind, id, version, key)
