"""Figures: the quantities that a statement asserts (schema.org QuantitativeValue)."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from marshmallow import post_load

from schemas.base import Document, Fault, OpenSchema, Schema
from schemas.fields import Choice, EDTFDate, Name, Text
from schemas.numbers import Number
from schemas.parts import LONGEST_NAME
from schemas.records import patched, sent
from schemas.vocabulary import QUALIFIERS

# Which qualifiers agree with which of value, min_value and max_value; the first is meant where none is sent.
AGREEING = {
    ("value",): ("exactly", "about", "at_least", "at_most"),
    ("min_value", "max_value"): ("between", "about"),
    ("min_value",): ("at_least", "about"),
    ("max_value",): ("at_most", "about"),
}
NUMBERS = ("value", "min_value", "max_value")


def _shape(given: tuple[str, ...], qualifiers: tuple[str, ...]) -> dict[str, object]:
    """The JSON Schema of a figure with just these numbers."""
    numbers = {name: {"type": "number" if name in given else "null"} for name in NUMBERS}
    return {"required": list(given), "properties": {**numbers, "qualifier": {"enum": [*qualifiers, None]}}}


class FigureIn(Schema):
    """A quantity as it is sent to be recorded."""

    name = Name(LONGEST_NAME, "What is counted or measured.", required=True, examples=["soldiers killed"])
    value = Number("The number, where one is given.", examples=[6])
    min_value = Number("The least it may be.", examples=[7000])
    max_value = Number("The most it may be.", examples=[15000])
    unit_text = Text(LONGEST_NAME, "What it is counted in.", examples=["soldiers"])
    qualifier = Choice(QUALIFIERS, "How the number is meant.", examples=["between"])
    as_of = EDTFDate("The date it holds for, EDTF.", examples=["2022-03-23"])

    json_schema: ClassVar[dict[str, object]] = {"anyOf": [_shape(*each) for each in AGREEING.items()]}

    def conflicts(self, data: Document, original: Mapping[str, Any]) -> Iterator[tuple[str, Fault]]:
        """A figure has a value or bounds, the bounds in order, and a qualifier that agrees with them."""
        given = _given(original)
        if not given:
            yield "value", Fault("required", "A figure needs value, or min_value or max_value or both.")
        elif given not in AGREEING:
            for name in given[1:]:
                yield name, Fault("conflict", "Send either value or bounds, not both.")
        elif data.get("qualifier") not in (None, *AGREEING[given]):
            detail = f"With {' and '.join(given)} the qualifier is one of: {', '.join(AGREEING[given])}."
            yield "qualifier", Fault("conflict", detail)
        least, most = data.get("min_value"), data.get("max_value")
        if least is not None and most is not None and least > most:
            yield "max_value", Fault("range", "This must not be less than min_value.")

    @post_load
    def _finish(self, data: Document, **_: Any) -> Document:
        data["qualifier"] = data["qualifier"] or AGREEING[_given(data)][0]
        return data


def _given(figure: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(name for name in NUMBERS if figure.get(name) is not None)


class FigurePatch(Schema):
    """The members of a figure, each of which may be left out."""

    class Meta(Schema.Meta):
        include = patched(FigureIn, version=False)


class FigureOut(OpenSchema):
    """A figure as the service sends it."""

    class Meta(OpenSchema.Meta):
        include = sent(FigureIn) | {"qualifier": Choice(QUALIFIERS, "How the number is meant.", required=True)}
