"""Appearances: where a statement was printed, and the hops by which it got there."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from schemas.base import Document, Fault, OpenSchema, Schema
from schemas.fields import Choice, EDTFDate, Name, Text, WebAddress
from schemas.numbers import Integer
from schemas.outlets import outlet_reference
from schemas.parts import LONGEST_NAME, Listed, Part
from schemas.records import patched, sent
from schemas.sources import source_reference
from schemas.vocabulary import MEDIA

_GIVEN = {"type": "integer"}


class HopIn(Schema):
    """One hop on the way from the speaker to the outlet."""

    name = Name(LONGEST_NAME, "Who passed it on.", required=True, examples=["The New York Times"])
    outlet = outlet_reference("The outlet that passed it on, if it is one.")
    medium = Choice(MEDIA, "By what it was passed on.", examples=["email"])
    url = WebAddress("Where that can be seen.")


class HopOut(OpenSchema):
    """A hop as the service sends it."""

    class Meta(OpenSchema.Meta):
        include = sent(HopIn)


class AppearanceIn(Schema):
    """Where a statement was printed, as it is sent to be recorded."""

    outlet = outlet_reference("Who printed it.", required=True, examples=["The Associated Press"])
    url = WebAddress("Where it stands.", examples=["https://apnews.com/article/example"])
    title = Text(1000, "The title it was printed under.")
    byline = Listed(Text(LONGEST_NAME), "The authors as printed.", most=50, examples=[["Matthew Lee"]])
    published_on = EDTFDate("When it was printed, EDTF.", examples=["2022-03-23"])
    accessed_on = EDTFDate("When the recorder saw it, EDTF.", examples=["2022-03-24"])
    archived_at = WebAddress("A copy in an archive.")
    exact = Text(10_000, "The words as printed there (W3C TextQuoteSelector).")
    prefix = Text(1000, "What stands just before them.", blank=True)
    suffix = Text(1000, "What stands just after them.", blank=True)
    start = Integer("Where they begin, in code points from 0 (W3C TextPositionSelector).", least=0)
    end = Integer("Where they end: the position after the last code point.", least=0)
    cue = Text(1000, "The words of attribution.", examples=["the Secretary of State said on Wednesday"])
    via = Listed(Part(HopIn, HopOut), "The hops between speaker and outlet, nearest the speaker first.", most=20)
    source = source_reference("The recorded source that this is part of, by id.")

    json_schema: ClassVar[dict[str, object]] = {
        "allOf": [
            {
                "if": {"required": [one], "properties": {one: _GIVEN}},
                "then": {"required": [other], "properties": {other: _GIVEN}},
            }
            for one, other in (("start", "end"), ("end", "start"))
        ]
    }

    def conflicts(self, data: Document, original: Mapping[str, Any]) -> Iterator[tuple[str, Fault]]:
        """A position needs both its ends, in order."""
        for one, other in (("start", "end"), ("end", "start")):
            if original.get(one) is not None and original.get(other) is None:
                yield other, Fault("required", f"This field is required beside {one}.")
        start, end = data.get("start"), data.get("end")
        if start is not None and end is not None and start > end:
            yield "end", Fault("range", "This must not be less than start.")


class AppearancePatch(Schema):
    """The members of an appearance, each of which may be left out."""

    class Meta(Schema.Meta):
        include = patched(AppearanceIn, version=False)


class AppearanceOut(OpenSchema):
    """An appearance as the service sends it."""

    class Meta(OpenSchema.Meta):
        include = sent(AppearanceIn)
