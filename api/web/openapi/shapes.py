"""The type of a piece of JSON Schema or OpenAPI."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
