"""Bodies of many lines: their media types, how long they may be, and the answer that tells of each line."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice

import orjson
from flask import Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from api.domain.core.errors import BadParameter, Unusable
from api.domain.importing.imports import Line
from api.domain.importing.outcomes import Outcome, Report
from api.domain.writing.repeats import Remembered
from api.formats.cutting import cut
from api.formats.importing import checked
from api.formats.lines import CSV, NDJSON, BadFile, Format
from api.storage.db import Unavailable
from api.storage.places import Crowded, Places
from api.web import bodies, repeats
from schemas.statements import StatementOut

MEDIA = {"application/x-ndjson": "ndjson", "application/ndjson": "ndjson", "text/csv": "csv"}
# What programs call a file of which they know no more; the form must be named beside these.
_ANY = ("text/plain", "application/octet-stream", bodies.JSON)
MOST_LINES = 10_000
# So many are checked, and then written, while nobody else writes; fewer of those that are long.
_TOGETHER = 250
# A body of more bytes is large: a process works on one of them at a time, since Python would do two no sooner, and a
# second one waits so many seconds for the first. After so many more it is worth sending it again.
_LARGE = 1 << 20
_PATIENCE, _AGAIN = 2.0, 10
_place = Places(1, _PATIENCE)


@contextmanager
def turn() -> Iterator[None]:
    """Have a large body wait until no other is worked on; raises Unavailable where that takes long."""
    if len(bodies.whole()) <= _LARGE:
        yield
        return
    try:
        _place.__enter__()
    except Crowded:
        raise Unavailable(
            "a large bulk is worked on", "Other large bodies are being worked on; nothing of this was.", again=_AGAIN
        ) from None
    try:
        yield
    finally:
        _place.__exit__()


def parts(named: str | None, *, safe: bool) -> Iterator[list[Line | Outcome]]:
    """Return the lines of the request's body some at a time, checked when they are asked for.

    The form is the one that is `named`, or else what the Content-Type says. Raises at once WrongMediaType, BadParameter
    for what is wrong with the file as a whole, and 413 for too many lines.
    """
    bodies.check_type(
        tuple(MEDIA) if named is None else (*MEDIA, bodies.JSON, "application/octet-stream", "text/plain")
    )
    form, body = named or MEDIA[request.mimetype], bodies.whole()

    def lines() -> Format:
        file = io.BytesIO(body)
        return NDJSON(file) if form == "ndjson" else CSV(file, StatementOut, safe=safe)

    try:
        count = sum(1 for _ in islice(lines().records(), MOST_LINES + 1))
    except BadFile as error:
        raise BadParameter([{"parameter": "", "code": "file", "detail": str(error)}]) from None
    if count > MOST_LINES:
        raise RequestEntityTooLarge(f"There are more than {MOST_LINES} lines; send them in parts.")
    return _checked(lines())


def _checked(lines: Format) -> Iterator[list[Line | Outcome]]:
    # Tells when nothing more is told of failures, of which those of writing come on top.
    failed = Report()
    for part in cut(lines.records(), _TOGETHER):
        found = []
        for raw in part:
            found.append(each := checked(lines, raw, told=not failed.full))
            if isinstance(each, Outcome):
                failed.add(each)
        yield found


def remembered(report: Report) -> Remembered | None:
    """Return the answer of a report as it is remembered, None where no line could be taken."""
    return repeats.memory(_response(report)) if report.taken or not report.failed else None


def answer(report: Report | Remembered) -> Response:
    """Return the answer that was given before, or that of a report: 200 where all went well, 207 where some did; raises
    Unusable where none did.
    """
    if isinstance(report, Remembered):
        return repeats.replayed(report)
    if report.failed and not report.taken:
        facts = report.facts()
        facts["errors"] = [
            {**each, "pointer": "#", "code": "line", "detail": f"Line {each['line']} was refused."}
            for each in facts["errors"]
        ]
        raise Unusable("No line could be taken.", **facts)
    return _response(report)


def _response(report: Report) -> Response:
    return Response(orjson.dumps(report.facts()), 207 if report.failed else 200, content_type=bodies.JSON)
