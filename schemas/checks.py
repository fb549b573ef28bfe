"""Quotations as they are sent to be checked, alone or many at once."""

from collections.abc import Iterator, Mapping
from typing import Any

from schemas import addresses
from schemas import parameters as take
from schemas.base import Checked, Document, Fault, Schema, settings
from schemas.characters import TEXT_PATTERN
from schemas.fields import EDTFDate, Text, WebAddress
from schemas.parts import LONGEST_NAME, Called, Listed, Part
from schemas.queries import Query

# Of one text, and of all texts of a request.
LONGEST, LONGEST_TOGETHER = 10_000, 100_000
MOST_ITEMS = 100
_SPOKEN = "We are committed to pursuing accountability"


class QuotationIn(Schema):
    """A quotation that may have been said, with what is told about it."""

    text = Text(LONGEST, "The words in question.", required=True, examples=[_SPOKEN])
    speaker = Called("speaker", "Who is said to have said it: an id, a name or an alias.", examples=["Antony Blinken"])
    url = WebAddress(
        "Where it was seen; statements that appeared there come first.",
        examples=["https://news.example/2022/03/23/accountability"],
    )
    on = EDTFDate("When it is said to have been said, EDTF; statements of that time come first.", examples=["2022-03"])


class CheckIn(QuotationIn):
    """One quotation to be checked, or many as `items`."""

    json_schema = {
        "oneOf": [
            {"required": ["text"], "properties": {"text": {"type": "string"}, "items": {"type": "null"}}},
            {
                "required": ["items"],
                "properties": {
                    "items": {"type": "array", "minItems": 1},
                    **{name: {"type": "null"} for name in ("text", "speaker", "url", "on")},
                },
            },
        ]
    }
    text = Text(LONGEST, "The words in question, where it is one.", examples=[_SPOKEN])
    items = Listed(
        Part(QuotationIn, QuotationIn), "Many quotations, which are answered in their order.", most=MOST_ITEMS
    )

    def conflicts(self, data: Document, original: Mapping[str, Any]) -> Iterator[tuple[str, Fault]]:
        """Either one or many."""
        yield from super().conflicts(data, original)
        one, many = original.get("text") is not None, original.get("items") is not None
        if not one and not many:
            yield "text", Fault("required", "Send a text, or several quotations as items.")
        if many:
            if not original["items"]:
                yield "items", Fault("length", "This list has no entries; send at least one.")
            long = sum(
                len(each["text"]) for each in data.get("items") or [] if isinstance(each, dict) and "text" in each
            )
            if long > LONGEST_TOGETHER:
                yield (
                    "items",
                    Fault("length", f"The texts have {long} characters; at most {LONGEST_TOGETHER} are taken."),
                )
            for name in ("text", "speaker", "url", "on"):
                if original.get(name) is not None:
                    yield name, Fault("conflict", "With items, this belongs into each of them.")


_PROSE: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": take.LONGEST_PROSE, "pattern": TEXT_PATTERN}
_FIELDS = QuotationIn().fields


def _alike(name: str, **shape: Any) -> take.Alike:
    field = _FIELDS[name]
    assert isinstance(field, Checked)
    about = {"examples": field.metadata.get("examples", ()), **take.VALUE, **shape}
    return take.Alike(field, **settings(field.metadata["description"], **about))


class CheckQuery(Query):
    """The parameters of checking one quotation."""

    text = take.Prose(
        _FIELDS["text"],  # type: ignore[arg-type]
        **settings("The words in question.", required=True, examples=[_SPOKEN], **_PROSE),
    )
    speaker = _alike("speaker", maxLength=LONGEST_NAME)
    url = _alike("url", pattern=addresses.PATTERN, maxLength=addresses.LONGEST)
    on = _alike("on", pattern=EDTFDate.pattern)


class SimilarQuery(Query):
    """The parameters of the statements that are like another."""

    limit = take.Limit(
        **settings("How many at most.", default=20, type="integer", minimum=1, maximum=200, examples=[20])
    )
