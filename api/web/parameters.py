"""The query string, read strictly: every parameter known, none empty, all mistakes at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, unquote

from flask import request
from marshmallow import ValidationError

from api.domain.core.errors import BadParameter
from api.formats.format import Format
from api.web import negotiation
from api.web.forms import Form, Formats, split
from schemas.faults import problems
from schemas.queries import Query

MOST_PARAMETERS = 300
_IGNORED = "_"
_TRACKERS = "utm_"


def read(schema: Query) -> dict[str, Any]:
    """Return the request's parameters as the schema loads them; raises BadParameter with all problems."""
    with _told():
        return dict(schema.load(_given()))


def read_with_form(schema: Query, formats: Formats, suffix: str | None = None) -> tuple[dict[str, Any], Form]:
    """Return the same without what is about the form of the answer alone, and that form.

    The schema, which is that of an address with several forms, reads the chosen one as if `format=` had named it.
    """
    given = _given()
    named = given.get("format", [])
    chosen = negotiation.form(formats, suffix or (named[0] if named else None))
    with _told():
        if not given:
            query, form = _of_nothing(schema, formats, chosen)
            return dict(query), form
        if not named or (len(named) == 1 and any(named[0] == each.suffix for each in formats)):
            given["format"] = [chosen.suffix]
        return split(dict(schema.load(given)), formats)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except ValidationError as error:
        raise BadParameter([_as_parameter(each) for each in problems(error)]) from None


@lru_cache(maxsize=200)
def _of_nothing(schema: Query, formats: Formats, chosen: Format) -> tuple[dict[str, Any], Form]:
    """Return what it means to send no parameter, which is the same each time."""
    return split(dict(schema.load({"format": [chosen.suffix]})), formats)


def _given() -> dict[str, list[str]]:
    return _grouped(request.query_string) if request.query_string else {}


def _grouped(text: bytes) -> dict[str, list[str]]:
    try:
        pairs = parse_qsl(text.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS)
    except UnicodeDecodeError:
        raise _bad("encoding", "The query string is not UTF-8 in percent encoding.") from None
    except ValueError:
        raise _bad("length", f"There may be at most {MOST_PARAMETERS} parameters.") from None
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        if name != _IGNORED and not name.startswith(_TRACKERS):
            values.setdefault(name, []).append(value)
    return values


def _as_parameter(problem: dict[str, str]) -> dict[str, str]:
    # A pointer without steps stands for the whole query string, or for a name too long to be repeated.
    step = problem["pointer"].removeprefix("#").removeprefix("/").split("/")[0]
    name = unquote(step).replace("~1", "/").replace("~0", "~")
    return {"parameter": name, "code": problem["code"], "detail": problem["detail"]}


def _bad(code: str, detail: str) -> BadParameter:
    return BadParameter([{"parameter": "", "code": code, "detail": detail}])
