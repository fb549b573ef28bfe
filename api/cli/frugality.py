"""Frugality (memory trimming, short turns): what a worker does so that heavy requests neither keep the others waiting
nor leave it large.
"""

from __future__ import annotations

import ctypes
import gc
import resource
import sys
import threading
import time
from contextlib import suppress
from itertools import count
from pathlib import Path

from api.storage import db as storage

# A thread that works in Python hands over after so many seconds if others want to. By Python's own 5 ms several that
# work would have an answer which needs nothing wait for a quarter of a second: it asks for its turn several times.
_TURN = 0.001
_PAGE = resource.getpagesize()
# Of glibc's memory (malloc.h): in how many parts it is kept, of which it makes one for nearly every thread by itself.
_ARENA_MAX, _ARENAS = -8, 2
# How often is looked whether there is memory to give back: where so much more is held than after the last time, or at
# each of so many looks where so much more is held than at rest.
_EVERY, _WORTH, _AGAIN = 1.0, 16 * 2**20, 5


def begin() -> None:
    """Make this process frugal, before it has threads."""
    sys.setswitchinterval(_TURN)
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(_ARENA_MAX, _ARENAS)
        if Path("/proc/self/statm").exists():
            threading.Thread(target=_give_back, args=(library,), name="frugality", daemon=True).start()


def _give_back(library: ctypes.CDLL) -> None:
    """Give memory back to the system that is free after much was used; glibc keeps it where it lies in pieces."""
    resting = last = _held()
    for look in count(1):
        time.sleep(_EVERY)
        held = _held()
        resting = min(resting, held)
        if held > last + _WORTH or (held > resting + _WORTH and look % _AGAIN == 0):
            # What a failure has held hangs together in circles, above all the rows of a query that was broken off.
            gc.collect()
            library.malloc_trim(0)
            last = _held()
            if last > resting + _WORTH:
                storage.want_memory()


def _held() -> int:
    """Return how many bytes of memory this process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE
