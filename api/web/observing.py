"""Around every request: its id, the headers that every answer carries, and one line of JSON in the log."""

from __future__ import annotations

import json
import logging
import re
import secrets
import sys
import time
import traceback
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flask import Flask, Request, request

from api.storage.store import Store, use
from api.web import bodies, limits, origins, sending
from api.web.keys import KEY_ID, hide

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_log = logging.getLogger("onrecord.requests")
# What the documentation page and the problem pages need, and nothing from any other host.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = [
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Content-Security-Policy", _POLICY),
    ("X-Frame-Options", "DENY"),
    ("X-Permitted-Cross-Domain-Policies", "none"),
    # Other sites may show what is published here; they may not get at the window that a page of this one is open in.
    ("Cross-Origin-Resource-Policy", "cross-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    # An answer that is worth keeping says so itself.
    ("Cache-Control", "no-store"),
]
# For two years, as the lists of browsers want it. Of the hosts below this one it says nothing: they may be others'.
_SECURE = ("Strict-Transport-Security", "max-age=63072000")
# What tells the HTTP server to end the connection with this answer.
CLOSE = ("Connection", "close")
# Where the request's id and that of its key stand in its environment.
_ID = "onrecord.request_id"


# All in ASCII: a terminal obeys some characters beyond it, some readers end a line at others, and a text
# that no encoding can carry (a lone surrogate) must not cost the line.
_dumps = json.JSONEncoder(default=str).encode
_quoted = json.encoder.encode_basestring_ascii


class JSONLine(logging.Formatter):
    """A log record as one line of JSON; what a client sent is escaped by the JSON itself."""

    _PLAIN = frozenset(vars(logging.makeLogRecord({})))

    def format(self, record: logging.LogRecord) -> str:
        """Return the line: time, level, event, and whatever `extra` was given."""
        if isinstance(record, _Request):
            return record.line
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **{name: value for name, value in vars(record).items() if name not in self._PLAIN},
        }
        if record.exc_info:
            line["trace"] = "".join(traceback.format_exception(*record.exc_info))
        return hide(_dumps(line))


def log_to_stderr() -> None:
    """Send this program's log to stderr as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JSONLine())
    logger = logging.getLogger("onrecord")
    logger.handlers[:] = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False


class _Request(logging.LogRecord):
    """The log record of one request, with its line ready.

    Made without looking for the line of source that logs it, every time; and to make JSON of its parts would take
    as long as reading a statement.
    """

    def __init__(self, line: str) -> None:
        super().__init__(_log.name, logging.INFO, "", 0, "request", None, None)
        self.line = line


def observe(app: Flask, store: Store) -> None:
    """Have an app work with its store, give each request an id, its answer the common headers, and the log its line.

    Around Flask and not by its hooks: werkzeug's headers take longer over these than reading a record takes.
    """
    inner, answers = app.wsgi_app, sending.of(app)
    secure = app.config["PUBLIC_URL"].startswith("https://")
    common = [(each[0].lower(), each) for each in (*HEADERS, *([_SECURE] if secure else []))]

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        began = time.perf_counter()
        use(store)

        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            own = {name.lower() for name, _ in headers}
            more = [each for name, each in common if name not in own]
            more += origins.headers(app, environ) + limits.headers(environ)
            if bodies.unread(environ):
                more.append(CLOSE)
            if _log.isEnabledFor(logging.INFO):
                _log.handle(_Request(hide(_line(environ, status[:3], time.perf_counter() - began))))
            return start_response(status, [*headers, *more, ("X-Request-Id", environ[_ID])], *error)

        given = environ.get("HTTP_X_REQUEST_ID", "")
        environ[_ID] = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        return answers.sent(environ, inner(environ, start), environ[_ID])

    app.wsgi_app = serve  # type: ignore[method-assign]


def request_id() -> str | None:
    """Return the id of the request that is being answered, None where no client sent one."""
    return request.environ.get(_ID)


def _line(environ: WSGIEnvironment, status: str, took: float) -> str:
    """Return the line of a request: what a client sent is quoted, so that it stays in its place."""
    asked: Request = environ["werkzeug.request"]
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    route = _quoted(asked.url_rule.rule) if asked.url_rule else '"unmatched"'
    key, address = environ.get(KEY_ID), asked.remote_addr
    return (
        f'{{"time": "{at}", "level": "info", "event": "request", "request_id": "{environ[_ID]}", '
        f'"method": {_quoted(asked.method)}, "path": {_quoted(asked.path)}, "route": {route}, '
        f'"status": {status}, "ms": {took * 1000:.1f}, "key": {_quoted(key) if key else "null"}, '
        f'"address": {_quoted(address) if address else "null"}}}'
    )
