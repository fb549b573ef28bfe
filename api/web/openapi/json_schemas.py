"""Every document's JSON Schema (2020-12), each by itself with all that it refers to."""

from __future__ import annotations

from functools import cache

import orjson

from api.web.openapi.components import PLACE, reached, ref, title
from api.web.openapi.shapes import Json
from schemas import BY_NAME

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_names() -> list[str]:
    """Return the names of the schemas that are served."""
    return sorted(BY_NAME)


def json_schema(name: str, address: str) -> bytes | None:
    """Return the JSON Schema of a document that is served at an address, None for an unknown name."""
    if name not in BY_NAME:
        return None
    return orjson.dumps({"$schema": _DIALECT, "$id": address, **_standalone(name)})


@cache
def _standalone(name: str) -> Json:
    top = title(BY_NAME[name])
    inside = orjson.dumps(reached(ref(top))).decode().replace(PLACE, "#/$defs/")
    return {"title": top, "$ref": f"#/$defs/{top}", "$defs": orjson.loads(inside)}
