"""Which pages of other sites may read answers and write (CORS): any may read, those that the settings name may write.

A page's own key goes into a header that the page sets; cookies play no part here, so that nothing is done in the name
of whoever merely has the page open.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import HTTPException

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_NAME = "onrecord.origins"
_READING = ("GET", "HEAD")
_ALL = ("GET", "HEAD", "POST", "PATCH", "DELETE")
# What a page may read of an answer, besides the few that it always may.
EXPOSED = (
    "Accept-Patch",
    "Accept-Post",
    "Allow",
    "Content-Disposition",
    "ETag",
    "Idempotent-Replayed",
    "Link",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "WWW-Authenticate",
    "X-Request-Id",
)
# What a page may send, besides the few that it always may.
TAKEN = ("Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "X-Request-Id")
# Two hours: no browser keeps the answer to a preflight for longer than that.
_KEPT = "7200"
_ANYONE = [("Access-Control-Allow-Origin", "*"), ("Access-Control-Expose-Headers", ", ".join(EXPOSED))]
_VARY = ("Vary", "Origin")


def share(app: Flask, origins: tuple[str, ...]) -> None:
    """Let pages of these origins write, `*` for all of them; everybody may read."""
    app.extensions[_NAME] = frozenset(origins)
    if "*" in origins:
        logging.getLogger("onrecord").warning(
            "ONRECORD_CORS_ORIGINS is *: a page of any site may write with a key that somebody has typed into it"
        )


def preflight() -> Response | None:
    """Answer what a browser asks before it lets a page ask; None where OPTIONS was sent for another reason."""
    asked = request.headers.get("Access-Control-Request-Method")
    if asked is None or "Origin" not in request.headers:
        return None
    answer = Response(status=204)
    answer.headers["Vary"] = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
    listed = _listed(current_app, request.headers["Origin"])
    if listed or asked in _READING or not _writes(_view_asked(asked)):
        answer.headers["Access-Control-Allow-Methods"] = ", ".join(_ALL if listed else (*_READING, asked))
        answer.headers["Access-Control-Allow-Headers"] = ", ".join(TAKEN)
        answer.headers["Access-Control-Max-Age"] = _KEPT
        answer.headers["Access-Control-Allow-Origin"] = listed or "*"
    return answer


def headers(app: Flask, environ: WSGIEnvironment) -> list[tuple[str, str]]:
    """Return the headers by which a browser shows an answer to the page that asked."""
    method = environ["REQUEST_METHOD"]
    if method in _READING:
        return _ANYONE
    if method == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ:
        return []
    if method == "OPTIONS" or not _writes(app.view_functions.get(environ["werkzeug.request"].endpoint)):
        return _ANYONE
    listed = _listed(app, environ.get("HTTP_ORIGIN", ""))
    return [("Access-Control-Allow-Origin", listed), _ANYONE[1], _VARY] if listed else [_VARY]


def _listed(app: Flask, origin: str) -> str | None:
    """Return what to allow an origin by: itself, `*`, or None where it may not write."""
    known: frozenset[str] = app.extensions[_NAME]
    if "*" in known:
        return "*"
    return origin if origin in known else None


def _view_asked(method: str) -> Any:
    """Return the view that a method of this address has, None where there is none."""
    adapter = current_app.create_url_adapter(request)
    try:
        return current_app.view_functions[adapter.match(method=method)[0]] if adapter else None
    except HTTPException:
        return None


def _writes(view: Any) -> bool:
    """Tell whether a view changes something; what is not known to leave everything as it is counts as one that does."""
    contract = getattr(view, "contract", None)
    return contract is None or bool(contract.writes)
