"""Verdicts on quotations, and the evidence: the statements that are on record and how they differ."""

from __future__ import annotations

from schemas.answers import Answer, Either, count, many, one
from schemas.appearances import AppearanceIn, AppearanceOut
from schemas.base import OpenSchema
from schemas.fields import Choice, Plain, Timestamp, Whether
from schemas.nouns import TIME
from schemas.numbers import Number
from schemas.outlets import OutletReference
from schemas.parts import Listed
from schemas.records import declared
from schemas.speakers import SpeakerReference
from schemas.statements import NOUN, CorrectionOut, StatementOut
from schemas.vocabulary import ATTRIBUTIONS, CHANGES, STATUSES, VERDICTS

_SAID = str(NOUN.example.sent["text"])
_STRETCH = "A stretch of one of the texts, in code points; null where the other has words that it lacks."


class StretchOut(OpenSchema):
    """A stretch of a text, in code points."""

    start = count("")
    end = count("")
    text = Plain(required=True)


class DifferenceOut(OpenSchema):
    """What became of a stretch of the statement in the quotation."""

    op = Choice(("equal", "delete", "insert", "replace"), "What became of it.", required=True)
    recorded = one(StretchOut, _STRETCH, required=False).sent()
    purported = one(StretchOut, _STRETCH, required=False).sent()


class DeclaredOut(OpenSchema):
    """What a quotation itself says was left out or put in."""

    kind = Choice(("ellipsis", "insertion"), required=True)
    text = Plain(required=True)
    at = count("")


class MatchedOut(OpenSchema):
    """What is on record, and by whom."""

    class Meta(OpenSchema.Meta):
        include = {
            **{
                name: field
                for name, field in declared(StatementOut).items()
                if name in ("id", "version", "kind", "text", "lang", "speaker", "attributed_as", "said_on", "context")
            },
            "url": Plain("Where the statement is.", required=True),
        }


class MatchOut(OpenSchema):
    """A statement on record, and how the quotation differs from it."""

    statement = one(MatchedOut, "What is on record, and by whom.")
    score = Number(
        "The share of letters that both have, where the quotation lies. It decides nothing.",
        least=0,
        most=1,
        required=True,
    )
    diff = many(DifferenceOut, "The stretches in their order.")
    changes = Listed(
        Choice(CHANGES), "The kinds of words that differ; empty where none does.", most=None, required=True
    )
    declared = many(DeclaredOut, "What the quotation itself says was left out or put in, and where it says so.")
    speaker_matches = Whether(
        "Whether it is by the speaker asked about; null where none was or it cannot be told."
    ).sent()
    attribution = Choice(("speaker", *ATTRIBUTIONS), "As what the statement names that speaker.").sent()
    status = Choice(STATUSES, "Whether it still stands.", required=True)
    corrections = many(CorrectionOut, "What was corrected since.")
    first_appearance = one(AppearanceOut, "Where it was printed first.")

    example = {
        "statement": {
            "id": NOUN.example.id,
            "version": 1,
            "kind": "quote",
            "text": _SAID,
            "lang": "en",
            "speaker": SpeakerReference.example,
            "attributed_as": None,
            "said_on": "2022-03-23",
            "context": None,
            "url": f"/v1/statements/{NOUN.example.id}",
        },
        "score": 1.0,
        "diff": [
            {
                "op": "equal",
                "recorded": {"start": 0, "end": 43, "text": _SAID[:43]},
                "purported": {"start": 0, "end": 43, "text": _SAID[:43]},
            }
        ],
        "changes": [],
        "declared": [],
        "speaker_matches": True,
        "attribution": "speaker",
        "status": "published",
        "corrections": [],
        "first_appearance": {
            **AppearanceIn().load({"outlet": OutletReference.example["name"], "url": NOUN.example.sent["url"]}),
            "outlet": OutletReference.example,
        },
    }


class StoreOut(OpenSchema):
    """What a quotation was compared with."""

    statements = count("How many statements are on record for this reader.")
    as_of = Timestamp("When one of them last changed.").sent()


class VerdictOut(Answer):
    """Whether a quotation is on record, and the evidence."""

    verdict = Choice(VERDICTS, "What comes of it.", required=True)
    matches = many(MatchOut, "The best evidence first.", most=5)
    store = one(StoreOut, "What it was compared with.")

    example = {
        "verdict": "excerpt",
        "matches": [MatchOut.example],
        "store": {"statements": 21, "as_of": TIME},
    }


class SeveralVerdictsOut(Answer):
    """The verdicts on several quotations, in their order."""

    items = many(VerdictOut)

    example = {"items": [VerdictOut.example]}


class VerdictsOut(Either):
    """The verdict on a quotation; on several, one for each in their order."""

    shapes = (VerdictOut(), SeveralVerdictsOut())
    example = VerdictOut.example


class SimilarOut(Answer):
    """The statements that say nearly the same, the nearest first."""

    data = many(MatchOut)

    example = {"data": [MatchOut.example]}
