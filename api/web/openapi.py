"""The OpenAPI 3.1 document and the JSON Schemas, made from the routes' contracts on first use."""

from __future__ import annotations

import re
from functools import cache
from importlib.metadata import version
from typing import Any

import orjson
from flask import current_app
from werkzeug.routing import Rule

from api.web import examples
from api.web.endpoint import Contract
from api.web.problems import MEDIA_TYPE, TYPES
from schemas import BY_NAME
from schemas.base import Schema
from schemas.keys import KeyIn, KeyOut, NewKeyOut
from schemas.parts import Reference
from schemas.queries import Query
from schemas.withdrawals import WithdrawalIn

Json = dict[str, Any]
_COMPONENTS = "#/components/schemas/"
_METHODS = ("GET", "POST", "PATCH", "DELETE")
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_OTHERS: dict[str, type[Schema]] = {
    "key": KeyOut, "key-input": KeyIn, "key-new": NewKeyOut, "withdrawal": WithdrawalIn
}  # fmt: skip
# Answers that are no records, by the names that routes give them.
_PLAIN: dict[str, Json] = {
    "status": {"type": "object", "required": ["status"], "properties": {"status": {"const": "ok"}}},
    "index": {"type": "object", "required": ["name"], "additionalProperties": {"type": "string"}},
    "openapi": {"type": "object", "required": ["openapi", "info", "paths"]},
    "json-schema": {"type": "object", "required": ["$schema", "$id"]},
    "problem-type": {"type": "object", "required": ["type", "title", "status", "detail"]},
    "me": {
        "type": "object",
        "required": ["id", "name", "scopes"],
        "properties": {
            "id": {"type": ["string", "null"]},
            "name": {"type": "string"},
            "scopes": {"type": "array", "items": {"enum": ["read", "write", "admin"]}},
        },
    },
    "revisions": {
        "anyOf": [
            {"$ref": _COMPONENTS + "History"},
            {"type": "array", "items": {"type": "object", "required": ["op", "path"]}},
        ]
    },
}
_MEDIA = {"json-schema": "application/schema+json"}


def schema_names() -> list[str]:
    """Return the names of the schemas that are served."""
    return sorted(BY_NAME)


@cache
def json_schema(name: str) -> str | None:
    """Return the JSON Schema (2020-12) of a document with all it refers to, None for an unknown name."""
    if name not in BY_NAME:
        return None
    components = _components()
    title = _title(BY_NAME[name])
    wanted, waiting = set[str](), [title]
    while waiting:
        each = waiting.pop()
        if each not in wanted:
            wanted.add(each)
            text = orjson.dumps(components[each]).decode()
            waiting += re.findall(rf'"{_COMPONENTS}([A-Za-z]+)"', text)
    head = {
        "$schema": _DIALECT,
        "$id": f"/v1/schemas/{name}.json",
        "title": title,
        "$ref": f"#/$defs/{title}",
    }
    whole = orjson.dumps({**head, "$defs": {each: components[each] for each in sorted(wanted)}}).decode()
    return whole.replace(_COMPONENTS, "#/$defs/")


def document() -> bytes:
    """Return the OpenAPI document as JSON."""
    made: bytes | None = current_app.extensions.get("openapi")
    if made is None:
        made = current_app.extensions["openapi"] = orjson.dumps(_document(), option=orjson.OPT_INDENT_2)
    return made


def _document() -> Json:
    paths: dict[str, Json] = {}
    for rule in sorted(current_app.url_map.iter_rules(), key=lambda rule: (rule.rule, rule.endpoint)):
        contract = getattr(current_app.view_functions[rule.endpoint], "contract", None)
        if contract is not None:
            path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
            for method in rule.methods & set(_METHODS) if rule.methods else ():
                paths.setdefault(path, {})[method.lower()] = _operation(rule, method, contract)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "On Record",
            "version": version("onrecord"),
            "summary": "Who said what, when and where, with the chain of attribution.",
            "description": "Stores source-attributed statements: quotes and claims with who said them, "
            "which outlet printed them and when. Every write is kept in a log that is never rewritten.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": current_app.config["PUBLIC_URL"] or "/"}],
        "tags": [{"name": name} for name in _tags(paths)],
        "paths": paths,
        "components": {
            "schemas": _components(),
            "responses": _problem_responses(),
            "headers": _HEADERS,
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "An access key, `onr_…`."}
            },
        },
    }  # fmt: skip


def _tags(paths: dict[str, Json]) -> list[str]:
    return sorted({tag for operations in paths.values() for each in operations.values() for tag in each["tags"]})


def _operation(rule: Rule, method: str, contract: Contract) -> Json:
    security: list[Json] = [{"key": []}] if contract.needs not in (None, "read") else [{}, {"key": []}]
    operation: Json = {
        "operationId": rule.endpoint.replace(".", "_").rstrip("_"),
        "summary": contract.summary,
        "tags": [rule.endpoint.split(".")[0]],
        "parameters": [
            *_path_parameters(rule),
            *_query_parameters(contract.query),
            *_header_parameters(method, contract),
        ],
        "responses": _responses(rule, method, contract),
        "security": security,
        "x-needs": contract.needs or "nothing",
    }  # fmt: skip
    body = _body(rule, method, contract)
    return {**operation, "requestBody": body} if body else operation


