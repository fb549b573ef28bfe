"""Bodies of many lines: their media types, how long they may be, and the answer that tells of each line."""

from __future__ import annotations

import io
from itertools import islice

import orjson
from flask import Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from api.domain.errors import BadParameter, Unusable
from api.domain.imports import Line
from api.domain.outcomes import Outcome, Report
from api.formats.importing import checked
from api.formats.lines import CSV, NDJSON, BadFile, Format
from api.web import bodies
from schemas.statements import StatementOut

MEDIA = {"application/x-ndjson": "ndjson", "application/ndjson": "ndjson", "text/csv": "csv"}
# What programs call a file of which they know no more; the form must be named beside these.
_ANY = ("text/plain", "application/octet-stream", bodies.JSON)
MOST_LINES = 10_000


def read(named: str | None, *, safe: bool) -> list[Line | Outcome]:
    """Return the lines of the request's body, checked; raises WrongMediaType, and 413 for too many.

    The form is the one that is `named`, or else what the Content-Type says.
    """
    bodies.check_type(
        tuple(MEDIA) if named is None else (*MEDIA, bodies.JSON, "application/octet-stream", "text/plain")
    )
    form = named or MEDIA[request.mimetype]
    file = io.BytesIO(bodies.whole())
    try:
        lines: Format = NDJSON(file) if form == "ndjson" else CSV(file, StatementOut, safe=safe)
        found = list(islice(lines.records(), MOST_LINES + 1))
    except BadFile as error:
        raise BadParameter([{"parameter": "", "code": "file", "detail": str(error)}]) from None
    if len(found) > MOST_LINES:
        raise RequestEntityTooLarge(f"There are more than {MOST_LINES} lines; send them in parts.")
    return [checked(lines, each) for each in found]


def answer(report: Report) -> Response:
    """Return the answer of a report: 200 where all went well, 207 where some did; raises Unusable where none did."""
    if report.failed and not report.created + report.updated + report.unchanged:
        facts = report.facts()
        facts["errors"] = [
            {**each, "pointer": "#", "code": "line", "detail": f"Line {each['line']} was refused."}
            for each in facts["errors"]
        ]
        raise Unusable("No line could be taken.", **facts)
    return Response(orjson.dumps(report.facts()), 207 if report.failed else 200, content_type=bodies.JSON)
