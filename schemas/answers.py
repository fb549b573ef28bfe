"""What answers are made of that are no records: a schema with an example, or one of several shapes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from schemas.base import Checked, OpenSchema, Schema
from schemas.numbers import Integer
from schemas.parts import Listed, Part


class Answer(OpenSchema):
    """What the service answers that is no record: made for the request, and sent without a validator."""


class Either(Answer):
    """An answer that has one of several `shapes`, which its members tell apart, or that it is a list."""

    shapes: ClassVar[tuple[Schema, ...]] = ()

    def load(self, data: Any, **options: Any) -> Any:
        """Read an answer by the shape that it has; raises ValidationError by the first where it has none."""
        return self._shape(data).load(data, **options)

    def dump(self, obj: Any, **options: Any) -> Any:
        """Write an answer in the shape that it has."""
        return self._shape(obj).dump(obj, **options)

    def _shape(self, data: Any) -> Schema:
        return next((shape for shape in self.shapes if _fits(shape, data)), self.shapes[0])


def _fits(shape: Schema, data: Any) -> bool:
    if shape.many or not isinstance(data, Mapping):
        return shape.many and isinstance(data, list)
    return all(name in data for name, field in shape.load_fields.items() if field.required)


def count(description: str, **options: Any) -> Integer:
    """A number of things, always there."""
    return Integer(description, **({"least": 0, "most": None, "required": True} | options))


def one(schema: type[Schema], description: str = "", **options: Any) -> Part:
    """An object of a schema, always there."""
    return Part(schema, schema, description, **({"required": True} | options))


def many(schema: type[Schema], description: str = "", *, most: int | None = None, **options: Any) -> Listed:
    """A list of objects of a schema, always there."""
    return Listed(Part(schema, schema), description, most=most, **({"required": True} | options))


def maybe(field: Checked[Any]) -> Checked[Any]:
    """The member of some answers that others lack; null only where the field was not required."""
    return field.variant(required=False, nullable=not field.required)
