"""What travels on the wire: the schemas of every document, for the service and for whoever calls it.

This room can be imported alone, without the service: `StatementIn().load(document)` checks a document and
gives it in its canonical form, `problems(error)` lists what is wrong with it, `StatementOut` reads what the
service sends.

    statements, appearances, figures, speakers, outlets, sources, reviews, relations
                                            the nouns, each with In, Patch and Out, and a declaration of all that
    nouns                                   Noun, what each declares
    records                                 Out and Patch drawn from In, so that a field is written once
    verdicts, log, counts, assertions, keys, refusals, service
                                            what the service answers besides, each an Out with an example
    answers, pages                          what these are made of: objects, either of several, pages of lists
    fields, numbers, parts                  the rules for single values; for objects, lists, references, ids
    vocabulary, characters, edtf, languages, addresses              what they rest on, without marshmallow
    base, faults                            the strict schema and field; what is wrong, with code and place
"""

from schemas import outlets, relations, reviews, sources, speakers, statements
from schemas.appearances import AppearanceIn, AppearanceOut, AppearancePatch
from schemas.assertions import AssertedOut
from schemas.base import Fault, Schema, problems
from schemas.counts import CountsOut
from schemas.figures import FigureIn, FigureOut, FigurePatch
from schemas.keys import KeyOut, MeOut, NewKeyOut
from schemas.log import ChangeOut, ChangesOut, HistoryEntryOut, LogEntryOut, LogHeadOut, RevisionsOut
from schemas.nouns import Noun
from schemas.pages import page_of
from schemas.refusals import ProblemOut, ProblemTypeOut, ReportOut
from schemas.service import DescriptionOut, IndexOut, JSONSchemaOut, StatusOut
from schemas.statements import StatementViewOut
from schemas.verdicts import MatchOut, SimilarOut, VerdictOut, VerdictsOut

__all__ = ["ANSWERS", "BY_NAME", "NOUNS", "Fault", "Noun", "Schema", "problems"]

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
# The same of what the service answers besides.
ANSWERS: dict[str, type[Schema]] = {
    "change": ChangeOut,
    "changes": ChangesOut,
    "counts": CountsOut,
    "asserted": AssertedOut,
    "asserted-page": page_of(AssertedOut),
    "history-entry": HistoryEntryOut,
    "index": IndexOut,
    "json-schema": JSONSchemaOut,
    "key": KeyOut,
    "new-key": NewKeyOut,
    "key-page": page_of(KeyOut),
    "log-entry": LogEntryOut,
    "log-head": LogHeadOut,
    "match": MatchOut,
    "me": MeOut,
    "openapi": DescriptionOut,
    "problem": ProblemOut,
    "problem-type": ProblemTypeOut,
    "report": ReportOut,
    "revisions": RevisionsOut,
    "similar": SimilarOut,
    "statement-view": StatementViewOut,
    "statement-view-page": page_of(StatementViewOut),
    "status": StatusOut,
    "verdict": VerdictOut,
    "verdicts": VerdictsOut,
}
