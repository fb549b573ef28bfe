"""Figures as they are listed: what each says, with who says so, where and when."""

from schemas.base import OpenSchema
from schemas.fields import Choice, EDTFDate, Text
from schemas.figures import FigureIn, FigureOut
from schemas.outlets import OutletReference
from schemas.parts import Identifier, Part
from schemas.speakers import SpeakerReference
from schemas.statements import NOUN
from schemas.vocabulary import KINDS


class AsserterOut(OpenSchema):
    """The statement that a listed figure is from."""

    id = Identifier("statement", "The statement's id.", required=True)
    kind = Choice(KINDS, "Whether it is a quote or a claim.", required=True)
    text = Text(10_000, "The words.", required=True)


class AssertedOut(FigureOut):
    """A figure in the list of figures."""

    statement = Part(AsserterOut, AsserterOut, "The statement that asserts it.", required=True)
    speaker = Part(SpeakerReference, SpeakerReference, "Who says so; null where the source is not named.")
    outlet = Part(OutletReference, OutletReference, "Who printed it first.", required=True)
    said_on = EDTFDate("When it was said, EDTF.")

    example = {
        **FigureIn().load({"name": "soldiers killed", "min_value": 7000, "max_value": 15000}),
        "statement": {"id": NOUN.example.id, "kind": "claim", "text": "Between 7,000 and 15,000 were killed."},
        "speaker": SpeakerReference.example,
        "outlet": OutletReference.example,
        "said_on": "2022-03-23",
    }
