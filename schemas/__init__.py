"""What travels on the wire: the schemas of every document, for the service and for whoever calls it.

This room can be imported alone, without the service: `StatementIn().load(document)` checks a document and
gives it in its canonical form, `problems(error)` lists what is wrong with it, `StatementOut` reads what the
service sends.

    statements, appearances, figures, speakers, outlets, sources, reviews, relations
                                            the nouns, each with In, Patch and Out
    records                                 Out and Patch drawn from In, so that a field is written once
    fields, numbers, parts                  the rules for single values; for objects, lists, references, ids
    vocabulary, characters, edtf, languages, addresses              what they rest on, without marshmallow
    base, faults                            the strict schema and field; what is wrong, with code and place
"""

from schemas.appearances import AppearanceIn, AppearanceOut, AppearancePatch
from schemas.base import Fault, Schema, problems
from schemas.figures import FigureIn, FigureOut, FigurePatch
from schemas.outlets import OutletIn, OutletOut, OutletPatch
from schemas.relations import RelationIn, RelationOut, RelationPatch
from schemas.reviews import ReviewIn, ReviewOut, ReviewPatch
from schemas.sources import SourceIn, SourceOut, SourcePatch
from schemas.speakers import SpeakerIn, SpeakerOut, SpeakerPatch
from schemas.statements import StatementIn, StatementOut, StatementPatch

__all__ = ["BY_NAME", "Fault", "Schema", "problems"]

# The names under which they are served as JSON Schemas.
BY_NAME: dict[str, type[Schema]] = {
    "statement": StatementOut,
    "statement-input": StatementIn,
    "statement-patch": StatementPatch,
    "appearance": AppearanceOut,
    "appearance-input": AppearanceIn,
    "appearance-patch": AppearancePatch,
    "figure": FigureOut,
    "figure-input": FigureIn,
    "figure-patch": FigurePatch,
    "speaker": SpeakerOut,
    "speaker-input": SpeakerIn,
    "speaker-patch": SpeakerPatch,
    "outlet": OutletOut,
    "outlet-input": OutletIn,
    "outlet-patch": OutletPatch,
    "source": SourceOut,
    "source-input": SourceIn,
    "source-patch": SourcePatch,
    "review": ReviewOut,
    "review-input": ReviewIn,
    "review-patch": ReviewPatch,
    "relation": RelationOut,
    "relation-input": RelationIn,
    "relation-patch": RelationPatch,
}
