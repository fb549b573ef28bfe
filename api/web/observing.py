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

from flask import Flask, Response, g, request

from api.web.keys import hide

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_log = logging.getLogger("onrecord.requests")
# What the documentation page and the problem pages need, and nothing from any other host.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = [
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Content-Security-Policy", _POLICY),
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Resource-Policy", "cross-origin"),
]
# Where the request's id stands in its environment.
_ID = "onrecord.request_id"


# All in ASCII: a terminal obeys some characters beyond it, some readers end a line at others, and a text
# that no encoding can carry (a lone surrogate) must not cost the line.
_dumps = json.JSONEncoder(default=str).encode


class JSONLine(logging.Formatter):
    """A log record as one line of JSON; what a client sent is escaped by the JSON itself."""

    _PLAIN = frozenset(vars(logging.makeLogRecord({})))

    def format(self, record: logging.LogRecord) -> str:
        """Return the line: time, level, event, and whatever `extra` was given."""
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


def observe(app: Flask) -> None:
    """Have an app give each request an id, its answer the common headers, and the log its line."""
    app.before_request(_begin)
    app.after_request(_finish)
    app.wsgi_app = _with_headers(app.wsgi_app)  # type: ignore[assignment]


def _with_headers(inner: WSGIApplication) -> WSGIApplication:
    """Add the common headers to what an application answers, where it has not set them itself.

    Around it and not in it, since werkzeug's headers take longer over these six than reading a record takes.
    """

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            own = {name.lower() for name, _ in headers}
            more = [each for each in _HEADERS if each[0].lower() not in own]
            return start_response(status, [*headers, *more, ("X-Request-Id", environ[_ID])], *error)

        given = environ.get("HTTP_X_REQUEST_ID", "")
        environ[_ID] = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        return inner(environ, start)

    return serve


def _begin() -> None:
    g.request_id = request.environ[_ID]
    g.began = time.perf_counter()


def _finish(response: Response) -> Response:
    if _log.isEnabledFor(logging.INFO):
        rule = request.url_rule
        line = {
            "name": _log.name,
            "levelno": logging.INFO,
            "levelname": "INFO",
            "msg": "request",
            "request_id": g.request_id,
            "method": request.method,
            "path": request.path,
            "route": rule.rule if rule else "unmatched",
            "status": response.status_code,
            "ms": round((time.perf_counter() - g.began) * 1000, 1),
            "key": g.get("key_id") or None,
            "address": request.remote_addr,
        }
        # Not `_log.info`, which looks for the line of source that calls it, every time.
        _log.handle(logging.makeLogRecord(line))
    return response
