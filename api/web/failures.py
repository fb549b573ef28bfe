"""An error as its answer: a problem in JSON (RFC 9457), or a page for a browser that would rather have one."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import quote

import orjson
from flask import Response, request
from markupsafe import escape
from marshmallow import ValidationError
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from api.deadlines import TooLong
from api.domain.core import errors
from api.storage.db import Unavailable
from api.web.keys import hide
from api.web.observing import request_id
from api.web.problems import Type, of_status, type_of
from schemas.faults import echo
from schemas.faults import problems as faults

MEDIA_TYPE = "application/problem+json"
# The characters that may stand unescaped in a path (RFC 3986, section 3.3).
IN_PATHS = "/-._~!$&'()*+,;=:@"
_TOO_LONG = (
    "The work for this took too long and was given up. Ask for less at a time: fewer records, words or texts, or "
    "records that a filter makes fewer."
)
log = logging.getLogger("onrecord")


def answer(error: Exception) -> Response:
    """Return the problem that tells a client of an error."""
    if isinstance(error, HTTPException):
        return _of_http(error)
    type = type_of(error.__class__)
    if type.slug == "internal":
        log.error("internal error", exc_info=error, extra={"request_id": request_id()})
        return render(type, "Something went wrong here; the log has it under this request id.")
    if isinstance(error, TooLong):
        error = Unavailable("the work took too long", _TOO_LONG)
    if isinstance(error, Unavailable):
        log.warning("unavailable", extra={"request_id": request_id(), "reason": str(error)})
    if isinstance(error, ValidationError):
        error = errors.Invalid(list(faults(error)))
    facts = error.facts if isinstance(error, errors.Refused) else {}
    headers = {name: value for name, of in type.headers.items() if (value := of(error)) is not None}
    return render(type, type.detail(error), facts=facts, headers=headers)


def _of_http(error: HTTPException) -> Response:
    if error.response is not None or (error.code or 500) < 400:
        return error.get_response()  # type: ignore[return-value]
    type = of_status(error.code or 500, error.name)
    headers = {}
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return render(type, _details(type, headers) or error.description or error.name, headers=headers)


def _details(type: Type, headers: dict[str, str]) -> str | None:
    if type.slug == "not-found":
        return "There is nothing at this address; /openapi.json lists every address there is."
    if type.slug == "method-not-allowed":
        return f"This address takes {headers.get('Allow', 'other methods')}, not {echo(request.method)}."
    return None


def document(type: Type, detail: str, path: str, request_id: str | None, facts: dict[str, Any] | None = None) -> str:
    """Return a problem as JSON; `path` is what was asked for, as a URI has it."""
    body = {
        "type": f"/problems/{type.slug}",
        "title": type.title,
        "status": type.status,
        "detail": detail,
        "instance": path,
        "request_id": request_id,
        **(facts or {}),
    }
    return orjson.dumps(body).decode()


def render(
    type: Type, detail: str, *, facts: dict[str, Any] | None = None, headers: dict[str, str] | None = None
) -> Response:
    """Return a problem as JSON, or as a page for a browser that asks for one."""
    headers = {"Cache-Control": "no-store", "Vary": "Accept, Authorization", **(headers or {})}
    if wants_page():
        text = page(type.title, detail, (facts or {}).get("errors"))
        return Response(hide(text), type.status, headers, mimetype="text/html")
    text = document(type, detail, quote(request.path, safe=IN_PATHS), request_id(), facts)
    return Response(hide(text), type.status, headers, content_type=MEDIA_TYPE)


def wants_page() -> bool:
    """Tell whether the client is a browser that would rather have a page than JSON."""
    accept = request.accept_mimetypes
    json = max(accept["application/json"], accept[MEDIA_TYPE])
    return "text/html" in request.headers.get("Accept", "") and 0 < accept["text/html"] >= json


def page(title: str, detail: str, listed: Any = None) -> str:
    """Return a plain page that says what a problem is."""
    items = "".join(
        f"<li><code>{escape(each.get('pointer') or each.get('parameter'))}</code>: {escape(each['detail'])}</li>"
        for each in listed or ()
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>'
        f"{escape(title)} · On Record</title><h1>{escape(title)}</h1><p>{escape(detail)}</p>"
        f'{"<ul>" + items + "</ul>" if items else ""}<p><a href="/docs">Documentation</a></p></html>'
    )
