"""What goes out: stored bytes, lists of them, or a little JSON of our own; with validators."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import orjson
from flask import Response, request

from api.domain.core.keys import Key
from api.domain.history import log
from api.domain.reading.stored import Sent
from api.web import addresses, streams
from api.web.streams import Stream

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Envelope:
    """A page of documents, one a line, and the cursor of the next."""

    lines: str
    next: str | None
    total: int | None
    total_exact: bool


def dumps(value: Any) -> str:
    """Return a value as JSON text."""
    return orjson.dumps(value).decode()


def answer(status: int, outcome: Any, key: Key) -> Response:
    """Return the response that sends an outcome: a document, an envelope, a stream, other JSON, or nothing."""
    if isinstance(outcome, Sent):
        return _document(status, outcome)
    if isinstance(outcome, Envelope):
        return _list(outcome, key)
    if isinstance(outcome, Stream):
        return streams.answer(outcome, _validators(request.environ["list_tag"]))
    if isinstance(outcome, Response):
        return outcome
    if outcome is None:
        return Response(status=204)
    return Response(orjson.dumps(outcome), status, content_type=JSON)


def _document(status: int, sent: Sent) -> Response:
    body = sent.body.encode()
    # The view is a hash of the very bytes, so it changes exactly when they do.
    tag = f'"{sent.id}.{sent.version}-{_digest(body)}"'
    headers = _validators(tag)
    if _matches(tag):
        return Response(status=304, headers=headers)
    if status == 201:
        # What is made below a record, such as a correction, is found in the record.
        above = request.path.rstrip("/").partition(f"/{sent.id}/")[0]
        headers["Location"] = addresses.absolute(f"{above}/{sent.id}")
    return Response(body, status, headers, content_type=JSON)


def _list(envelope: Envelope, key: Key) -> Response:
    following = addresses.with_cursor(envelope.next) if envelope.next else None
    rest = orjson.dumps(
        {
            "next": envelope.next,
            "next_url": following,
            "total": envelope.total,
            "total_exact": envelope.total_exact,
        }
    )
    body = b'{"data":[' + envelope.lines.replace("\n", ",").encode() + b"]," + rest[1:]
    # A history goes by its bytes: most of what moves the log on leaves it as it was.
    tag = request.environ.get("list_tag") or f'"{_digest(body)}"'
    headers = _validators(tag)
    if _matches(tag):
        return Response(status=304, headers=headers)
    if following:
        headers["Link"] = f'<{following}>; rel="next"'
    return Response(body, 200, headers, content_type=JSON)


def unchanged(key: Key, form: str | None) -> Response | None:
    """Return 304 where the client's copy of a list is as new as the log; None where it must be read.

    The tag is taken before the rows are, so it can only ever be too old, never too new.
    """
    seq, link = log.head()
    # A number is met again after a restore, with other records; the link of the chain is not.
    view = f"{link}\n{addresses.absolute(request.path)}\n{key.may('read')}\n{form}\n".encode() + request.query_string
    tag = request.environ["list_tag"] = f'"{seq}-{_digest(view)}"'
    return Response(status=304, headers=_validators(tag)) if _matches(tag) else None


def _validators(tag: str) -> dict[str, str]:
    return {"ETag": tag, "Vary": "Accept, Authorization", "Cache-Control": "no-cache"}


def _matches(tag: str) -> bool:
    header = request.headers.get("If-None-Match")
    # A change was made by now; it is never answered with "nothing has changed".
    if header is None or request.method not in ("GET", "HEAD"):
        return False
    return header.strip() == "*" or tag in [each.strip().removeprefix("W/") for each in header.split(",")]


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=6).hexdigest()
