"""The shapes of answers that are no records, by the names under which routes promise them."""

from __future__ import annotations

from typing import Any

from schemas.filters import GROUPINGS
from schemas.parts import id_pattern
from schemas.vocabulary import CHANGES, PREFIXES, SCOPES, STATUSES, VERDICTS

Json = dict[str, Any]

_STRING: Json = {"type": "string"}
_MOMENT: Json = {"type": "string", "format": "date-time"}
_MAYBE: Json = {"type": ["string", "null"]}

HISTORY_ENTRY: Json = {
    "type": "object",
    "description": "One write of a record's history, as the log has it.",
    "required": ["version", "op", "at", "by", "note", "seq", "sha256", "url"],
    "properties": {
        "version": {"type": "integer", "minimum": 1, "description": "The version that it made."},
        "op": {"enum": ["create", "update", "withdraw", "erase", "merge"], "description": "What was done."},
        "at": {**_MOMENT, "description": "When."},
        "by": {**_STRING, "description": "The name of the key that did it."},
        "note": {**_MAYBE, "description": "Why, where that was said."},
        "seq": {"type": "integer", "minimum": 1, "description": "Its place in the log."},
        "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "The hash that the log keeps."},
        "url": {**_STRING, "description": "Where the document of that version is."},
    },
}
_CHANGE: Json = {
    "type": "object",
    "description": "One operation of a JSON Patch (RFC 6902).",
    "required": ["op", "path"],
    "properties": {
        "op": {"enum": ["add", "remove", "replace", "move", "copy", "test"]},
        "path": _STRING,
        "from": _STRING,
        "value": {},
    },
}
_FAULT: Json = {
    "type": "object",
    "description": "One thing that is wrong, and where.",
    "required": ["code", "detail"],
    "properties": {
        "pointer": {**_STRING, "description": "Its place in the document: a JSON Pointer as a URI fragment."},
        "parameter": {**_STRING, "description": "Or the parameter of the query string."},
        "code": {**_STRING, "description": "What is wrong, as a word for programs."},
        "detail": {**_STRING, "description": "What is wrong, as a sentence for people."},
        "candidates": {
            "type": "array",
            "description": "The records that an ambiguous name may mean.",
            "items": {"type": "object", "required": ["id", "name", "type"]},
        },
    },
}
PROBLEM: Json = {
    "type": "object",
    "description": "What went wrong (RFC 9457).",
    "required": ["type", "title", "status", "detail", "instance", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "description": "A page about this type of problem."},
        "title": {**_STRING, "description": "The type of problem in a few words."},
        "status": {"type": "integer", "minimum": 308, "maximum": 599, "description": "The status, once more."},
        "detail": {**_STRING, "description": "What went wrong this time."},
        "instance": {**_STRING, "description": "The path of the request."},
        "request_id": {**_MAYBE, "description": "Finds the request in the service's log."},
        "errors": {"type": "array", "items": _FAULT, "description": "Everything that is wrong, all at once."},
        "existing": {
            "type": "object",
            "description": "The record that a new one would clash with, or that stands for the one that was asked for.",
            "required": ["id", "url"],
            "properties": {"id": _STRING, "url": _STRING},
        },
        "current_version": {"type": "integer", "minimum": 1, "description": "The version that the record is at."},
        "id": {**_STRING, "description": "The id of the record that was withdrawn."},
        "withdrawn_at": {**_MOMENT, "description": "When the record was withdrawn."},
        "withdrawn_by": {**_STRING, "description": "By whom."},
        "erased_at": {**_MOMENT, "description": "When the record was erased."},
        "erased_by": {**_STRING, "description": "By whom."},
        "reason": {**_MAYBE, "description": "Why."},
        **{
            name: {"type": "integer", "minimum": 0, "description": f"Of many lines: how many were {name}."}
            for name in ("received", "created", "updated", "unchanged", "failed")
        },
        "errors_truncated": {"type": "boolean", "description": "Whether more lines failed than are listed."},
    },
}
_COUNT: Json = {"type": "integer", "minimum": 0}
_HASH: Json = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_OPS = ["create", "update", "withdraw", "erase", "merge"]
CHANGE: Json = {
    "type": "object",
    "description": "One write, as the change feed tells of it.",
    "required": ["seq", "op", "type", "id", "version", "at", "sha256"],
    "properties": {
        "seq": {"type": "integer", "minimum": 1, "description": "Its place in the log."},
        "op": {"enum": _OPS, "description": "What was done."},
        "type": {"enum": [*PREFIXES], "description": "With what kind of record."},
        "id": {**_STRING, "description": "With which record."},
        "version": {"type": "integer", "minimum": 1, "description": "The version that it made."},
        "at": {**_MOMENT, "description": "When."},
        "sha256": {**_HASH, "description": "The salted hash of that version's document."},
    },
}


