"""What the tests of the schemas share: example documents, a short form of problems, JSON Schemas.

The documents are made up around public remarks of March 2022; no real record is in them.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from jsonschema import Draft202012Validator
from marshmallow import Schema, ValidationError

from schemas import BY_NAME, problems
from schemas.parts import Reference

SMALLEST = {
    "kind": "quote",
    "text": "We have been assessing that war crimes have been committed in Ukraine.",
    "speaker": "Antony Blinken",
    "outlet": "The Associated Press",
    "said_on": "2022-03-23",
}
FULL = {
    "kind": "claim",
    "form": "mixed",
    "text": "Between 7,000 and 15,000 soldiers were killed in four weeks.",
    "lang": "en-us",
    "speaker": None,
    "attributed_as": "American officials",
    "speaker_role": "officials",
    "addressee": "reporters",
    "medium": "interview",
    "place": "Brussels",
    "event": "a summit",
    "terms": "background",
    "said_on": "2022-03-22~",
    "date_text": "On Wednesday",
    "appearances": [
        {
            "outlet": {"name": "The Associated Press", "type": "news_agency", "aliases": ["AP"]},
            "url": "https://apnews.com/article/example",
            "title": "Counting the dead",
            "byline": ["A. Writer", "B. Writer"],
            "published_on": "2022-03-24",
            "accessed_on": "2022-03",
            "archived_at": "https://web.archive.org/web/2022/https://apnews.com/article/example",
            "exact": "between 7,000 and 15,000",
            "prefix": "",
            "suffix": " soldiers",
            "start": 0,
            "end": 24,
            "cue": "officials said",
            "via": [{"name": "The New York Times", "outlet": "out_01hzy0000000000000000000ab", "medium": "email"}],
            "source": "src_01hzy0000000000000000000ab",
        },
        {"outlet": "A blog"},
    ],
    "figures": [
        {"name": "soldiers killed", "min_value": 7000, "max_value": 15000, "unit_text": "soldiers"},
        {"name": "generals killed", "value": 6, "qualifier": "at_least", "as_of": "2022-03-23"},
    ],
    "topics": ["Ukraine", "UKRAINE", "War"],
    "context": "Two people\nin the room confirmed it.",
    "status": "withheld",
    "attributions": [{"speaker": {"id": "spk_01hzy0000000000000000000ab"}, "confidence": 0.5}],
    "external_id": "ap-17",
}


@pytest.fixture
def smallest() -> dict[str, Any]:
    return copy.deepcopy(SMALLEST)


@pytest.fixture
def full() -> dict[str, Any]:
    return copy.deepcopy(FULL)


@pytest.fixture(scope="session")
def faults() -> Callable[[type[Schema], object], list[tuple[str, str]]]:
    """Give the problems of a document as pairs of pointer and code."""
    made: dict[type[Schema], Schema] = {}

    def find(schema: type[Schema], document: Any) -> list[tuple[str, str]]:
        try:
            made.setdefault(schema, schema()).load(document)
        except ValidationError as error:
            return [(each["pointer"], each["code"]) for each in problems(error)]
        return []

    return find


class _Converter(OpenAPIConverter):
    """Puts what the schemas say about several members, and what a reference may create, into the spec."""

    def schema2jsonschema(self, schema: Any) -> dict[str, Any]:
        return {**super().schema2jsonschema(schema), **schema.json_schema}  # type: ignore[no-untyped-call]


class _Plugin(MarshmallowPlugin):
    Converter = _Converter


def _reference(converter: Any, field: Any, **_: Any) -> dict[str, Any]:
    if not isinstance(field, Reference) or field.takes is None:
        return {}
    null = [{"type": "null"}] if field.allow_none else []
    return {"anyOf": [*field.shapes(converter.resolve_nested_schema(field.takes)), *null]}


@pytest.fixture(scope="session")
def components() -> dict[str, Any]:
    """All schemas as the OpenAPI 3.1 components that apispec makes of them."""
    plugin = _Plugin()
    spec = APISpec("t", "1", openapi_version="3.1.0", plugins=[plugin])
    assert plugin.converter is not None
    plugin.converter.add_attribute_function(_reference)  # type: ignore[no-untyped-call]
    for schema in BY_NAME.values():
        if schema not in {key[0] for key in plugin.converter.refs}:
            spec.components.schema(schema.__name__, schema=schema)
    made: dict[str, Any] = spec.to_dict()["components"]["schemas"]
    return made


@pytest.fixture(scope="session")
def json_schema(components: dict[str, Any]) -> Callable[[type[Schema]], Draft202012Validator]:
    """Give the JSON Schema of a class, ready to judge documents."""

    def make(schema: type[Schema]) -> Draft202012Validator:
        ref = f"#/components/schemas/{schema.__name__}"
        return Draft202012Validator({"$ref": ref, "components": {"schemas": components}})

    return make
