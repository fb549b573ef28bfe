"""Long polling: requests that wait for something to happen: so few at a time that the others still find a thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask import Flask, current_app

# Where nobody says how many threads there are.
_MOST = 4
_NAME = "onrecord.waiting"


class _Places:
    """The places of one process, and how it tells that it is about to end."""

    def __init__(self, most: int, stopping: Callable[[], bool]) -> None:
        self.free = threading.Semaphore(most)
        self.stopping = stopping


def make_places(app: Flask, most: int = _MOST, stopping: Callable[[], bool] = lambda: False) -> None:
    """Let at most so many requests of an app wait at a time; none of them any longer once it is `stopping`."""
    app.extensions[_NAME] = _Places(most, stopping)


@contextmanager
def place() -> Iterator[bool]:
    """Take a place to wait in, and give it back; False where all are taken, and the request is to be answered now."""
    free = _places().free
    taken = free.acquire(blocking=False)
    try:
        yield taken
    finally:
        if taken:
            free.release()


def stopping() -> bool:
    """Tell whether the process is about to end."""
    return _places().stopping()


def _places() -> _Places:
    places: _Places = current_app.extensions[_NAME]
    return places
