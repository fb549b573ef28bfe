"""Bodies of many lines: their media types, how long they may be, and the answer that tells of each line."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

import orjson
from flask import Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from api.domain.core.errors import BadParameter, Unusable
from api.domain.importing import checks
from api.domain.importing.checks import Line
from api.domain.importing.outcomes import Outcome, Report
from api.domain.writing.repeats import Remembered
from api.formats.cutting import BadFile, cut
from api.formats.format import Reader
from api.formats.reading import read
from api.formats.registry import reading
from api.storage.db import Unavailable
from api.storage.places import Crowded, Places
from api.web import bodies, repeats

# What programs call a file of which they know no more; the form must be named beside these.
_ANY = (bodies.JSON, "application/octet-stream", "text/plain")
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
        with _place:
            yield
    except Crowded:
        raise Unavailable(
            "a large bulk is worked on", "Other large bodies are being worked on; nothing of this was.", again=_AGAIN
        ) from None


def parts(query: dict[str, Any]) -> Iterator[list[Line | Outcome]]:
    """Return the items of the request's body some at a time, checked when they are asked for.

    The format is the one that a validated query names, or else what the Content-Type says. Raises at once
    WrongMediaType, BadParameter for what is wrong with the file as a whole, and 413 for too many items.
    """
    formats, named = dict(reading()), query["format"]
    known = {media: each for each in formats for media in formats[each].known_by}
    form = next((each for each in formats if each.suffix == named), None)
    others = () if form is None else (*_ANY, *formats[form].taken)
    bodies.check_type(tuple(dict.fromkeys((*known, *others))))
    reads, body = formats[form or known[request.mimetype]], bodies.whole()
    options = {name: query[name] for name in reads.options}
    try:
        count = sum(1 for _ in islice(reads.reader(io.BytesIO(body), options).items(), MOST_LINES + 1))
    except BadFile as error:
        raise BadParameter([{"parameter": "", "code": "file", "detail": str(error)}]) from None
    if count > MOST_LINES:
        raise RequestEntityTooLarge(f"There are more than {MOST_LINES} lines; send them in parts.")
    return _checked(reads.reader(io.BytesIO(body), options))


def _checked(reader: Reader) -> Iterator[list[Line | Outcome]]:
    # Tells when nothing more is told of failures, of which those of writing come on top.
    failed = Report()
    for part in cut(reader.items(), _TOGETHER):
        found = []
        for item in part:
            found.append(each := checks.taken(read(reader, item), told=not failed.full))
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
