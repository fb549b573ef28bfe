"""What goes out: stored bytes, lists of them, or a little JSON of our own; with validators."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import orjson
from flask import Response, request

from api.domain.core.keys import Key
from api.domain.finding.listing import Page
from api.domain.finding.matches import Matches
from api.domain.history import log
from api.domain.reading.stored import Sent
from api.formats.format import Batch, Paging, Sheet
from api.formats.json import JSON as PLAIN
from api.web import addresses, streams
from api.web.forms import Form
from api.web.streams import Stream
from schemas.base import Schema

JSON = "application/json"
_PLAIN = Form(PLAIN, {})
_UNPAGED = Paging()


def dumps(value: Any) -> str:
    """Return a value as JSON text."""
    return orjson.dumps(value).decode()


def answer(status: int, outcome: Any, form: Form | None = None, gives: type[Schema] = Schema) -> Response:
    """Return the response that sends an outcome: records in the form that was chosen, other JSON, or nothing.

    `gives` is the schema of the documents.
    """
    if isinstance(outcome, Sent):
        return _document(status, outcome, form, gives)
    if isinstance(outcome, Page):
        return _page(outcome, form or _PLAIN, gives, None)
    if isinstance(outcome, Matches):
        return _matches(outcome, form or _PLAIN, gives)
    if isinstance(outcome, Response):
        return outcome
    if outcome is None:
        return Response(status=204)
    return Response(orjson.dumps(outcome), status, content_type=JSON)


def _document(status: int, sent: Sent, form: Form | None, gives: type[Schema]) -> Response:
    media, body = JSON, b""
    if form is None or form.format is PLAIN:
        body = sent.body.encode()
    else:
        media, sheet = form.writes.content_type, _sheet(form, gives, None, many=False)
        body = form.writes.written(sheet, Batch(sent.body))
    # The view is a hash of the very bytes, so it changes exactly when they do.
    tag = f'"{sent.id}.{sent.version}-{_digest(body)}"'
    headers = _validators(tag)
    if _matches_tag(tag):
        return Response(status=304, headers=headers)
    if status == 201:
        # What is made below a record, such as a correction, is found in the record.
        above = request.path.rstrip("/").partition(f"/{sent.id}/")[0]
        headers["Location"] = addresses.absolute(f"{above}/{sent.id}")
    return Response(body, status, headers, content_type=media)


def _matches(matches: Matches, form: Form, gives: type[Schema]) -> Response:
    if form.writes.paged:
        return _page(matches.page(), form, gives, matches)
    headers = {**_validators(request.environ["list_tag"]), **_named(form, matches)}
    return streams.answer(stream(matches, form, gives), headers)


def stream(matches: Matches, form: Form, gives: type[Schema]) -> Stream:
    """Return all of what was selected as it is streamed in a form."""
    writer = form.writes.writer(_sheet(form, gives, matches.query.get("fields_"), many=True))
    return Stream(matches.whole(), writer, form.writes.content_type)


def _page(page: Page, form: Form, gives: type[Schema], matches: Matches | None) -> Response:
    following = addresses.with_cursor(page.next) if page.next else None
    paging = Paging(page.next, following, page.total, page.total_exact)
    fields = matches.query.get("fields_") if matches else None
    body = form.writes.written(_sheet(form, gives, fields, many=True, paging=paging), Batch(page.lines))
    # A history goes by its bytes: most of what moves the log on leaves it as it was.
    tag = request.environ.get("list_tag") or f'"{_digest(body)}"'
    headers = _validators(tag)
    if _matches_tag(tag):
        return Response(status=304, headers=headers)
    if following:
        headers["Link"] = f'<{following}>; rel="next"'
    if matches:
        headers |= _named(form, matches)
    return Response(body, 200, headers, content_type=form.writes.content_type)


def _sheet(
    form: Form, gives: type[Schema], fields: Sequence[str] | None, *, many: bool, paging: Paging = _UNPAGED
) -> Sheet:
    home, address = addresses.absolute(""), addresses.absolute(request.full_path.rstrip("?"))
    return Sheet(gives, many, form.options, fields, paging, home, address)


def _named(form: Form, matches: Matches) -> dict[str, str]:
    name = f"{matches.kind.plural}.{form.format.suffix}"
    return {"Content-Disposition": f'inline; filename="{name}"'} if form.writes.download else {}


def unchanged(key: Key, form: Form | None) -> Response | None:
    """Return 304 where the client's copy of a list is as new as the log; None where it must be read.

    The tag is taken before the rows are, so it can only ever be too old, never too new.
    """
    seq, link = log.head()
    # A number is met again after a restore, with other records; the link of the chain is not.
    view = f"{link}\n{addresses.absolute(request.path)}\n{key.may('read')}\n{form and form.format.suffix}\n".encode()
    tag = request.environ["list_tag"] = f'"{seq}-{_digest(view + request.query_string)}"'
    return Response(status=304, headers=_validators(tag)) if _matches_tag(tag) else None


def _validators(tag: str) -> dict[str, str]:
    return {"ETag": tag, "Vary": "Accept, Authorization", "Cache-Control": "no-cache"}


def _matches_tag(tag: str) -> bool:
    header = request.headers.get("If-None-Match")
    # A change was made by now; it is never answered with "nothing has changed".
    if header is None or request.method not in ("GET", "HEAD"):
        return False
    return header.strip() == "*" or tag in [each.strip().removeprefix("W/") for each in header.split(",")]


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=6).hexdigest()
