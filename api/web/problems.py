"""Everything that can go wrong, as HTTP says it: one row for each type of problem (RFC 9457), with its errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import request
from marshmallow import ValidationError
from werkzeug.exceptions import RequestEntityTooLarge

from api.deadlines import TooLong
from api.domain.core import errors
from api.formats.documents import BadJSON
from api.storage.db import Unavailable
from api.web import addresses, examples
from api.web.bodies import Broken, WrongMediaType
from api.web.limits import TooMany
from schemas.log import EPOCH
from schemas.nouns import TIME

# Gives a header's value for an error, None where this answer lacks the header.
Header = Callable[[Any], str | None]


@dataclass(frozen=True, slots=True)
class Type:
    """A type of problem: its page is at /problems/ and its slug.

    `raised` are the errors that it tells of, each with those below it that no other type names; without any it is
    not described as the answer of an operation. With `of_status` it tells of HTTP's own errors of its status, too.
    `headers` are what an answer has besides, `facts` an example of the members that a problem has besides; what they
    mean is said by `ProblemOut`. `detail` says what went wrong this time.
    """

    slug: str
    status: int
    title: str
    about: str
    raised: tuple[type[Exception], ...] = ()
    of_status: bool = False
    headers: Mapping[str, Header] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    detail: Callable[[Any], str] = str


def _accepted(error: WrongMediaType, here: bool) -> str | None:
    return ", ".join(error.accepted) if here else None


_ALL = (
    Type(
        "merged",
        308,
        "Merged into another",
        "The record was merged into another, which stands for both; `Location` and `existing` say which.",
        raised=(errors.Merged,),
        headers={"Location": lambda error: addresses.of_another(error.facts["existing"]["id"])},
        facts={"existing": {"id": examples.IDS["speaker"], "url": f"/v1/speakers/{examples.IDS['speaker']}"}},
    ),
    Type(
        "malformed",
        400,
        "Malformed request",
        "The request or its JSON cannot be read as what it should be.",
        raised=(BadJSON, Broken, errors.Refused),
        of_status=True,
    ),
    Type(
        "parameters",
        400,
        "Bad parameters",
        "A parameter is unknown, empty or has a value that it does not take; `errors` lists each.",
        raised=(errors.BadParameter,),
        facts={
            "errors": [
                {
                    "parameter": "limt",
                    "code": "unknown",
                    "detail": "There is no parameter 'limt' here. Did you mean limit?",
                }
            ]
        },
    ),
    Type(
        "unauthenticated",
        401,
        "A key is needed",
        "The request has no key, or one that is malformed, unknown, expired or revoked. Send `Authorization: "
        "Bearer onr_…`.",
        raised=(errors.Unauthenticated,),
        headers={"WWW-Authenticate": lambda _: 'Bearer realm="On Record"'},
    ),
    Type(
        "forbidden",
        403,
        "The key may not do this",
        "The key is good but lacks the scope that this needs.",
        raised=(errors.Forbidden,),
        headers={"WWW-Authenticate": lambda _: 'Bearer realm="On Record", error="insufficient_scope"'},
    ),
    Type(
        "not-found",
        404,
        "Not found",
        "Nothing is at this address, or nothing that this reader may know of.",
        raised=(errors.NotFound,),
        of_status=True,
    ),
    Type(
        "method-not-allowed",
        405,
        "Method not allowed",
        "The address exists but does not take this method; the `Allow` header lists those it takes.",
        of_status=True,
    ),
    Type(
        "conflict",
        409,
        "Conflict",
        "The change would clash with another record; `existing` names it.",
        raised=(errors.Conflict,),
        facts={"existing": {"id": examples.IDS["statement"], "url": f"/v1/statements/{examples.IDS['statement']}"}},
    ),
    Type(
        "other-epoch",
        409,
        "Another history",
        "The place that was named is in a history that ended when a backup was restored. Read all records again "
        "and go on from the end of the log; `epoch` names its history.",
        raised=(errors.OtherEpoch,),
        facts={"epoch": EPOCH},
    ),
    Type(
        "gone",
        410,
        "Withdrawn or erased",
        "The record was withdrawn: when, by whom and why stands in the answer. Its revisions are readable with a "
        "key, unless it was erased.",
        raised=(errors.Gone,),
        facts={
            "withdrawn_at": TIME,
            "withdrawn_by": "newsroom",
            "reason": "Recorded twice.",
            "id": examples.IDS["statement"],
        },
    ),
    Type(
        "stale",
        412,
        "The record has changed",
        "The change was made for another version than the current one. Read the record again and repeat it.",
        raised=(errors.Stale,),
        facts={"current_version": 2},
    ),
    Type(
        "too-large",
        413,
        "Body too large",
        "The body is larger than this address takes.",
        raised=(RequestEntityTooLarge,),
        of_status=True,
    ),
    Type(
        "unsupported-media-type",
        415,
        "Unsupported media type",
        "The body's Content-Type is not one that this address takes.",
        raised=(WrongMediaType,),
        headers={
            "Accept-Patch": lambda error: _accepted(error, request.method == "PATCH"),
            "Accept-Post": lambda error: _accepted(error, request.method != "PATCH"),
        },
    ),
    Type(
        "invalid",
        422,
        "Invalid document",
        "The JSON can be read but breaks rules; `errors` lists each with a JSON Pointer to its place.",
        raised=(errors.Invalid, ValidationError),
        facts={"errors": [{"pointer": "#/kind", "code": "required", "detail": "This field is required."}]},
    ),
    Type(
        "no-line-taken",
        422,
        "No line could be taken",
        "Of many lines sent together none could be stored, or one could not and all were to be refused then; "
        "`errors` lists the first hundred with what is wrong in each.",
        raised=(errors.Unusable,),
    ),
    Type(
        "reused-key",
        422,
        "Idempotency-Key used before",
        "The `Idempotency-Key` was sent with another request within the last 24 hours. A new request needs a new "
        "one; the same one repeats what was sent, byte for byte.",
        raised=(errors.Reused,),
    ),
    Type(
        "precondition-required",
        428,
        "A version is needed",
        "A change must say which version it was made for, by `If-Match` or by `version` in its body.",
        raised=(errors.PreconditionMissing,),
    ),
    Type(
        "too-many-requests",
        429,
        "Too many requests",
        "This key, or without one this address, has used up what it may ask for now. Go on after `Retry-After` "
        "seconds; `RateLimit` in every answer tells how much is left.",
        raised=(TooMany,),
        headers={"Retry-After": lambda error: str(error.wait)},
    ),
    Type(
        "internal",
        500,
        "Internal error",
        "A defect of this service. The request id finds it in the log.",
        of_status=True,
    ),
    Type(
        "unavailable",
        503,
        "Not available now",
        "The database is busy, full or away, or the query took too long; `detail` says which. Try again after "
        "`Retry-After` seconds.",
        raised=(Unavailable, TooLong),
        headers={"Retry-After": lambda error: str(error.again)},
        detail=lambda error: f"{error.reason} Try again shortly.",
    ),
    Type(
        "http",
        400,
        "HTTP error",
        "The request does not fit HTTP's own rules; the status says which.",
    ),
)
TYPES = {type.slug: type for type in _ALL}


def type_of(error: type[Exception]) -> Type:
    """Return the type of problem that a class of errors is answered with: of the nearest class that one is for."""
    for each in error.__mro__:
        for type in TYPES.values():
            if each in type.raised:
                return type
    return TYPES["internal"]


def of_status(status: int, name: str) -> Type:
    """Return the type of problem that a status is answered with where nothing more is known than its name."""
    found = (type for type in TYPES.values() if type.of_status and type.status == status)
    return next(found, None) or Type("http", status, name, TYPES["http"].about)
