"""Cursors of keyset pagination: where a page begins, opaque to the client and bound to the filters that it was given
for.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import orjson

from api.domain.core.errors import BadParameter
from api.domain.core.ids import is_id, is_time

_BYTES = 6


def binding(*what: object) -> str:
    """Return what ties a cursor to one list: a hash of the list's name and filters."""
    return hashlib.blake2b(orjson.dumps(what, option=orjson.OPT_SORT_KEYS), digest_size=_BYTES).hexdigest()


def write(bound: str, phase: int, last: int | str, id: str) -> str:
    """Return the cursor of the page after the record `id`, whose place in its phase of the list is `last`."""
    return base64.urlsafe_b64encode(orjson.dumps([bound, phase, last, id])).decode().rstrip("=")


def read(cursor: str, bound: str, prefix: str, *, phases: int = 1, timed: bool = False) -> tuple[int, Any, str]:
    """Return phase, place and id of a cursor; raises BadParameter where it is not ours or of another list.

    Whoever makes up a cursor must not get past what the columns hold, so its parts are checked one by one:
    the list has so many phases, and its places are times where it is `timed`, else numbers.
    """
    try:
        found, phase, last, id = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        placed = is_time(last) if timed else type(last) is int and 0 <= last < 2**62
        whole = placed and type(phase) is int and 0 <= phase < phases and _names(id, prefix)
    except (ValueError, TypeError, AttributeError):
        whole, found, phase, last, id = False, None, 0, None, ""
    if not whole:
        raise _bad("The cursor is not one that this service gave.")
    if not _alike(found, bound):
        raise _bad("The cursor belongs to other filters; begin again without it.")
    return phase, last, id


def _alike(found: object, bound: str) -> bool:
    """Tell whether two bindings are the same in one of their parts, each of which says the whole in its own way."""
    size = 2 * _BYTES
    if not isinstance(found, str) or len(found) != len(bound):
        return False
    return any(found[at : at + size] == bound[at : at + size] for at in range(0, len(bound), size))


def _names(id: str, prefix: str) -> bool:
    """Tell whether this is the id of a record, or of a part of one: a full stop and three digits more."""
    record, dot, part = id.partition(".")
    return is_id(record, prefix) and (not dot or (len(part) == 3 and part.isascii() and part.isdigit()))


def _bad(detail: str) -> BadParameter:
    return BadParameter([{"parameter": "cursor", "code": "cursor", "detail": detail}])