def _path_parameters(rule: Rule) -> list[Json]:
    found = []
    for name in sorted(rule.arguments):
        shape: Json = {"type": "string"}
        example: object = "not-found" if name == "slug" else "statement"
        if name == "version":
            shape, example = {"type": "integer", "minimum": 0, "maximum": 2**31 - 1}, 1
        elif name == "id":
            shape = {"type": "string", "pattern": "^[a-z]{3}_[0-9a-hjkmnp-tv-z]{26}$"}
            example = examples.output(_kind(rule))["id"] if _kind(rule) else "key_01kayv5q3mf8r8d2xq1n6z0t4w"
        part = {"name": name, "in": "path", "required": True, "schema": shape, "example": example}
        found.append(part)
    return found


def _query_parameters(query: Query) -> list[Json]:
    found = []
    for name, field in query.load_fields.items():
        shape = {key: value for key, value in field.metadata.items() if key not in ("description", "examples")}
        parameter: Json = {"name": field.data_key or name, "in": "query", "schema": shape}
        parameter["description"] = field.metadata.get("description", "")
        if shape.get("type") == "array":
            parameter |= {"style": "form", "explode": True}
        if shape.get("default") is None and field.load_default is not None:
            shape["default"] = field.load_default
        found.append(parameter)
    return found


def _header_parameters(method: str, contract: Contract) -> list[Json]:
    found: list[Json] = []
    if contract.conditional:
        about = "The record's ETag, or * for whatever it is now; needed unless the body says `version`."
        found.append({"name": "If-Match", "in": "header", "description": about, "schema": {"type": "string"}})
    if method == "GET":
        about = "An ETag: where nothing has changed since, the answer is 304."
        found.append({"name": "If-None-Match", "in": "header", "description": about, "schema": {"type": "string"}})
    return found


def _body(rule: Rule, method: str, contract: Contract) -> Json | None:
    schema = contract.takes or contract.patches
    if schema is None:
        return None
    kind = _kind(rule)
    content: Json = {"schema": _ref(type(schema))}
    media: tuple[str, ...] = ("application/json",)
    if contract.patches:
        content["examples"] = {"patch": {"value": examples.PATCHES[kind]}}
        media = ("application/merge-patch+json", "application/json")
    else:
        name = "withdrawal" if method == "DELETE" else kind or "key"
        content["examples"] = {name: {"value": examples.INPUTS[name]}}
    return {"required": method != "DELETE", "content": dict.fromkeys(media, content)}


def _responses(rule: Rule, method: str, contract: Contract) -> Json:
    responses: Json = {str(contract.status): _success(rule, method, contract)}
    if method == "GET" and (contract.lists or (isinstance(contract.gives, type) and "id" in rule.arguments)):
        responses["304"] = {"description": "Nothing has changed since the ETag that was sent."}
    for slug in _problems_of(rule, method, contract):
        status = str(TYPES[slug].status)
        responses[status] = {"$ref": f"#/components/responses/{_problem_name(status)}"}
    return dict(sorted(responses.items()))


def _problems_of(rule: Rule, method: str, contract: Contract) -> list[str]:
    found = ["malformed", "unauthenticated", "unavailable"]
    if contract.needs:
        found.append("forbidden")
    if rule.arguments:
        found.append("not-found")
    if "id" in rule.arguments and rule.endpoint.split(".")[0] != "keys":
        found.append("gone")
    if contract.takes or contract.patches:
        found += ["conflict", "too-large", "unsupported-media-type", "invalid"]
    if contract.conditional:
        found += ["stale", "precondition-required"]
    return found


def _success(rule: Rule, method: str, contract: Contract) -> Json:
    if contract.status == 204:
        return {"description": "It is done; there is nothing to send."}
    response: Json = {"description": "The answer.", "headers": {"X-Request-Id": _header("RequestId")}}
    kind = _kind(rule)
    if isinstance(contract.gives, str):
        media = _MEDIA.get(contract.gives, "application/json")
        return {**response, "content": {media: {"schema": _PLAIN[contract.gives]}}}
    assert contract.gives is not None
    shape: Json = _ref(contract.gives)
    example = examples.output(kind) if kind else None
    if contract.lists:
        shape = _envelope(shape)
        response["headers"] |= {"ETag": _header("ETag"), "Link": _header("Link")}
        example = example and {
            "data": [example],
            "next": None,
            "next_url": None,
            "total": 1,
            "total_exact": True,
        }
    elif kind:
        response["headers"] |= {"ETag": _header("ETag")}
    if method == "POST" and kind:
        response["headers"] |= {"Location": _header("Location")}
    content: Json = {"schema": shape}
    if example:
        content["examples"] = {"answer": {"value": example}}
    return {**response, "content": {"application/json": content}}


