"""Speakers: who said it."""

from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import post_load

from schemas.base import Document, Fault, OpenSchema, Schema
from schemas.edtf import bounds
from schemas.fields import Choice, EDTFDate, Name, Text, WebAddress
from schemas.mergers import SpeakerMergerIn
from schemas.nouns import Example, Noun
from schemas.parts import LONGEST_NAME, Identifier, Listed, Part, Reference, distinct
from schemas.records import patched, record, sent
from schemas.vocabulary import SPEAKER_TYPES


class RoleIn(Schema):
    """An office that a speaker holds or held."""

    role = Text(LONGEST_NAME, "The office.", required=True, examples=["Secretary of State"])
    organization = Text(LONGEST_NAME, "Where.", examples=["United States Department of State"])
    start = EDTFDate("Since when, EDTF.", examples=["2021-01-26"])
    end = EDTFDate("Until when, EDTF.", examples=["2025-01-20"])

    def conflicts(self, data: Document, original: Mapping[str, Any]) -> Iterator[tuple[str, Fault]]:
        """A role cannot end before it begins."""
        start, end = data.get("start"), data.get("end")
        if start and end and bounds(start)[0] > bounds(end)[1]:
            yield "end", Fault("range", "This role ends before it begins.")


class RoleOut(OpenSchema):
    """An office as the service sends it."""

    class Meta(OpenSchema.Meta):
        include = sent(RoleIn)


class SpeakerIn(Schema):
    """A speaker as it is sent to be recorded."""

    type = Choice(SPEAKER_TYPES, "What kind of speaker it is.", default="person", examples=["person"])
    name = Name(LONGEST_NAME, "The name.", required=True, examples=["Antony Blinken"])
    aliases = Listed(
        Name(LONGEST_NAME),
        "Other names of the same speaker.",
        most=100,
        merge=True,
        examples=[["Tony Blinken"]],
    )
    description = Text(10_000, "Who that is, in a sentence.", examples=["American diplomat"])
    same_as = Listed(
        WebAddress(),
        "Pages elsewhere about the same speaker.",
        most=50,
        examples=[["https://www.wikidata.org/wiki/Q7821917"]],
    )
    roles = Listed(Part(RoleIn, RoleOut), "Offices held, with their dates.", most=100)

    @post_load
    def _finish(self, data: Document, **_: Any) -> Document:
        data["aliases"] = distinct(data["aliases"], without=data["name"])
        return data


class SpeakerPatch(Schema):
    """A JSON Merge Patch for a speaker."""

    class Meta(Schema.Meta):
        include = patched(SpeakerIn)


class SpeakerOut(OpenSchema):
    """A speaker as the service sends it."""

    class Meta(OpenSchema.Meta):
        include = record(SpeakerIn, "speaker")


class SpeakerReference(OpenSchema):
    """A speaker where another record names it."""

    id = Identifier("speaker", "The speaker's id.", required=True)
    name = Name(LONGEST_NAME, "The speaker's name.", required=True)
    type = Choice(SPEAKER_TYPES, "What kind of speaker it is.", required=True)

    example = {"id": "spk_01kayv5q3mf8r8d2xq1n6z0t4w", "name": "Antony Blinken", "type": "person"}


def speaker_reference(description: str, **options: Any) -> Reference:
    """A field that names a speaker by id or name, or describes one to find or create."""
    return Reference("speaker", SpeakerReference, SpeakerIn, description, **options)


NOUN = Noun(
    name="speaker",
    plural="speakers",
    about="People, organizations, governments and groups that said it.",
    takes=SpeakerIn,
    patches=SpeakerPatch,
    sends=SpeakerOut,
    merges=SpeakerMergerIn,
    example=Example(
        id=SpeakerReference.example["id"],
        sent={"type": "person", "name": "Antony Blinken", "aliases": ["Antony J. Blinken"]},
        patch={"description": "American diplomat", "version": 1},
    ),
)
