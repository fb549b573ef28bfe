"""What an operation answers: its success, and every problem that it may answer instead."""

from __future__ import annotations

from typing import Any

from werkzeug.exceptions import RequestEntityTooLarge

from api.domain.core.errors import (
    BadParameter,
    Forbidden,
    Invalid,
    PreconditionMissing,
    Refused,
    Reused,
    Stale,
    Unauthenticated,
)
from api.domain.evidence.registry import KINDS
from api.formats.documents import BadJSON
from api.formats.format import Batch, Sheet
from api.formats.registry import writing
from api.storage.db import Unavailable
from api.web import examples, repeats
from api.web.answers import dumps
from api.web.bodies import WrongMediaType
from api.web.endpoint import Contract, PlainText
from api.web.failures import MEDIA_TYPE
from api.web.limits import TooMany
from api.web.openapi.components import about, ref, title
from api.web.openapi.operations import Operation
from api.web.openapi.shapes import Json
from api.web.problems import TYPES, Type, type_of
from schemas.base import Schema
from schemas.keys import NewKeyOut
from schemas.pages import page_of
from schemas.refusals import ProblemOut
from schemas.service import JSONSchemaOut
from schemas.statements import StatementViewOut

HEADERS: dict[str, Json] = {
    "X-Request-Id": {"description": "The request's id, as sent or given here.", "required": True},
    "ETag": {"description": "The validator of this answer.", "required": True},
    "Location": {"description": "The address of the record, or of the one that it was merged into.", "required": True},
    repeats.REPLAYED: {"description": "`true` where this is the answer to the same request before; absent else."},
    "Link": {"description": 'The address of the next page, rel="next"; absent on the last.'},
    "WWW-Authenticate": {"description": "How to show a key.", "required": True},
    "RateLimit-Policy": {
        "description": 'How often the key, or without one the address, may ask: `"key";q=600;w=60` is 600 requests in '
        "60 seconds. Absent where there is no limit."
    },
    "RateLimit": {
        "description": 'What is left: `"key";r=599;t=60` is 599 requests, and all of them again in 60 seconds.'
    },
    "Retry-After": {"description": "In how many seconds to try again.", "required": True},
}
_LIMITED = ("RateLimit-Policy", "RateLimit")


def responses(operation: Operation) -> Json:
    """Return all answers of an operation by their status."""
    found: Json = {str(operation.contract.status): _success(operation)}
    found |= {str(status): _success(operation) for status in operation.contract.statuses}
    if operation.conditional_read:
        found["304"] = {
            "description": "Nothing has changed since the ETag that was sent.",
            "headers": _headers("X-Request-Id", "ETag", *_LIMITED),
        }
    for status in {type.status for type in problems(operation)}:
        found[str(status)] = {"$ref": f"#/components/responses/Problem{status}"}
    return dict(sorted(found.items()))


def problems(operation: Operation) -> list[Type]:
    """Return the types of problem that an operation can answer with, a defect of the service (500) aside."""
    contract = operation.contract
    errors: list[type[Exception]] = [BadParameter, *contract.raises]
    if not contract.keyless:
        # Even where no key is needed a bad one is refused, for which the database has to be asked.
        errors += [Unauthenticated, TooMany, Unavailable]
    if contract.needs in ("write", "admin"):
        errors.append(Forbidden)
    if contract.files:
        errors += [WrongMediaType, RequestEntityTooLarge]
    if contract.body:
        errors += [BadJSON, WrongMediaType, RequestEntityTooLarge, Invalid]
    if operation.repeatable:
        errors.append(Reused)
    if contract.conditional:
        errors += [Refused, Stale]
        if contract.conditional != "optional":
            errors.append(PreconditionMissing)
    return [type_of(error) for error in dict.fromkeys(errors)]


def problem_responses() -> Json:
    """Return the answers for all problems by name, an example for each type in those of its status."""
    found: Json = {}
    for type in (type for type in TYPES.values() if type.raised):
        example = {
            "type": f"/problems/{type.slug}",
            "title": type.title,
            "status": type.status,
            "detail": type.about,
            "instance": "/v1/statements",
            "request_id": "5f0c2a1e9b7d4c36",
            **type.facts,
        }
        content = {"schema": ref(title(ProblemOut)), "examples": {}}
        headers = _headers("X-Request-Id", *_LIMITED, *(name for name in type.headers if name in HEADERS))
        fresh = {"description": f"{type.title}.", "headers": headers, "content": {MEDIA_TYPE: content}}
        known = found.setdefault(f"Problem{type.status}", fresh)
        if known is not fresh:
            known["description"] = f"{known['description'][:-1]}, or {type.title.lower()}."
        known["content"][MEDIA_TYPE]["examples"][type.slug] = {"value": example}
    return dict(sorted(found.items()))


def header_components() -> Json:
    """Return the headers of answers, by name."""
    return {name: {**header, "schema": {"type": "string"}} for name, header in HEADERS.items()}


def _headers(*names: str) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _success(operation: Operation) -> Json:
    contract, names = operation.contract, ["X-Request-Id"]
    if not contract.keyless:
        names += _LIMITED
    if operation.repeatable:
        names.append(repeats.REPLAYED)
    if contract.gives is None:
        return {"description": "It is done; there is nothing to send.", "headers": _headers(*names)}
    if isinstance(contract.gives, PlainText):
        text = contract.gives
        content = {"text/plain": _content({"type": "string", "description": text.about}, text.example)}
        return {"description": text.about, "headers": _headers(*names), "content": content}
    if contract.lists:
        names += ["ETag", "Link"]
    elif operation.sends_records and contract.gives is not NewKeyOut:
        names += ["ETag", "Location"] if contract.status == 201 else ["ETag"]
    return {"description": _about(operation), "headers": _headers(*names), "content": _contents(contract)}


def _about(operation: Operation) -> str:
    if not operation.sends_records:
        assert isinstance(operation.contract.gives, type)
        return about(operation.contract.gives)
    return f"A page of {operation.tag}." if operation.contract.lists else f"The {operation.noun}."


def _contents(contract: Contract) -> Json:
    """Return what is sent by media type."""
    assert isinstance(contract.gives, type)
    schema, example = contract.gives, examples.of(contract.gives)
    if contract.lists:
        schema, example = page_of(schema), examples.page(example)
    shape = ref(title(schema))
    if "fields_" in contract.parameters.fields:
        view = page_of(StatementViewOut) if contract.lists else StatementViewOut
        shape = {"anyOf": [shape, ref(title(view))]}
    media = "application/schema+json" if contract.gives is JSONSchemaOut else "application/json"
    return {media: _content(shape, example), **_others(contract, contract.gives)}


def _content(shape: Json, example: object) -> Json:
    return {"schema": shape, "examples": {"answer": {"value": example}}}


def _others(contract: Contract, schema: type[Schema]) -> Json:
    """Return the contents of the forms besides JSON; what is in them is beyond JSON Schema."""
    found: Json = {}
    for each in contract.forms[1:]:
        writes = writing(each)
        sheet = Sheet(schema, contract.lists, {name: option.load_default for name, option in writes.options.items()})
        document = {**examples.of(schema), **{name: _expanded(name) for name in writes.expands}}
        text = writes.written(sheet, Batch(dumps(document))).decode()
        found[writes.media] = _content({"type": "string", "description": writes.about}, text)
    return found


def _expanded(name: str) -> Any:
    """Return an example of what a list or a reference of this name is expanded to."""
    kind = KINDS.by_plural().get(name)
    return [examples.of(kind.noun.sends)] if kind else examples.of(KINDS[name].noun.sends)
