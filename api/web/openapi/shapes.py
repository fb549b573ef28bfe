"""The shapes that answers are made of."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

STRING: Json = {"type": "string"}
MOMENT: Json = {"type": "string", "format": "date-time"}
MAYBE: Json = {"type": ["string", "null"]}
COUNT: Json = {"type": "integer", "minimum": 0}


def or_null(shape: Json) -> Json:
    """Return the shape for null or what another one allows; its description is that of both."""
    about = {name: value for name, value in shape.items() if name == "description"}
    return {"anyOf": [{name: value for name, value in shape.items() if name not in about}, {"type": "null"}], **about}
