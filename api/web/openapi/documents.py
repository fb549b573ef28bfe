"""The whole OpenAPI 3.1 document."""

from __future__ import annotations

from importlib.metadata import version

import orjson
from flask import current_app

from api.web.openapi.components import reached
from api.web.openapi.inputs import body, parameters
from api.web.openapi.operations import Operation, collections, operations
from api.web.openapi.outputs import header_components, problem_responses, responses
from api.web.openapi.shapes import Json

# What is no collection of records; of those their nouns say it.
TAGS = {
    "figures": "The quantities that statements assert, with who says so and when.",
    "check": "Whether a quotation is real, altered or someone else's, with the evidence.",
    "log": "What was written, in its order: the change feed, and the chain that shows that nothing was changed since.",
    "keys": "Access keys: what yours may do, and for administrators all of them.",
    "documentation": "The service's description of itself, for programs and for people.",
    "security": "Where to report a weakness.",
    "health": "Whether the service lives and can serve.",
}
_ABOUT = """Stores source-attributed statements: quotes and claims, with who said them, which outlet printed them
and when. Every write is kept in a log that is never rewritten.

Reading what is published needs no key unless the operator asks for one; writing needs `Authorization: Bearer onr_…`.

How often a client may ask is told by `RateLimit-Policy` and `RateLimit` in every answer: with a key it is counted by
the key, without one by the address. Who asks more often is answered 429, with `Retry-After`.

Every error is `application/problem+json` (RFC 9457), with all that is wrong in `errors`; its `type` is the address
of a page about it. HEAD is answered wherever GET is. The JSON Schema of each document is at
`/v1/schemas/{name}.json`."""


def document() -> bytes:
    """Return the OpenAPI document as JSON."""
    made: bytes | None = current_app.extensions.get("openapi")
    if made is None:
        made = current_app.extensions["openapi"] = orjson.dumps(_document())
    return made


def _document() -> Json:
    paths: dict[str, Json] = {}
    tags = set()
    for each in operations():
        tags.add(each.tag)
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each)
    answers = problem_responses()
    about = {kind.plural: kind.noun.about for kind in collections()} | TAGS
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "On Record",
            "version": version("onrecord"),
            "summary": "Who said what, when and where, with the chain of attribution.",
            "description": _ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": current_app.config["PUBLIC_URL"] or "/"}],
        "tags": [{"name": name, "description": text} for name, text in about.items() if name in tags],
        "paths": paths,
        "components": {
            "schemas": reached([paths, answers]),
            "responses": answers,
            "headers": header_components(),
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "An access key, `onr_…`."},
            },
        },
    }


def _operation(operation: Operation) -> Json:
    described: Json = {
        "operationId": operation.id,
        "summary": operation.contract.summary.removesuffix("."),
        "description": operation.about,
        "tags": [operation.tag],
        "parameters": parameters(operation),
        "responses": responses(operation),
        "security": operation.security,
    }
    sent = body(operation)
    return {**described, "requestBody": sent} if sent else described
