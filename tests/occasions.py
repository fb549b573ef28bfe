"""One more kind of record, as CONTRIBUTING.md says that one is added: occasions on which somebody spoke.

It names a speaker, so that whatever follows from that is tried too.
"""

from __future__ import annotations

from functools import cache

from api.domain.core.kinds import Document, Kind, Public
from api.domain.drafting.references import Resolution
from api.domain.indexing import names
from schemas.base import OpenSchema, Schema
from schemas.fields import EDTFDate, Name
from schemas.nouns import Example, Noun
from schemas.records import patched, record
from schemas.speakers import speaker_reference

# What a migration would make, without the reference to `speaker`: of that table the schema would be another then.
TABLE = """CREATE TABLE occasion (
    n {key}, id {exact} NOT NULL UNIQUE, version {int} NOT NULL,
    document {text} NOT NULL, salt {text} NOT NULL, created_at {exact} NOT NULL,
    n_again {int} NOT NULL, speaker {int}
){strict}"""
INDEX = "CREATE INDEX occasion_created_at_id ON occasion (created_at, id)"


@cache
def noun() -> Noun:
    """Return what an occasion is on the wire; its prefix has to be known by then."""

    class OccasionIn(Schema):
        """An occasion as it is sent to be recorded."""

        name = Name(200, "What it was called.", required=True, examples=["Press conference"])
        speaker = speaker_reference("Who spoke.", examples=["Antony Blinken"])
        held_on = EDTFDate("When it was held, EDTF.", examples=["2022-03-23"])

    class OccasionPatch(Schema):
        """A JSON Merge Patch for an occasion."""

        class Meta(Schema.Meta):
            include = patched(OccasionIn)

    class OccasionOut(OpenSchema):
        """An occasion as the service sends it."""

        class Meta(OpenSchema.Meta):
            include = record(OccasionIn, "occasion")

    return Noun(
        name="occasion",
        plural="occasions",
        about="Occasions on which somebody spoke.",
        takes=OccasionIn,
        patches=OccasionPatch,
        sends=OccasionOut,
        example=Example(
            id="occ_01kayv5q3pf8r8d2xq1n6z0t50",
            sent={"name": "Press conference", "speaker": "Antony Blinken", "held_on": "2022-03-23"},
            patch={"held_on": "2022-03", "version": 1},
        ),
    )


def _settle(fields: Document, resolution: Resolution) -> Document:
    settled = {**fields, "speaker": resolution.speaker(fields["speaker"], "#/speaker")}
    resolution.finish()
    return settled


def _columns(n: int, document: Document, drawn: object) -> dict[str, object]:
    speaker = document["speaker"]
    return {"n_again": n, "speaker": speaker and names.number("speaker", speaker["id"])}


def _tells(document: Document) -> set[str]:
    return {document["speaker"]["id"]} if document["speaker"] else set()


@cache
def kind() -> Kind:
    """Return what is particular to occasions."""
    return Kind(noun=noun(), settle=_settle, columns=_columns, names=("speaker",), public=Public(tells=_tells))
