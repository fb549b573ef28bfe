"""The query string, read strictly: every parameter known, none empty, all mistakes at once."""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote

from flask import request
from marshmallow import ValidationError

from api.domain.core.errors import BadParameter
from api.web import negotiation
from schemas.faults import problems
from schemas.queries import Query

MOST_PARAMETERS = 300
_IGNORED = "_"
_TRACKERS = "utm_"


def read(schema: Query, forms: tuple[str, ...] = (), suffix: str | None = None) -> dict[str, Any]:
    """Return the request's parameters as the schema loads them; raises BadParameter with all problems.

    Where the answer comes in several forms, the schema reads the chosen one as if `format=` had named it.
    """
    text = request.query_string
    given = _grouped(text) if text else {}
    try:
        if not forms:
            return dict(schema.load(given))
        named = given.get("format", [])
        chosen = negotiation.form(forms, suffix or (named[0] if named else None))
        if not given:
            return dict(_of_nothing(schema, chosen))
        if not named or (len(named) == 1 and named[0] in forms):
            given["format"] = [chosen]
        return dict(schema.load(given))
    except ValidationError as error:
        raise BadParameter([_as_parameter(each) for each in problems(error)]) from None


@cache
def _of_nothing(schema: Query, form: str) -> dict[str, Any]:
    """Return what it means to send no parameter, which is the same each time."""
    return dict(schema.load({"format": [form]}))


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
