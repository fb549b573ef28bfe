"""Cursors: where a page begins, opaque to the client and bound to the filters that it was given for."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import orjson

from api.domain.errors import BadParameter
from api.domain.ids import is_id, is_time


def binding(*what: object) -> str:
    """Return what ties a cursor to one list: a hash of the list's name and filters."""
    return hashlib.blake2b(orjson.dumps(what, option=orjson.OPT_SORT_KEYS), digest_size=6).hexdigest()


def write(bound: str, last: int | str, id: str) -> str:
    """Return the cursor of the page after the record `id`, whose place in the order is `last`."""
    return base64.urlsafe_b64encode(orjson.dumps([bound, last, id])).decode().rstrip("=")


def read(cursor: str, bound: str, prefix: str, *, timed: bool) -> tuple[Any, str]:
    """Return `last` and `id` of a cursor; raises BadParameter where it is not ours or of another list.

    Whoever makes up a cursor must not get past what the columns hold: `last` is a time as we write it
    where the list is `timed`, otherwise a number of at most eight digits.
    """
    try:
        found, last, id = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        whole = is_id(id, prefix) and (is_time(last) if timed else type(last) is int and 0 <= last < 10**8)
    except (ValueError, TypeError, AttributeError):
        whole, found, last, id = False, None, None, ""
    if not whole:
        raise _bad("The cursor is not one that this service gave.")
    if found != bound:
        raise _bad("The cursor belongs to other filters; begin again without it.")
    return last, id


def _bad(detail: str) -> BadParameter:
    return BadParameter([{"parameter": "cursor", "code": "cursor", "detail": detail}])
