"""Rate-limit counters, in memory that all worker processes of a server share, so that a limit is exact across them.

The memory is made before the workers are forked, with room for a fixed number of clients: nobody can make it grow.
A client's name decides on a set of eight places; where all of them are taken, the one whose time is up first goes.
"""

from __future__ import annotations

import fcntl
import hashlib
import mmap
import os
import secrets
import struct
import tempfile
import threading
import time
import weakref

_WAYS = 8
_TAG = 16
_TAGS = _WAYS * _TAG
# When a client's time is up, by the clock that is the same in every process and never set; and its requests in it.
_TALLY = struct.Struct("=dQ")
_SET = _TAGS + _WAYS * _TALLY.size
# Room for 65,536 clients, in 2 MB.
SETS = 8192


class Tallies:
    """How often each client has asked in its present span of time."""

    def __init__(self, sets: int = SETS) -> None:
        self._sets = sets
        self._memory = mmap.mmap(-1, sets * _SET)
        # Nobody outside can choose names that fall into one set and push somebody else out of it.
        self._secret = secrets.token_bytes(16)
        # Locks of a file are let go of by the system when a process is killed, which those of a semaphore are not.
        # They keep processes apart, but not the threads of one.
        self._file = _nameless_file()
        # Not when the process ends, since its last threads may still be counting.
        weakref.finalize(self, os.close, self._file).atexit = False
        self._threads = threading.Lock()

    def tag(self, name: str) -> bytes:
        """Return what a client of that name is counted under: 128 bits, so that no two ever share a count."""
        return hashlib.blake2b(name.encode(errors="surrogateescape"), digest_size=_TAG, key=self._secret).digest()

    def count(self, tag: bytes, most: int, seconds: int) -> tuple[int, float]:
        """Count one more request where fewer than `most` were counted; a client's first one begins a span of time.

        Gives how many are left after this one, -1 where it is one too many, and in how many seconds the span ends.
        """
        place = self._set(tag)
        with self._threads:
            fcntl.lockf(self._file, fcntl.LOCK_EX, 1, place)
            try:
                return self._counted(place, tag, most, seconds)
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN, 1, place)

    def _counted(self, place: int, tag: bytes, most: int, seconds: int) -> tuple[int, float]:
        at = self._found(place, tag)
        now = time.monotonic()
        if at is None:
            # What was counted in this place was somebody else's.
            at, ends, used = self._freed(place, tag), 0.0, 0
        else:
            ends, used = _TALLY.unpack_from(self._memory, at)
        if ends <= now:
            ends, used = now + seconds, 0
        if used >= most:
            return -1, ends - now
        _TALLY.pack_into(self._memory, at, ends, used + 1)
        return most - used - 1, ends - now

    def used_up(self, tag: bytes, most: int) -> float:
        """Return in how many seconds a client may ask again; 0 where it may now. Nothing is counted."""
        at = self._found(self._set(tag), tag)
        if at is None:
            return 0
        ends, used = _TALLY.unpack_from(self._memory, at)
        return max(0.0, ends - time.monotonic()) if used >= most else 0

    def knows(self, tag: bytes) -> bool:
        """Tell whether a client has been counted, now or a while ago."""
        return self._found(self._set(tag), tag) is not None

    def forget(self, tag: bytes) -> None:
        """Give a client's place away, as if it had never asked."""
        place = self._set(tag)
        with self._threads:
            fcntl.lockf(self._file, fcntl.LOCK_EX, 1, place)
            try:
                at = self._found(place, tag)
                if at is not None:
                    self._name(place, (at - place - _TAGS) // _TALLY.size, bytes(_TAG))
                    _TALLY.pack_into(self._memory, at, 0, 0)
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN, 1, place)

    def _set(self, tag: bytes) -> int:
        return int.from_bytes(tag[:4], "big") % self._sets * _SET

    def _found(self, place: int, tag: bytes) -> int | None:
        """Return where a client's tally is, None where it has none."""
        way, rest = divmod(self._memory.find(tag, place, place + _TAGS) - place, _TAG)
        return None if rest or way < 0 else place + _TAGS + way * _TALLY.size

    def _freed(self, place: int, tag: bytes) -> int:
        """Return where the tally of a new client may be: for it, whoever's time is up first has to go."""
        ends = [_TALLY.unpack_from(self._memory, place + _TAGS + way * _TALLY.size)[0] for way in range(_WAYS)]
        way = ends.index(min(ends))
        self._name(place, way, tag)
        return place + _TAGS + way * _TALLY.size

    def _name(self, place: int, way: int, tag: bytes) -> None:
        self._memory[place + way * _TAG : place + (way + 1) * _TAG] = tag


def _nameless_file() -> int:
    # In memory where the system can, so that a full disk does not keep a server from starting.
    if hasattr(os, "memfd_create"):
        return os.memfd_create("onrecord-tallies")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
