"""The shapes of verdicts on quotations, and of the evidence."""

from __future__ import annotations

from api.web.openapi.shapes import COUNT, MAYBE, STRING, Json, or_null
from schemas.vocabulary import CHANGES, STATUSES, VERDICTS

_PLACE: Json = or_null(
    {
        "type": "object",
        "description": "A stretch of one of the texts, in code points; null where the other has words that it lacks.",
        "required": ["start", "end", "text"],
        "properties": {"start": COUNT, "end": COUNT, "text": STRING},
    }
)
MATCH: Json = {
    "type": "object",
    "description": "A statement on record, and how the quotation differs from it.",
    "required": [
        *("statement", "score", "diff", "changes", "declared", "speaker_matches", "attribution", "status"),
        *("corrections", "first_appearance"),
    ],
    "properties": {
        "statement": {
            "type": "object",
            "description": "What is on record, and by whom.",
            "required": ["id", "version", "kind", "text", "lang", "speaker", "attributed_as", "said_on", "url"],
        },
        "score": {
            "type": "number",
            "minimum": 0,
            "maximum": 1,
            "description": "The share of letters that both have, where the quotation lies. It decides nothing.",
        },
        "diff": {
            "type": "array",
            "description": "The stretches in their order.",
            "items": {
                "type": "object",
                "required": ["op", "recorded", "purported"],
                "properties": {
                    "op": {"enum": ["equal", "delete", "insert", "replace"], "description": "What became of it."},
                    "recorded": _PLACE,
                    "purported": _PLACE,
                },
            },
        },
        "changes": {
            "type": "array",
            "items": {"enum": list(CHANGES)},
            "description": "The kinds of words that differ; empty where none does.",
        },
        "declared": {
            "type": "array",
            "description": "What the quotation itself says was left out or put in, and where it says so.",
            "items": {
                "type": "object",
                "required": ["kind", "text", "at"],
                "properties": {"kind": {"enum": ["ellipsis", "insertion"]}, "text": STRING, "at": COUNT},
            },
        },
        "speaker_matches": {
            "type": ["boolean", "null"],
            "description": "Whether it is by the speaker asked about; null where none was or it cannot be told.",
        },
        "attribution": {
            "enum": ["speaker", "candidate", "rejected", None],
            "description": "As what the statement names that speaker.",
        },
        "status": {"enum": list(STATUSES), "description": "Whether it still stands."},
        "corrections": {"type": "array", "items": {"type": "object"}, "description": "What was corrected since."},
        "first_appearance": {"type": "object", "description": "Where it was printed first."},
    },
}
_VERDICT: Json = {
    "type": "object",
    "description": "Whether a quotation is on record, and the evidence.",
    "required": ["verdict", "matches", "store"],
    "properties": {
        "verdict": {"enum": list(VERDICTS), "description": "What comes of it."},
        "matches": {
            "type": "array",
            "maxItems": 5,
            "items": {"$ref": "#/components/schemas/Match"},
            "description": "The best evidence first.",
        },
        "store": {
            "type": "object",
            "description": "What it was compared with.",
            "required": ["statements", "as_of"],
            "properties": {
                "statements": {**COUNT, "description": "How many statements are on record for this reader."},
                "as_of": {**MAYBE, "format": "date-time", "description": "When one of them last changed."},
            },
        },
    },
}
# By the name in `gives`: the component's name and its schema.
ANSWERS: dict[str, tuple[str, Json]] = {
    "verdict": ("Verdict", _VERDICT),
    "verdicts": (
        "Verdicts",
        {
            "description": "The verdict on a quotation; on several, one for each in their order.",
            "anyOf": [
                {"$ref": "#/components/schemas/Verdict"},
                {
                    "type": "object",
                    "required": ["items"],
                    "properties": {"items": {"type": "array", "items": {"$ref": "#/components/schemas/Verdict"}}},
                },
            ],
        },
    ),
    "similar": (
        "Similar",
        {
            "type": "object",
            "description": "The statements that say nearly the same, the nearest first.",
            "required": ["data"],
            "properties": {"data": {"type": "array", "items": {"$ref": "#/components/schemas/Match"}}},
        },
    ),
}
