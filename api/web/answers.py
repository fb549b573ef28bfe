"""What goes out: stored bytes, lists of them, or a little JSON of our own; with validators."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import orjson
from flask import Response, request

from api.domain import log
from api.domain.keys import Key
from api.domain.reading import Sent
from api.web import addresses

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Envelope:
    """A page of documents as they are sent, and the cursor of the next."""

    items: list[str]
    next: str | None
    total: int | None
    total_exact: bool


def dumps(value: Any) -> str:
    """Return a value as JSON text."""
    return orjson.dumps(value).decode()


def answer(status: int, outcome: Any, key: Key) -> Response:
    """Return the response that sends an outcome: a document, an envelope, other JSON, or nothing."""
    if isinstance(outcome, Sent):
        return _document(status, outcome)
    if isinstance(outcome, Envelope):
        return _list(outcome, key)
    if isinstance(outcome, Response):
        return outcome
    if outcome is None:
        return Response(status=204)
    return Response(orjson.dumps(outcome), status, content_type=JSON)


def _document(status: int, sent: Sent) -> Response:
    body = sent.body.encode()
    # The view is a hash of the very bytes, so it changes exactly when they do.
    tag = f'"{sent.id}.{sent.version}-{_digest(body)}"'
    headers = {"ETag": tag, "Vary": "Accept, Authorization", "Cache-Control": "no-cache"}
    if status == 200 and _matches(tag):
        return Response(status=304, headers=headers)
    if status == 201:
        headers["Location"] = addresses.absolute(f"{request.path.rstrip('/')}/{sent.id}")
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
    body = b'{"data":[' + ",".join(envelope.items).encode() + b"]," + rest[1:]
    headers = {"ETag": _list_tag(key), "Vary": "Accept, Authorization", "Cache-Control": "no-cache"}
    if following:
        headers["Link"] = f'<{following}>; rel="next"'
    return Response(body, 200, headers, content_type=JSON)


def unchanged(key: Key) -> Response | None:
    """Return 304 where the client's copy of a list is as new as the log; None where it must be read.

    The tag is taken before the rows are, so it can only ever be too old, never too new.
    """
    tag = _list_tag(key)
    if _matches(tag):
        return Response(status=304, headers={"ETag": tag, "Vary": "Accept, Authorization"})
    return None


def _list_tag(key: Key) -> str:
    if "list_tag" not in request.environ:
        what = f"{request.url}\n{key.may('read')}".encode()
        request.environ["list_tag"] = f'"{log.position()}-{_digest(what)}"'
    return str(request.environ["list_tag"])


def _matches(tag: str) -> bool:
    header = request.headers.get("If-None-Match")
    if header is None:
        return False
    return header.strip() == "*" or tag in [each.strip().removeprefix("W/") for each in header.split(",")]


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=6).hexdigest()
