"""JSON read strictly: what no honest encoder writes is refused, and what is deeper or larger than any document."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from api.domain.core.errors import Invalid
from schemas.faults import echo

DEEPEST = 32
MOST_VALUES = 25_000
LONGEST_NUMBER = 400


class BadJSON(Exception):
    """Bytes that are not JSON, or that no honest encoder writes; the message says what and where."""


def parse(data: bytes) -> Any:
    """Return the value of JSON text in UTF-8; a byte order mark in front is let pass (RFC 8259, section 8.1).

    Raises BadJSON for anything else, including what Python's parser would take: duplicate keys, NaN,
    numbers beyond a double, nesting over 32.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadJSON(f"The body is not UTF-8: byte {error.start + 1} does not fit.") from None
    if not text.strip():
        raise BadJSON("The body is empty; send a JSON object.")
    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_float, parse_int=_int
        )
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise BadJSON(f"The body is not JSON: {error.msg[:1].lower()}{error.msg[1:]} at {where}.") from None
    except RecursionError:
        raise _too_deep() from None
    _check_shape(value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise BadJSON(f"The key {echo(twice)!r} stands twice in one object.")
    return members


def _constant(word: str) -> NoReturn:
    raise BadJSON(f"{word} is not JSON; leave the member out or send null.")


def _float(text: str) -> float:
    value = float(text) if len(text) <= LONGEST_NUMBER else float("inf")
    if value in (float("inf"), float("-inf")):
        raise BadJSON(f"The number {echo(text)} is larger than a number can be.")
    return value


def _int(text: str) -> int:
    if len(text) > LONGEST_NUMBER:
        raise BadJSON(f"The number {echo(text)} has {len(text)} digits.")
    return int(text)


def _check_shape(value: Any) -> None:
    """Refuse what is nested too deep, or holds more values than any document has use for.

    The second bounds the time that checking the rest can take, whatever it is that a client sends.
    """
    level, depth, values = [value], 0, 1
    while containers := [each for each in level if isinstance(each, (dict, list))]:
        depth += 1
        if depth > DEEPEST:
            raise _too_deep()
        level = []
        for each in containers:
            level.extend(each.values() if isinstance(each, dict) else each)
        values += len(level)
        if values > MOST_VALUES:
            detail = f"The document holds more than {MOST_VALUES} values."
            raise Invalid([{"pointer": "#", "code": "length", "detail": detail}])


def _too_deep() -> BadJSON:
    return BadJSON(f"The JSON is nested more than {DEEPEST} levels deep.")
