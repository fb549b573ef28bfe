"""Everything that can go wrong, as HTTP says it: one table from errors to RFC 9457 problems."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import orjson
from flask import Response, request
from markupsafe import escape
from marshmallow import ValidationError
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from api.deadlines import TooLong
from api.domain.core import errors
from api.formats.documents import BadJSON
from api.storage.db import Unavailable
from api.web import addresses
from api.web.bodies import Broken, WrongMediaType
from api.web.keys import hide
from api.web.limits import TooMany
from api.web.observing import request_id
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


@dataclass(frozen=True, slots=True)
class Type:
    """A type of problem: its page is at /problems/ and its slug."""

    slug: str
    status: int
    title: str
    about: str


TYPES = {
    type.slug: type
    for type in (
        Type(
            "merged",
            308,
            "Merged into another",
            "The record was merged into another, which stands for both; `Location` and `existing` say which.",
        ),
        Type(
            "malformed",
            400,
            "Malformed request",
            "The request or its JSON cannot be read as what it should be.",
        ),
        Type(
            "parameters",
            400,
            "Bad parameters",
            "A parameter is unknown, empty or has a value that it does not take; `errors` lists each.",
        ),
        Type(
            "unauthenticated",
            401,
            "A key is needed",
            "The request has no key, or one that is malformed, unknown, expired or revoked. Send "
            "`Authorization: Bearer onr_…`.",
        ),
        Type(
            "forbidden",
            403,
            "The key may not do this",
            "The key is good but lacks the scope that this needs.",
        ),
        Type(
            "not-found",
            404,
            "Not found",
            "Nothing is at this address, or nothing that this reader may know of.",
        ),
        Type(
            "method-not-allowed",
            405,
            "Method not allowed",
            "The address exists but does not take this method; the `Allow` header lists those it takes.",
        ),
        Type(
            "conflict",
            409,
            "Conflict",
            "The change would clash with another record; `existing` names it.",
        ),
        Type(
            "other-epoch",
            409,
            "Another history",
            "The place that was named is in a history that ended when a backup was restored. Read all records again "
            "and go on from the end of the log; `epoch` names its history.",
        ),
        Type(
            "gone",
            410,
            "Withdrawn or erased",
            "The record was withdrawn: when, by whom and why stands in the answer. Its revisions "
            "are readable with a key, unless it was erased.",
        ),
        Type(
            "stale",
            412,
            "The record has changed",
            "The change was made for another version than the current one. Read the record again and repeat it.",
        ),
        Type(
            "too-large",
            413,
            "Body too large",
            "The body is larger than this address takes.",
        ),
        Type(
            "unsupported-media-type",
            415,
            "Unsupported media type",
            "The body's Content-Type is not one that this address takes.",
        ),
        Type(
            "invalid",
            422,
            "Invalid document",
            "The JSON can be read but breaks rules; `errors` lists each with a JSON Pointer to its place.",
        ),
        Type(
            "no-line-taken",
            422,
            "No line could be taken",
            "Of many lines sent together none could be stored, or one could not and all were to be refused then; "
            "`errors` lists the first hundred with what is wrong in each.",
        ),
        Type(
            "reused-key",
            422,
            "Idempotency-Key used before",
            "The `Idempotency-Key` was sent with another request within the last 24 hours. A new request needs a "
            "new one; the same one repeats what was sent, byte for byte.",
        ),
        Type(
            "precondition-required",
            428,
            "A version is needed",
            "A change must say which version it was made for, by `If-Match` or by `version` in its body.",
        ),
        Type(
            "too-many-requests",
            429,
            "Too many requests",
            "This key, or without one this address, has used up what it may ask for now. Go on after `Retry-After` "
            "seconds; `RateLimit` in every answer tells how much is left.",
        ),
        Type(
            "internal",
            500,
            "Internal error",
            "A defect of this service. The request id finds it in the log.",
        ),
        Type(
            "unavailable",
            503,
            "Not available now",
            "The database is busy, full or away, or the query took too long; `detail` says which. Try again "
            "after `Retry-After` seconds.",
        ),
        Type(
            "http",
            400,
            "HTTP error",
            "The request does not fit HTTP's own rules; the status says which.",
        ),
    )
}

# The first class that fits decides, so the particular stand before the general.
_BY_ERROR: tuple[tuple[type[Exception], str], ...] = (
    (errors.BadParameter, "parameters"),
    (errors.Invalid, "invalid"),
    (errors.Unusable, "no-line-taken"),
    (errors.OtherEpoch, "other-epoch"),
    (errors.Reused, "reused-key"),
    (ValidationError, "invalid"),
    (errors.NotFound, "not-found"),
    (errors.Gone, "gone"),
    (errors.Merged, "merged"),
    (errors.Stale, "stale"),
    (errors.PreconditionMissing, "precondition-required"),
    (errors.Conflict, "conflict"),
    (errors.Unauthenticated, "unauthenticated"),
    (errors.Forbidden, "forbidden"),
    (BadJSON, "malformed"),
    (Broken, "malformed"),
    (errors.Refused, "malformed"),
    (WrongMediaType, "unsupported-media-type"),
    (TooMany, "too-many-requests"),
    (Unavailable, "unavailable"),
    (TooLong, "unavailable"),
)
_BY_STATUS = {400: "malformed", 404: "not-found", 405: "method-not-allowed", 413: "too-large", 500: "internal"}


def type_of(error: type[Exception]) -> Type:
    """Return the type of problem that a class of errors is answered with."""
    return TYPES[next((slug for kind, slug in _BY_ERROR if issubclass(error, kind)), "internal")]


def of_status(status: int, name: str) -> Type:
    """Return the type of problem that a status is answered with where nothing more is known than its name."""
    type = TYPES[_BY_STATUS.get(status, "http")]
    return Type("http", status, name, type.about) if type.slug == "http" else type


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
        detail = f"{error.reason} Try again shortly."
        return render(type, detail, headers={"Retry-After": str(error.again)})
    if isinstance(error, ValidationError):
        error = errors.Invalid(list(faults(error)))
    facts = error.facts if isinstance(error, errors.Refused) else {}
    return render(type, str(error), facts=facts, headers=_headers(error))


def _headers(error: Exception) -> dict[str, str]:
    if isinstance(error, errors.Merged):
        return {"Location": addresses.of_another(error.facts["existing"]["id"])}
    if isinstance(error, errors.Unauthenticated):
        return {"WWW-Authenticate": 'Bearer realm="On Record"'}
    if isinstance(error, errors.Forbidden):
        return {"WWW-Authenticate": 'Bearer realm="On Record", error="insufficient_scope"'}
    if isinstance(error, TooMany):
        return {"Retry-After": str(error.wait)}
    if isinstance(error, WrongMediaType):
        header = "Accept-Patch" if request.method == "PATCH" else "Accept-Post"
        return {header: ", ".join(error.accepted)}
    return {}


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
