"""A fair lock, taking turns at writing an SQLite file, in this process and among those of one machine.

SQLite's own wait for its lock is a sleep that grows to a tenth of a second, after which whoever comes just then goes
first; among several writers some wait ten times as long as others. Here the threads of a process queue up, and the
first of each process stands in a line of two: whoever holds the line's end is next, and cannot be overtaken by the
one that has just finished. SQLite's lock stays what keeps the file safe; this only decides who asks for it.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from time import monotonic

# The seconds between two tries for a file's lock, of which there is no waiting with an end: a tenth of what a write
# takes at first, then as rarely as does not matter for one that waits long.
_SHORT, _LONG, _OFTEN = 0.0002, 0.002, 100


class TooMany(Exception):
    """The turn did not come in time."""


class Turns:
    """The queue of those who write one file."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._begin()

    def _begin(self) -> None:
        self._process, self._mine = os.getpid(), threading.Lock()
        self._files: list[int] = []

    @contextmanager
    def turn(self, seconds: float) -> Iterator[float]:
        """Wait for one's turn, and give the seconds that are left of those given; raises TooMany."""
        if self._process != os.getpid():
            # Whoever is forked shares its parent's locks of open files, and would keep nobody out.
            self._begin()
        until, mine = monotonic() + seconds, self._mine
        if not mine.acquire(timeout=seconds):
            raise TooMany
        try:
            with self._alone(until):
                yield max(until - monotonic(), 0.001)
        finally:
            mine.release()

    @contextmanager
    def _alone(self, until: float) -> Iterator[None]:
        """Hold the machine's turn. A folder that takes no new files has nobody who writes either."""
        if not (self._files or self._open()):
            yield
            return
        line, turn = self._files
        _take(line, until)
        try:
            _take(turn, until)
        finally:
            fcntl.flock(line, fcntl.LOCK_UN)
        try:
            yield
        finally:
            fcntl.flock(turn, fcntl.LOCK_UN)

    def _open(self) -> bool:
        names = (f"{self._path}.line", f"{self._path}.turn")
        with ExitStack() as opened:
            for name in names:
                try:
                    # The files stay: one that is made anew would be locked beside the old.
                    file = os.open(name, os.O_RDWR | os.O_CREAT, 0o666)
                except OSError:
                    self._files.clear()
                    return False
                opened.callback(os.close, file)
                self._files.append(file)
            weakref.finalize(self, opened.pop_all().close)
        return True


def _take(file: int, until: float) -> None:
    tries = 0
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if monotonic() > until:
                raise TooMany from None
            tries += 1
            time.sleep(_SHORT if tries < _OFTEN else _LONG)
        else:
            return
