"""The shapes of answers that are no records, by the names under which routes promise them."""

from __future__ import annotations

from api.web.openapi import verdicts
from api.web.openapi.shapes import COUNT, MAYBE, MOMENT, STRING, Json, or_null
from schemas.filters import GROUPINGS
from schemas.parts import id_pattern
from schemas.vocabulary import PREFIXES, SCOPES

HISTORY_ENTRY: Json = {
    "type": "object",
    "description": "One write of a record's history, as the log has it.",
    "required": ["version", "op", "at", "by", "note", "seq", "sha256", "url"],
    "properties": {
        "version": {"type": "integer", "minimum": 1, "description": "The version that it made."},
        "op": {"enum": ["create", "update", "withdraw", "erase", "merge"], "description": "What was done."},
        "at": {**MOMENT, "description": "When."},
        "by": {**STRING, "description": "The name of the key that did it."},
        "note": {**MAYBE, "description": "Why, where that was said."},
        "seq": {"type": "integer", "minimum": 1, "description": "Its place in the log."},
        "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "The hash that the log keeps."},
        "url": {**STRING, "description": "Where the document of that version is."},
    },
}
_CHANGE: Json = {
    "type": "object",
    "description": "One operation of a JSON Patch (RFC 6902).",
    "required": ["op", "path"],
    "properties": {
        "op": {"enum": ["add", "remove", "replace", "move", "copy", "test"]},
        "path": STRING,
        "from": STRING,
        "value": {},
    },
}
_FAULT: Json = {
    "type": "object",
    "description": "One thing that is wrong, and where.",
    "required": ["code", "detail"],
    "properties": {
        "pointer": {**STRING, "description": "Its place in the document: a JSON Pointer as a URI fragment."},
        "parameter": {**STRING, "description": "Or the parameter of the query string."},
        "code": {**STRING, "description": "What is wrong, as a word for programs."},
        "detail": {**STRING, "description": "What is wrong, as a sentence for people."},
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
        "title": {**STRING, "description": "The type of problem in a few words."},
        "status": {"type": "integer", "minimum": 308, "maximum": 599, "description": "The status, once more."},
        "detail": {**STRING, "description": "What went wrong this time."},
        "instance": {**STRING, "description": "The path of the request."},
        "request_id": {**MAYBE, "description": "Finds the request in the service's log."},
        "errors": {"type": "array", "items": _FAULT, "description": "Everything that is wrong, all at once."},
        "existing": {
            "type": "object",
            "description": "The record that a new one would clash with, or that stands for the one that was asked for.",
            "required": ["id", "url"],
            "properties": {"id": STRING, "url": STRING},
        },
        "current_version": {"type": "integer", "minimum": 1, "description": "The version that the record is at."},
        "id": {**STRING, "description": "The id of the record that was withdrawn."},
        "withdrawn_at": {**MOMENT, "description": "When the record was withdrawn."},
        "withdrawn_by": {**STRING, "description": "By whom."},
        "erased_at": {**MOMENT, "description": "When the record was erased."},
        "erased_by": {**STRING, "description": "By whom."},
        "reason": {**MAYBE, "description": "Why."},
        **{
            name: {"type": "integer", "minimum": 0, "description": f"Of many lines: how many were {name}."}
            for name in ("received", "created", "updated", "unchanged", "failed")
        },
        "errors_truncated": {"type": "boolean", "description": "Whether more lines failed than are listed."},
    },
}
_HASH: Json = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_EPOCH: Json = {
    "type": "string",
    "pattern": "^[0-9a-f]{16}$",
    "description": "Which history this is; restoring a backup begins another.",
}
_OPS = ["create", "update", "withdraw", "erase", "merge"]
CHANGE: Json = {
    "type": "object",
    "description": "One write, as the change feed tells of it.",
    "required": ["seq", "op", "type", "id", "version", "at", "sha256"],
    "properties": {
        "seq": {"type": "integer", "minimum": 1, "description": "Its place in the log."},
        "op": {"enum": _OPS, "description": "What was done."},
        "type": {"enum": [*PREFIXES], "description": "With what kind of record."},
        "id": {**STRING, "description": "With which record."},
        "version": {"type": "integer", "minimum": 1, "description": "The version that it has now."},
        "at": {**MOMENT, "description": "When."},
        "sha256": {
            **or_null(_HASH),
            "description": "The salted hash of that version's document; null where only that it went may be known.",
        },
    },
}


_QUOTA: Json = {
    "type": "object",
    "description": "How often the key, or without one the address, may ask; null where there is no limit.",
    "required": ["limit", "window", "remaining", "reset"],
    "properties": {
        "limit": {**COUNT, "description": "How many requests it may send in a window."},
        "window": {**COUNT, "description": "How long a window is, in seconds."},
        "remaining": {**COUNT, "description": "How many are left in this one."},
        "reset": {**COUNT, "description": "In how many seconds the next one begins."},
    },
}
VIEW: Json = {
    "type": "object",
    "description": "The members of a statement that were asked for (`fields`), whole records in place of references "
    "(`expand`), or what a search matched (`highlight`).",
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
            "additionalProperties": STRING,
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
            "properties": {"type": STRING, "title": STRING, "status": {"type": "integer"}, "detail": STRING},
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
                "name": STRING,
                "scopes": {"type": "array", "items": {"enum": [*SCOPES]}},
                "quota": or_null(_QUOTA),
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
                            "key": {**STRING, "description": "The id of a speaker or outlet, else the word itself."},
                            "label": {**STRING, "description": "What people call it."},
                            "count": {**COUNT, "description": "How many statements."},
                        },
                    },
                },
                "groups_total": {**COUNT, "description": "How many groups there are, listed or not."},
                "other": {**COUNT, "description": "How many statements are in the groups that are not listed."},
                "missing": {**COUNT, "description": "How many statements have no such value, or a coarser date."},
                "total": {**COUNT, "description": "How many statements match."},
            },
        },
    ),
    **verdicts.ANSWERS,
    "report": (
        "Report",
        {
            "type": "object",
            "description": "What became of the lines.",
            "required": ["received", "created", "updated", "unchanged", "failed", "errors", "errors_truncated"],
            "properties": {
                "received": {**COUNT, "description": "How many lines came."},
                "created": {**COUNT, "description": "How many made a record."},
                "updated": {**COUNT, "description": "How many changed one that was held."},
                "unchanged": {**COUNT, "description": "How many were held as they are, or were to be left out."},
                "failed": {**COUNT, "description": "How many were refused."},
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
            "required": ["changes", "last", "more", "epoch"],
            "properties": {
                "changes": {"type": "array", "items": {"$ref": "#/components/schemas/Change"}},
                "last": {**COUNT, "description": "What to send as `since` next."},
                "more": {"type": "boolean", "description": "Whether there are more already."},
                "epoch": _EPOCH,
            },
        },
    ),
    "log-head": (
        "LogHead",
        {
            "type": "object",
            "description": "Where the log ends; a later log extends it, or was changed.",
            "required": ["seq", "hash", "at", "epoch"],
            "properties": {
                "seq": {**COUNT, "description": "The newest entry's number; 0 of an empty log."},
                "hash": {**_HASH, "description": "Its link of the chain; zeros of an empty log."},
                "at": {"type": ["string", "null"], "format": "date-time", "description": "When it was written."},
                "epoch": _EPOCH,
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
                    name: shape if name in ("seq", "at", "sha256") else or_null(shape)
                    for name, shape in CHANGE["properties"].items()
                },
                "by": {**MAYBE, "description": "The name of the key that did it."},
                "note": {**MAYBE, "description": "Why, where that was said."},
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
