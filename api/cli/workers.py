"""The workers of the HTTP server, taught what no setting of gunicorn's tells them.

A connection on which part of a request is unread ends with its answer, and what could not be read as a request at all
is answered as every other problem is.
"""

from __future__ import annotations

import logging
import secrets
import socket
import time
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from gunicorn import util
from gunicorn.http import errors, wsgi
from gunicorn.http.body import ChunkedReader
from gunicorn.workers.gthread import ThreadWorker
from werkzeug.exceptions import default_exceptions

from api.web import failures, observing, problems
from api.web.bodies import MOST_BYTES_OF_LINES
from api.web.keys import hide
from schemas.faults import echo

# What gunicorn takes at most, without the end of the line.
LONGEST_REQUEST_LINE = 8190
# How long a client may go on sending what nobody reads: in all, and without a byte.
_LONGEST, _SILENCE = 10.0, 2.0
_MOST_UNREAD = 2 * MOST_BYTES_OF_LINES
# Each chunk costs some microseconds: there may be so many of any size, and more where they are not mostly this small.
_MOST_CHUNKS, _SMALL = 200_000, 64
_STATUSES = (
    ((errors.InvalidResponseHeader, errors.InvalidResponseHeaderName, errors.ConfigurationProblem), 500),
    (errors.LimitRequestLine, 414),
    (errors.LimitRequestHeaders, 431),
    (errors.ExpectationFailed, 417),
    (errors.UnsupportedTransferCoding, 501),
    (errors.ParseException, 400),
)
_log = logging.getLogger("onrecord")


class Answer(wsgi.Response):  # type: ignore[misc]
    """An answer that closes its connection where the application says so, and does not tell which server this is."""

    def process_headers(self, headers: list[tuple[str, str]]) -> None:
        super().process_headers(headers)
        if observing.CLOSE in headers:
            self.req.force_close()

    def default_headers(self) -> list[str]:
        return [each for each in super().default_headers() if not each.startswith("Server:")]


class TooManyChunks(errors.ParseException):  # type: ignore[misc]
    """A body in so many small chunks that to put it together keeps a worker busy for seconds or minutes."""

    def __str__(self) -> str:
        return f"More than {_MOST_CHUNKS} chunks, of fewer than {_SMALL} bytes each on average"


class Chunks(ChunkedReader):  # type: ignore[misc]
    """A body in chunks, which are counted."""

    _count = _bytes = 0

    def parse_chunk_size(self, unreader: Any, data: bytes | None = None) -> Any:
        size, rest = super().parse_chunk_size(unreader, data)
        self._count, self._bytes = self._count + 1, self._bytes + size
        if self._count > _MOST_CHUNKS and self._bytes < _SMALL * self._count:
            raise TooManyChunks
        return size, rest


class Worker(ThreadWorker):  # type: ignore[misc]
    """A worker with threads: waiting for a client is for one of them, not for where connections are accepted."""

    def handle(self, conn: Any) -> Any:
        kept = super().handle(conn)
        if not kept:
            _take_leave(conn.sock, 0)
            # Gunicorn would wait for the client's end of it once more, and accept nobody meanwhile.
            conn.close = lambda graceful=False: util.close(conn.sock)
        return kept

    def handle_request(self, req: Any, conn: Any) -> Any:
        kept = super().handle_request(req, conn)
        if req.must_close:
            _take_leave(conn.sock, _SILENCE)
        return kept

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: Exception) -> None:
        """Answer what is no request, or what the application did not answer, with a problem, and log it."""
        status = next((status for kind, status in _STATUSES if isinstance(exc, kind)), 500)
        request_id = secrets.token_hex(8)
        facts = {"request_id": request_id, "address": addr[0] if addr else None, "status": status}
        if status == 500:
            _log.error("internal error", exc_info=exc, extra=facts)
        else:
            _log.warning("unreadable request", extra={**facts, "reason": echo(exc)})
        with suppress(OSError):
            util.write_nonblock(client, _problem(exc, status, _path(exc, req), request_id))
        _take_leave(client, _SILENCE)


def _problem(error: Exception, status: int, path: str, request_id: str) -> bytes:
    """Return a whole answer, head and body, that tells of a request that could not be read."""
    named = default_exceptions[status]()
    type, detail = problems.of_status(status, named.name), _detail(error, status)
    body = hide(failures.document(type, detail, path, request_id)).encode()
    headers = [
        ("Content-Type", failures.MEDIA_TYPE),
        ("Content-Length", str(len(body))),
        observing.CLOSE,
        ("X-Request-Id", request_id),
        *observing.HEADERS,
    ]
    lines = [f"HTTP/1.1 {status} {named.name}", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def _detail(error: Exception, status: int) -> str:
    if isinstance(error, errors.LimitRequestLine):
        return (
            f"The request line, with the address and all its parameters, may have {LONGEST_REQUEST_LINE} bytes; "
            "ask for less at a time."
        )
    if isinstance(error, (errors.InvalidRequestLine, errors.InvalidHTTPVersion)):
        return (
            "The request line must be a method, an address in ASCII and a version. What is not ASCII, and spaces, "
            "are percent-encoded in an address, as `curl -G --data-urlencode 'q=café'` does by itself."
        )
    if status == 500:
        return "Something went wrong here; the log has it under this request id."
    return f"{echo(error)}."


def _path(error: Exception, req: Any) -> str:
    """Return the path that was asked for as far as one can be made out, in the form that a URI has it in."""
    if isinstance(error, errors.InvalidRequestLine):
        # Its bytes came as characters of Latin-1.
        target = str(error.req).partition(" ")[2].encode("latin-1", "replace")
        path = target.partition(b"?")[0].partition(b" ")[0]
    else:
        path = str(getattr(req or getattr(error, "req", None), "path", "")).encode()
    return quote(path[:200], safe=failures.IN_PATHS + "%") or "/"


def _take_leave(client: socket.socket, silence: float) -> None:
    """End our side of a connection and throw away what still comes, until a client is silent for so many seconds.

    A connection that is closed with something unread is reset, which may cost the client the answer that is on
    its way (RFC 9112, section 9.6).
    """
    end, left = time.monotonic() + _LONGEST, _MOST_UNREAD
    with suppress(OSError):
        client.shutdown(socket.SHUT_WR)
        client.settimeout(silence)
        while left > 0 and time.monotonic() < end and (data := client.recv(1 << 16)):
            left -= len(data)
