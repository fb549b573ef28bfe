"""What is answered where a request cannot be carried out (RFC 9457), and what became of many lines."""

from __future__ import annotations

from schemas.answers import Answer, count, many, maybe, one
from schemas.base import OpenSchema
from schemas.fields import Plain, Timestamp, Whether
from schemas.numbers import Integer

# How many lines of a report came to what.
COUNTED = ("received", "created", "updated", "unchanged", "failed")


class CandidateOut(OpenSchema):
    """A record that an ambiguous name may mean."""

    id = Plain(required=True)
    name = Plain(required=True)
    type = Plain(required=True)


class FaultOut(OpenSchema):
    """One thing that is wrong, and where."""

    pointer = maybe(Plain("Its place in the document: a JSON Pointer as a URI fragment.", required=True))
    parameter = maybe(Plain("Or the parameter of the query string.", required=True))
    code = Plain("What is wrong, as a word for programs.", required=True)
    detail = Plain("What is wrong, as a sentence for people.", required=True)
    candidates = maybe(many(CandidateOut, "The records that an ambiguous name may mean."))


class ExistingOut(OpenSchema):
    """The record that another would clash with, or that stands for it."""

    id = Plain(required=True)
    url = Plain(required=True)


class ProblemOut(Answer):
    """What went wrong (RFC 9457)."""

    class Meta(Answer.Meta):
        include = {
            "type": Plain("A page about this type of problem.", required=True, format="uri-reference"),
            "title": Plain("The type of problem in a few words.", required=True),
            "status": Integer("The status, once more.", least=308, most=599, required=True),
            "detail": Plain("What went wrong this time.", required=True),
            "instance": Plain("The path of the request.", required=True),
            "request_id": Plain("Finds the request in the service's log.").sent(),
            "errors": maybe(many(FaultOut, "Everything that is wrong, all at once.")),
            "existing": maybe(
                one(
                    ExistingOut,
                    "The record that a new one would clash with, or that stands for the one that was asked for.",
                )
            ),
            "current_version": maybe(count("The version that the record is at.", least=1)),
            "id": maybe(Plain("The id of the record that was withdrawn.", required=True)),
            "withdrawn_at": maybe(Timestamp("When the record was withdrawn.", required=True)),
            "withdrawn_by": maybe(Plain("By whom.", required=True)),
            "erased_at": maybe(Timestamp("When the record was erased.", required=True)),
            "erased_by": maybe(Plain("By whom.", required=True)),
            "reason": maybe(Plain("Why.")),
            **{name: maybe(count(f"Of many lines: how many were {name}.")) for name in COUNTED},
            "errors_truncated": maybe(Whether("Whether more lines failed than are listed.", required=True)),
        }

    example = {
        "type": "/problems/invalid",
        "title": "Invalid document",
        "status": 422,
        "detail": "1 problem found.",
        "instance": "/v1/statements",
        "request_id": "5f0c2a1e9b7d4c36",
        "errors": [{"pointer": "#/kind", "code": "required", "detail": "This field is required."}],
    }


class ProblemTypeOut(Answer):
    """What a type of problem means."""

    type = Plain(required=True)
    title = Plain(required=True)
    status = Integer(required=True, most=None)
    detail = Plain(required=True)

    example = {
        "type": "/problems/not-found",
        "title": "Not found",
        "status": 404,
        "detail": "Nothing is at this address, or nothing that this reader may know of.",
    }


class RefusedLineOut(OpenSchema):
    """A line that was refused, and why."""

    line = count("Where it begins.", least=1)
    status = Integer("What it alone would be answered.", most=None, required=True)
    errors = many(FaultOut, "All that is wrong.")


class ReportOut(Answer):
    """What became of the lines."""

    received = count("How many lines came.")
    created = count("How many made a record.")
    updated = count("How many changed one that was held.")
    unchanged = count("How many were held as they are, or were to be left out.")
    failed = count("How many were refused.")
    errors = many(RefusedLineOut, "The first hundred of these.", most=100)
    errors_truncated = Whether("Whether more were refused than are listed.", required=True)

    example = {
        "received": 2,
        "created": 1,
        "updated": 0,
        "unchanged": 0,
        "failed": 1,
        "errors": [
            {
                "line": 2,
                "status": 422,
                "errors": [{"pointer": "#/kind", "code": "required", "detail": "This field is required."}],
            }
        ],
        "errors_truncated": False,
    }
