"""Relations: how one statement bears on another, in the words of CiTO."""

from collections.abc import Iterator, Mapping
from typing import Any

from schemas.base import Document, Fault, OpenSchema, Schema
from schemas.fields import Choice, Text
from schemas.nouns import Example, Noun
from schemas.records import patched, record
from schemas.statements import NOUN as STATEMENT
from schemas.statements import statement_reference
from schemas.vocabulary import RELATIONS


class RelationIn(Schema):
    """A relation as it is sent to be recorded: the subject bears on the object."""

    subject = statement_reference("The statement that bears on another.", required=True)
    type = Choice(RELATIONS, "How it bears on it (CiTO).", required=True, examples=["disagrees_with"])
    object = statement_reference("The statement it bears on.", required=True)
    note = Text(10_000, "The recorder's note.")

    def conflicts(self, data: Document, original: Mapping[str, Any]) -> Iterator[tuple[str, Fault]]:
        """A statement does not bear on itself."""
        if data.get("subject") is not None and data.get("subject") == data.get("object"):
            yield "object", Fault("conflict", "A statement cannot be related to itself.")


class RelationPatch(Schema):
    """A JSON Merge Patch for a relation."""

    class Meta(Schema.Meta):
        include = patched(RelationIn)


class RelationOut(OpenSchema):
    """A relation as the service sends it."""

    class Meta(OpenSchema.Meta):
        include = record(RelationIn, "relation")


NOUN = Noun(
    name="relation",
    plural="relations",
    about="How statements bear on each other.",
    takes=RelationIn,
    patches=RelationPatch,
    sends=RelationOut,
    example=Example(
        id="rel_01kayv5q3pf8r8d2xq1n6z0t51",
        sent={
            "subject": STATEMENT.example.id,
            "type": "qualifies",
            "object": "stm_01kayv5q3nf8r8d2xq1n6z0t4z",
            "note": "It speaks of members of the forces.",
        },
        patch={"type": "agrees_with", "version": 1},
    ),
)
