"""Around every request: its id, the headers that every answer carries, and one line of JSON in the log."""

from __future__ import annotations

import json
import logging
import re
import secrets
import sys
import time
import traceback
from datetime import UTC, datetime

from flask import Flask, Response, g, request

from api.web.keys import hide

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_log = logging.getLogger("onrecord.requests")
# What the documentation page and the problem pages need, and nothing from any other host.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": _POLICY,
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


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


def _begin() -> None:
    given = request.headers.get("X-Request-Id", "")
    g.request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
    g.began = time.perf_counter()


def _finish(response: Response) -> Response:
    headers = response.headers
    for name, value in _HEADERS.items():
        headers.setdefault(name, value)
    headers["X-Request-Id"] = g.request_id
    if _log.isEnabledFor(logging.INFO):
        rule = request.url_rule
        _log.info(
            "request",
            extra={
                "request_id": g.request_id,
                "method": request.method,
                "path": request.path,
                "route": rule.rule if rule else "unmatched",
                "status": response.status_code,
                "ms": round((time.perf_counter() - g.began) * 1000, 1),
                "key": g.get("key_id") or None,
                "address": request.remote_addr,
            },
        )
    return response
