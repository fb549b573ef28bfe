"""What travels on the wire: the schemas of every document, for the service and for whoever calls it.

This room can be imported alone, without the service: `StatementIn().load(document)` checks a document and
gives it in its canonical form, `problems(error)` lists what is wrong with it, `StatementOut` reads what the
service sends.

    statements, appearances, figures, speakers, outlets, sources, reviews, relations
                                            the nouns, each with In, Patch and Out, and a declaration of all that
    nouns                                   Noun, what each declares
    records                                 Out and Patch drawn from In, so that a field is written once
    fields, numbers, parts                  the rules for single values; for objects, lists, references, ids
    vocabulary, characters, edtf, languages, addresses              what they rest on, without marshmallow
    base, faults                            the strict schema and field; what is wrong, with code and place
"""

from schemas import outlets, relations, reviews, sources, speakers, statements
from schemas.appearances import AppearanceIn, AppearanceOut, AppearancePatch
from schemas.base import Fault, Schema, problems
from schemas.figures import FigureIn, FigureOut, FigurePatch
from schemas.nouns import Noun

__all__ = ["BY_NAME", "NOUNS", "Fault", "Noun", "Schema", "problems"]

# The kinds of records, each by what its file declares.
NOUNS: tuple[Noun, ...] = tuple(each.NOUN for each in (statements, speakers, outlets, sources, reviews, relations))
# The names under which they and their parts are served as JSON Schemas.
BY_NAME: dict[str, type[Schema]] = {
    "appearance": AppearanceOut,
    "appearance-input": AppearanceIn,
    "appearance-patch": AppearancePatch,
    "figure": FigureOut,
    "figure-input": FigureIn,
    "figure-patch": FigurePatch,
}
for _noun in NOUNS:
    BY_NAME |= _noun.schemas()
