"""Identifiers and the time: a prefix, `_`, and a UUIDv7 in 26 characters, so that ids sort by age."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from uuid_utils import uuid7

# Crockford's base32 in lower case (https://www.crockford.com/base32.html), five bits a character.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
_ID = re.compile(r"[a-z]{3}_[0-7][0-9a-hjkmnp-tv-z]{25}")


def new_id(prefix: str) -> str:
    """Return a fresh id such as `stm_01jd…`; later ones sort after earlier ones (RFC 9562, section 5.7)."""
    number = uuid7().int
    return f"{prefix}_" + "".join([_PAIRS[number >> shift & 1023] for shift in range(120, -1, -10)])


def is_id(text: str, prefix: str) -> bool:
    """Tell whether text has the form of an id with that prefix."""
    return text.startswith(prefix + "_") and _ID.fullmatch(text) is not None


def now() -> str:
    """Return the time as RFC 3339 in UTC with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def is_time(text: str) -> bool:
    """Tell whether text has the form that `now` writes."""
    return _TIME.fullmatch(text) is not None
