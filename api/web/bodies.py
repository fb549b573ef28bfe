"""Request bodies: whole or refused, their media type, their size, and JSON read strictly.

What the HTTP server hands over is not believed: the end of what it gives is the end of the body only where the length
that the client told was reached, or the last chunk came.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from flask import request
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wsgi import get_content_length

from api.formats.documents import parse
from schemas.faults import echo

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

MOST_BYTES = 1 << 20
# Of a body of many lines.
MOST_BYTES_OF_LINES = 64 << 20
# What is asked of the server at once.
_PIECE = 1 << 20
# Where the body of a request stands in its environment once it came whole.
_WHOLE = "onrecord.body"
JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"


class WrongMediaType(Exception):
    """A body of a kind that the address does not take."""

    def __init__(self, detail: str, accepted: tuple[str, ...]) -> None:
        super().__init__(detail)
        self.accepted = accepted


class Broken(Exception):
    """A body that did not come whole: it ended early, or its chunks are not what HTTP says they are."""


def whole() -> bytes:
    """Return the request's body, which is read once; raises Broken, and 413 past `request.max_content_length`.

    Nothing else reads what a client sends. A body without a length and without chunks is empty (RFC 9112, section 6.3).
    """
    environ = request.environ
    if _WHOLE not in environ:
        most = request.max_content_length or MOST_BYTES
        length = get_content_length(environ)
        if length is not None:
            environ[_WHOLE] = _of_length(environ, length, most)
        else:
            environ[_WHOLE] = _of_chunks(environ, most) if "HTTP_TRANSFER_ENCODING" in environ else b""
    body: bytes = environ[_WHOLE]
    return body


def unread(environ: WSGIEnvironment) -> bool:
    """Tell whether a request has a body of which the end was not seen, so that nothing can follow it."""
    return _WHOLE not in environ and ("HTTP_TRANSFER_ENCODING" in environ or bool(get_content_length(environ)))


def _of_length(environ: WSGIEnvironment, length: int, most: int) -> bytes:
    if length > most:
        raise _too_large(most)
    body = _take(environ, length)
    if len(body) < length:
        raise Broken(f"The body ended after {len(body)} of the {length} bytes of its Content-Length; send it again.")
    return body


def _of_chunks(environ: WSGIEnvironment, most: int) -> bytes:
    # One byte more tells a body that is as long as may be from one that goes on.
    body = _take(environ, most + 1)
    if len(body) > most:
        raise _too_large(most)
    return body


def _take(environ: WSGIEnvironment, count: int) -> bytes:
    """Return so many bytes of the input, less only where it ends before."""
    # It gives its bytes away without a copy of them.
    taken = io.BytesIO()
    try:
        while (missing := count - taken.tell()) and (piece := environ["wsgi.input"].read(min(missing, _PIECE))):
            taken.write(piece)
    except ParseException as error:
        raise Broken(f"The body's chunks are malformed: {echo(str(error))}.") from None
    except OSError:
        raise Broken(f"The body broke off after {taken.tell()} bytes or more; send it again.") from None
    return taken.getvalue()


def _too_large(most: int) -> RequestEntityTooLarge:
    return RequestEntityTooLarge(f"The body is larger than the {most} bytes that this address takes.")


def read(accepted: tuple[str, ...]) -> Any:
    """Return the request's JSON; raises WrongMediaType, BadJSON and what `whole` does."""
    check_type(accepted)
    return parse(whole())


def read_optional(accepted: tuple[str, ...]) -> Any:
    """Return the request's JSON, or an empty object where it has no body."""
    data = whole()
    if not data:
        return {}
    check_type(accepted)
    return parse(data)


def check_type(accepted: tuple[str, ...]) -> None:
    """Refuse a body that is compressed, not of one of these media types, or not UTF-8; raises WrongMediaType."""
    plain = request.headers.get("Content-Encoding", "identity").lower() == "identity"
    codings = request.headers.get("Transfer-Encoding", "chunked").lower().split(",")
    if not plain or not {each.strip() for each in codings} <= {"chunked", "identity"}:
        raise WrongMediaType("A compressed body is not taken; send it plain.", accepted)
    if request.mimetype not in accepted:
        got = f"not {echo(request.mimetype)}" if request.mimetype else "but it says nothing"
        raise WrongMediaType(f"The Content-Type must be {' or '.join(accepted)}, {got}.", accepted)
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if charset not in ("utf-8", "utf8", "us-ascii"):
        raise WrongMediaType(f"The body must be UTF-8, not {echo(charset)}.", accepted)
