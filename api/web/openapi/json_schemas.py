"""Every document's JSON Schema (2020-12), each by itself with all that it refers to."""

from __future__ import annotations

from functools import cache

import orjson

from api.web.openapi.components import PLACE, by_name, reached, ref, title
from api.web.openapi.shapes import Json
from schemas.base import Schema

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_names() -> list[str]:
    """Return the names of the schemas that are served."""
    return sorted(by_name())


def json_schema(name: str, address: str) -> bytes | None:
    """Return the JSON Schema of a document that is served at an address, None for an unknown name."""
    schema = by_name().get(name)
    if schema is None:
        return None
    return orjson.dumps({"$schema": _DIALECT, "$id": address, **_standalone(schema)})


@cache
def _standalone(schema: type[Schema]) -> Json:
    top = title(schema)
    inside = orjson.dumps(reached(ref(top))).decode().replace(PLACE, "#/$defs/")
    return {"title": top, "$ref": f"#/$defs/{top}", "$defs": orjson.loads(inside)}