def _or_null(shape: Json) -> Json:
    about = {name: value for name, value in shape.items() if name == "description"}
    return {"anyOf": [{name: value for name, value in shape.items() if name not in about}, {"type": "null"}], **about}


_QUOTA: Json = {
    "type": "object",
    "description": "How often the key, or without one the address, may ask; null where there is no limit.",
    "required": ["limit", "window", "remaining", "reset"],
    "properties": {
        "limit": {**_COUNT, "description": "How many requests it may send in a window."},
        "window": {**_COUNT, "description": "How long a window is, in seconds."},
        "remaining": {**_COUNT, "description": "How many are left in this one."},
        "reset": {**_COUNT, "description": "In how many seconds the next one begins."},
    },
}
VIEW: Json = {
    "type": "object",
    "description": "The members of a statement that were asked for (`fields`), whole records in place of references "
    "(`expand`), or what a search matched (`highlight`).",
}
_PLACE: Json = _or_null(
    {
        "type": "object",
        "description": "A stretch of one of the texts, in code points; null where the other has words that it lacks.",
        "required": ["start", "end", "text"],
        "properties": {"start": _COUNT, "end": _COUNT, "text": _STRING},
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
                "properties": {"kind": {"enum": ["ellipsis", "insertion"]}, "text": _STRING, "at": _COUNT},
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
VERDICT: Json = {
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
                "statements": {**_COUNT, "description": "How many statements are on record for this reader."},
                "as_of": {**_MAYBE, "format": "date-time", "description": "When one of them last changed."},
            },
        },
    },
}
# By the name in `gives`: the component's name and its schema, whose description is that of the answer.
ANSWERS: dict[str, tuple[str, Json]] = {
    "status": (
        "Status",
        {
            "type": "object",
            "description": "All is well.",
            "required": ["status"],
            "properties": {"status": {"const": "ok"}},
        },
    ),
    "index": (
        "Index",
        {
            "type": "object",
            "description": "Where everything is.",
            "required": ["name", "openapi", "docs"],
            "additionalProperties": _STRING,
        },
    ),
    "openapi": (
        "Description",
        {
            "type": "object",
            "description": "An OpenAPI 3.1 document.",
            "required": ["openapi", "info", "paths"],
            "properties": {"openapi": {"const": "3.1.0"}, "info": {"type": "object"}, "paths": {"type": "object"}},
        },
    ),
    "json-schema": (
        "JSONSchema",
        {
            "type": "object",
            "description": "A JSON Schema (2020-12) with everything that it refers to.",
            "required": ["$schema", "$id", "title", "$ref", "$defs"],
        },
    ),
    "problem-type": (
        "ProblemType",
        {
            "type": "object",
            "description": "What a type of problem means.",
            "required": ["type", "title", "status", "detail"],
            "properties": {"type": _STRING, "title": _STRING, "status": {"type": "integer"}, "detail": _STRING},
        },
    ),
    "me": (
        "Me",
        {
            "type": "object",
            "description": "Whose key it is, what it may do and how often.",
            "required": ["id", "name", "scopes", "quota"],
            "properties": {
                "id": {"type": ["string", "null"], "pattern": id_pattern("key"), "description": "Null without a key."},
                "name": _STRING,
                "scopes": {"type": "array", "items": {"enum": [*SCOPES]}},
                "quota": _or_null(_QUOTA),
            },
        },
    ),
    "security-contact": (
        "SecurityContact",
        {"type": "string", "description": "Where to report a weakness (RFC 9116)."},
    ),
    "counts": (
        "Counts",
        {
            "type": "object",
            "description": "How many statements there are in each group.",
            "required": ["by", "groups", "groups_total", "other", "missing", "total"],
            "properties": {
                "by": {"enum": [*GROUPINGS], "description": "What is counted by."},
                "groups": {
                    "type": "array",
                    "description": "The groups, largest first; periods in their order, empty ones too.",
                    "items": {
                        "type": "object",
                        "required": ["key", "label", "count"],
                        "properties": {
                            "key": {**_STRING, "description": "The id of a speaker or outlet, else the word itself."},
                            "label": {**_STRING, "description": "What people call it."},
                            "count": {**_COUNT, "description": "How many statements."},
                        },
                    },
                },
                "groups_total": {**_COUNT, "description": "How many groups there are, listed or not."},
                "other": {**_COUNT, "description": "How many statements are in the groups that are not listed."},
                "missing": {**_COUNT, "description": "How many statements have no such value, or a coarser date."},
                "total": {**_COUNT, "description": "How many statements match."},
            },
        },
    ),
    "verdict": ("Verdict", VERDICT),
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
    "report": (
        "Report",
        {
            "type": "object",
            "description": "What became of the lines.",
            "required": ["received", "created", "updated", "unchanged", "failed", "errors", "errors_truncated"],
            "properties": {
                "received": {**_COUNT, "description": "How many lines came."},
                "created": {**_COUNT, "description": "How many made a record."},
                "updated": {**_COUNT, "description": "How many changed one that was held."},
                "unchanged": {**_COUNT, "description": "How many were held as they are, or were to be left out."},
                "failed": {**_COUNT, "description": "How many were refused."},
                "errors": {
                    "type": "array",
                    "maxItems": 100,
                    "description": "The first hundred of these.",
                    "items": {
                        "type": "object",
                        "required": ["line", "status", "errors"],
                        "properties": {
                            "line": {"type": "integer", "minimum": 1, "description": "Where it begins."},
                            "status": {"type": "integer", "description": "What it alone would be answered."},
                            "errors": {"type": "array", "items": _FAULT, "description": "All that is wrong."},
                        },
                    },
                },
                "errors_truncated": {"type": "boolean", "description": "Whether more were refused than are listed."},
            },
        },
    ),
    "changes": (
        "Changes",
        {
            "type": "object",
            "description": "What changed after a sequence number, oldest first.",
            "required": ["changes", "last", "more"],
            "properties": {
                "changes": {"type": "array", "items": {"$ref": "#/components/schemas/Change"}},
                "last": {**_COUNT, "description": "What to send as `since` next."},
                "more": {"type": "boolean", "description": "Whether there are more already."},
            },
        },
    ),
    "log-head": (
        "LogHead",
        {
            "type": "object",
            "description": "Where the log ends; a later log extends it, or was changed.",
            "required": ["seq", "hash", "at"],
            "properties": {
                "seq": {**_COUNT, "description": "The newest entry's number; 0 of an empty log."},
                "hash": {**_HASH, "description": "Its link of the chain; zeros of an empty log."},
                "at": {"type": ["string", "null"], "format": "date-time", "description": "When it was written."},
            },
        },
    ),
    "log-entry": (
        "LogEntry",
        {
            "type": "object",
            "description": "One entry of the log. `hash` is SHA-256 of `previous` and of the JSON array of seq, at, "
            "op, type, id, version, by, note and sha256.",
            "required": [*CHANGE["required"], "by", "note", "previous", "hash", "concealed"],
            "properties": {
                **{
                    name: shape if name in ("seq", "at") else _or_null(shape)
                    for name, shape in CHANGE["properties"].items()
                },
                "by": {**_MAYBE, "description": "The name of the key that did it."},
                "note": {**_MAYBE, "description": "Why, where that was said."},
                "previous": {**_HASH, "description": "The link of the entry before."},
                "hash": {**_HASH, "description": "The entry's link of the chain."},
                "concealed": {
                    "type": "boolean",
                    "description": "Whether the record needs a key; without one everything but the links is null.",
                },
            },
        },
    ),
    "revisions": (
        "Revisions",
        {
            "description": "The history, newest first; with `diff` the changes between two versions.",
            "anyOf": [{"$ref": "#/components/schemas/HistoryEntryPage"}, {"type": "array", "items": _CHANGE}],
        },
    ),
}
