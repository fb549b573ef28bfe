"""What an operation takes: parameters of its path, query and headers, and its body."""

from __future__ import annotations

from api.formats.registry import reading
from api.web import bodies, examples, repeats
from api.web.openapi.components import ref, title
from api.web.openapi.json_schemas import schema_names
from api.web.openapi.operations import Operation
from api.web.openapi.shapes import Json
from api.web.problems import TYPES
from schemas.parts import id_pattern
from schemas.queries import Query
from schemas.statements import NOUN as STATEMENT

# RFC 9110, section 8.8.3, in ASCII.
_TAG = r'(?:W/)?"[!#-~]*"'
_IF_MATCH: Json = {
    "name": "If-Match",
    "in": "header",
    "description": "The record's ETag, or * for whatever it is now; the body's `version` says the same.",
    "schema": {"anyOf": [{"const": "*"}, {"type": "string", "pattern": rf"^{_TAG}(?: *, *{_TAG})*$"}]},
}
# Spaces around it are not part of a header.
_BARE = rf"^ *[!#-~][ -~]{{0,{repeats.LONGEST - 1}}}$"
_QUOTED = rf'^ *"(?:[ !#-\[\]-~]|\\["\\]){{1,{repeats.LONGEST}}}" *$'
_IDEMPOTENCY_KEY: Json = {
    "name": repeats.HEADER,
    "in": "header",
    "description": "A name of your own for this request, quoted or bare. Sent again within 24 hours with the same "
    "body, it is answered as before and not done again.",
    "schema": {"anyOf": [{"type": "string", "pattern": pattern} for pattern in (_BARE, _QUOTED)]},
}
_IF_NONE_MATCH: Json = {
    "name": "If-None-Match",
    "in": "header",
    "description": "An ETag: where nothing has changed since, the answer is 304.",
    "schema": {"type": "string"},
}


def parameters(operation: Operation) -> list[Json]:
    """Return the parameters of an operation."""
    found = [_in_path(operation, name) for name in sorted(operation.rule.arguments)]
    found += _in_query(operation.contract.parameters)
    if operation.contract.conditional:
        found.append(_with_example(_IF_MATCH, f'"{examples.id_of(operation.noun)}.1-{examples.VIEW}"'))
    if operation.repeatable:
        found.append(_with_example(_IDEMPOTENCY_KEY, "3f0c8a52-7d7e-4a38-9d0b-6a0a4c1f2b11"))
    if operation.conditional_read:
        found.append(_with_example(_IF_NONE_MATCH, f'"1-{examples.VIEW}"'))
    return found


def body(operation: Operation) -> Json | None:
    """Return the request body of an operation, None where it takes none."""
    if operation.contract.files:
        return _file()
    schema = operation.contract.patches or operation.contract.takes
    if schema is None:
        return None
    media: tuple[str, ...] = (bodies.JSON,)
    if operation.contract.patches:
        example, media = examples.patch(schema), (bodies.MERGE_PATCH, bodies.JSON)
    else:
        example = examples.sent(schema)
    content = {"schema": ref(title(schema)), "examples": {"request": {"value": example}}}
    return {"required": not operation.contract.bodiless, "content": dict.fromkeys(media, content)}


def _file() -> Json:
    """Return a file of many statements, which is beyond JSON Schema."""
    content: Json = {}
    for _, reads in reading():
        text = reads.example(STATEMENT.example.sent).decode()
        shape = {"type": "string", "description": reads.about}
        for media in (*reads.known_by, *reads.taken):
            content.setdefault(media, {"schema": shape, "examples": {"request": {"value": text}}})
    return {"required": True, "content": content}


def _in_path(operation: Operation, name: str) -> Json:
    noun = operation.noun
    shapes: dict[str, tuple[str, Json, object]] = {
        "id": (
            f"The id of the {noun}.",
            {"type": "string", "pattern": id_pattern(noun) if noun else ""},
            examples.id_of(noun),
        ),
        "version": ("The number of a version.", {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}, 1),
        "seq": ("The number of an entry.", {"type": "integer", "minimum": 1, "maximum": 2**63 - 1}, 1),
        "name": ("The name of a schema.", {"type": "string", "enum": schema_names()}, "statement"),
        "slug": ("A type of problem.", {"type": "string", "enum": list(TYPES)}, "not-found"),
    }
    about, shape, example = shapes[name]
    return {"name": name, "in": "path", "required": True, "description": about, "schema": shape, "example": example}


def _in_query(query: Query) -> list[Json]:
    found: list[Json] = []
    for name, field in query.load_fields.items():
        shape = {key: value for key, value in field.metadata.items() if key not in ("description", "examples")}
        if field.load_default is not None and not field.required:
            shape["default"] = field.load_default
        parameter: Json = {"name": field.data_key or name, "in": "query", "schema": shape}
        if field.required:
            parameter["required"] = True
        parameter["description"] = field.metadata["description"]
        if field.metadata.get("examples"):
            parameter["example"] = field.metadata["examples"][0]
        found.append(parameter)
    return found


def _with_example(parameter: Json, example: str) -> Json:
    return {**parameter, "schema": {**parameter["schema"], "examples": [example]}}
