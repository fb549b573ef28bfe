"""Deadlines, timeouts of Python's own work: until when a thread may work at a request, looked at wherever work may go
on for long.

Queries have a deadline of their own, and each of many is short; what is done with their rows in Python has none, and
nothing stops a thread from outside.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic


class TooLong(Exception):
    """The time of a request is over, and its work is given up."""


class _Here(threading.local):
    until = math.inf


_here = _Here()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Let this thread work for so many seconds; `math.inf` lets it take its time, whatever there was before."""
    before, _here.until = _here.until, monotonic() + seconds
    try:
        yield
    finally:
        _here.until = before


def look() -> None:
    """Raise TooLong where the time is over."""
    if monotonic() > _here.until:
        raise TooLong


def until() -> float:
    """Return when it is, by the monotonic clock."""
    return _here.until
