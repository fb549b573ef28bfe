"""The service about itself: whether it is well, where everything is, and what it sends."""

from __future__ import annotations

from schemas.answers import Answer
from schemas.fields import Choice, Plain, Whatever


class StatusOut(Answer):
    """All is well."""

    status = Choice(("ok",), required=True)

    example = {"status": "ok"}


class IndexOut(Answer):
    """Where everything is."""

    json_schema = {"additionalProperties": {"type": "string"}}
    name = Plain(required=True)
    openapi = Plain(required=True)
    docs = Plain(required=True)

    example = {
        "name": "On Record",
        "statements": "/v1/statements",
        "openapi": "/openapi.json",
        "docs": "/docs",
    }


class DescriptionOut(Answer):
    """An OpenAPI 3.1 document."""

    openapi = Choice(("3.1.0",), required=True)
    info = Whatever(required=True, type="object")
    paths = Whatever(required=True, type="object")

    example = {"openapi": "3.1.0", "info": {"title": "On Record", "version": "1.0.0"}, "paths": {}}


class JSONSchemaOut(Answer):
    """A JSON Schema (2020-12) with everything that it refers to."""

    # A property by the name of `$ref` would lead readers of the description astray, so its members are no fields.
    json_schema = {"required": ["$schema", "$id", "title", "$ref", "$defs"]}

    example = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://onrecord.example/v1/schemas/statement.json",
        "title": "Statement",
        "$ref": "#/$defs/Statement",
        "$defs": {"Statement": {"type": "object"}},
    }