def _envelope(items: Json) -> Json:
    return {
        "type": "object",
        "required": ["data", "next", "next_url", "total", "total_exact"],
        "properties": {
            "data": {"type": "array", "items": items},
            "next": {"type": ["string", "null"], "description": "The cursor of the next page."},
            "next_url": {"type": ["string", "null"], "description": "The address of the next page."},
            "total": {"type": ["integer", "null"], "description": "How many match, exactly up to 10,000."},
            "total_exact": {"type": "boolean", "description": "Whether `total` is all; if not, there are more."},
        },
    }  # fmt: skip


_HEADERS: Json = {
    "RequestId": {"description": "The request's id, as sent or given here.", "schema": {"type": "string"}},
    "ETag": {"description": "The validator of this answer.", "schema": {"type": "string"}},
    "Link": {"description": 'The next page, rel="next".', "schema": {"type": "string"}},
    "Location": {"description": "The address of the new record.", "schema": {"type": "string"}},
}


def _header(name: str) -> Json:
    return {"$ref": f"#/components/headers/{name}"}


def _problem_name(status: str) -> str:
    return f"Problem{status}"


def _problem_responses() -> Json:
    responses: Json = {}
    for type in TYPES.values():
        name = _problem_name(str(type.status))
        example: Json = {
            "type": f"/problems/{type.slug}", "title": type.title, "status": type.status,
            "detail": type.about, "instance": "/v1/statements", "request_id": "5f0c2a1e9b7d4c36",
        }  # fmt: skip
        if type.slug == "invalid":
            example["errors"] = [{"pointer": "#/kind", "code": "required", "detail": "This field is required."}]
        if type.slug == "parameters":
            example["errors"] = [{"parameter": "limt", "code": "unknown", "detail": "Did you mean limit?"}]
        known = responses.setdefault(
            name,
            {
                "description": type.title,
                "content": {MEDIA_TYPE: {"schema": {"$ref": _COMPONENTS + "Problem"}, "examples": {}}},
            },
        )
        known["content"][MEDIA_TYPE]["examples"][type.slug] = {"value": example}
    return responses


_PROBLEM: Json = {
    "type": "object",
    "description": "What went wrong (RFC 9457).",
    "required": ["type", "title", "status", "detail", "instance", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "request_id": {"type": ["string", "null"]},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["code", "detail"],
                "properties": {
                    "pointer": {"type": "string"},
                    "parameter": {"type": "string"},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                    "candidates": {"type": "array", "items": {"type": "object"}},
                },
            },
        },
    },
}
_HISTORY_ENTRY: Json = {
    "type": "object",
    "required": ["version", "op", "at", "by", "note", "seq", "sha256", "url"],
    "properties": {
        "version": {"type": "integer"},
        "op": {"enum": ["create", "update", "withdraw", "erase", "merge"]},
        "at": {"type": "string", "format": "date-time"},
        "by": {"type": "string"},
        "note": {"type": ["string", "null"]},
        "seq": {"type": "integer"},
        "sha256": {"type": "string"},
        "url": {"type": "string"},
    },
}


def _ref(schema: type[Schema]) -> Json:
    return {"$ref": _COMPONENTS + _title(schema)}


def _title(schema: type[Schema]) -> str:
    name = schema.__name__
    return name.removesuffix("Out") if name.endswith("Out") else re.sub("In$", "Input", name)


def _kind(rule: Rule) -> str:
    kind = rule.endpoint.split(".")[0].removesuffix("s")
    return kind if kind in ("statement", "speaker", "outlet", "source") else ""


@cache
def _components() -> Json:
    # Imported here: only whoever asks for the description pays for its making.
    from apispec import APISpec
    from apispec.ext.marshmallow import MarshmallowPlugin

    plugin = MarshmallowPlugin(schema_name_resolver=lambda schema: _title(_class_of(schema)))
    spec = APISpec(title="On Record", version="1", openapi_version="3.1.0", plugins=[plugin])
    assert plugin.converter is not None
    plugin.converter.add_attribute_function(_exact_reference)  # type: ignore[no-untyped-call]
    for schema in {**BY_NAME, **_OTHERS}.values():
        if _title(schema) not in spec.components.schemas:
            spec.components.schema(_title(schema), schema=schema)
    made: Json = dict(spec.components.schemas)
    known = {_title(each): each for each in _descendants(Schema)}
    for title, shape in made.items():
        if title in known:
            shape.update(known[title].json_schema)
            shape["description"] = (known[title].__doc__ or "").strip().splitlines()[0]
    return {**made, "Problem": _PROBLEM, "History": _envelope(_HISTORY_ENTRY)}


def _descendants(schema: type[Schema]) -> list[type[Schema]]:
    return [each for below in schema.__subclasses__() for each in (below, *_descendants(below))]


def _class_of(schema: Any) -> type[Schema]:
    return schema if isinstance(schema, type) else type(schema)


def _exact_reference(self: Any, field: Any, **_: Any) -> Json:
    """Describe an object to find or create by the schema of the records that it may become."""
    if not isinstance(field, Reference) or field.takes is None:
        return {}
    null = [{"type": "null"}] if field.allow_none else []
    return {"anyOf": [*field.shapes(self.resolve_nested_schema(field.takes)), *null]}
