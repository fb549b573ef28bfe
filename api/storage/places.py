"""A semaphore that notices a standstill: how many of a process's threads may work at the database at a time, so that
some are left when it stands still.

A thread that waits for a slow or locked database serves nobody. As long as places become free, whoever finds them
taken waits for one; once none has for a while, they are refused at once, and can be told to come again.
"""

from __future__ import annotations

import sys
import threading
from contextlib import AbstractContextManager
from time import monotonic


class Crowded(Exception):
    """All places are taken, and none has become free for a while."""


class _Here(threading.local):
    depth = 0


class Places(AbstractContextManager[None]):
    """So many places, one a thread however often it enters.

    `patience` is how many seconds may go by without any being taken or coming free.
    """

    def __init__(self, most: int = sys.maxsize, patience: float = 1.0) -> None:
        self.most, self.patience = most, patience
        self._taken, self._waiting, self._moved = 0, 0, monotonic()
        self._lock = threading.Lock()
        self._free = threading.Condition(self._lock)
        self._here = _Here()

    def __enter__(self) -> None:
        """Take a place; raises Crowded."""
        if not self._here.depth:
            # Plain numbers under a plain lock, since every query comes through here.
            with self._lock:
                if self._taken >= self.most:
                    self._wait()
                self._taken += 1
                self._moved = monotonic()
        self._here.depth += 1

    def _wait(self) -> None:
        self._waiting += 1
        try:
            while self._taken >= self.most:
                left = self._moved + self.patience - monotonic()
                if left <= 0:
                    raise Crowded(f"{self._taken} threads have waited for the database for {self.patience:g} s or more")
                self._free.wait(left)
        finally:
            self._waiting -= 1

    def __exit__(self, *error: object) -> None:
        """Give the place back."""
        self._here.depth -= 1
        if self._here.depth:
            return
        with self._lock:
            self._taken -= 1
            self._moved = monotonic()
            if self._waiting:
                self._free.notify()
