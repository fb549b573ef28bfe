"""Lines checked in several processes, which never see the database; whichever of them dies, somebody is told."""

from __future__ import annotations

import gc
import os
import pickle
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from queue import SimpleQueue

from api.domain.importing import checks
from api.domain.importing.checks import Line
from api.domain.importing.outcomes import Outcome
from api.formats.cutting import Item, cut
from api.formats.format import Reader
from api.formats.reading import read

# So many lines are checked at a time in each process, or fewer that are long.
_CHUNK = 250
# So many chunks are on their way at most: what is written next is checked while one transaction is written.
_AHEAD = 16
# How an answer begins.
_DONE, _FAILED = b"+", b"-"
Chunk = list[tuple[Item, Line | Outcome]]
_reader: Reader


class Died(Exception):
    """Lines could not be checked; the message says which, and why."""


@contextmanager
def checking(reader: Reader) -> Iterator[Callable[[Iterator[Item]], Iterator[Chunk]]]:
    """Give what checks records chunk by chunk, in order, in as many processes as there are processors; raises Died.

    They are forked before the database is opened. So many chunks are on their way at most, so that a file of any
    size takes no more memory than a small one.
    """
    global _reader
    _reader = reader
    count = os.cpu_count() or 1
    if count == 1:
        yield lambda records: (list(zip(chunk, _check(chunk), strict=True)) for chunk in cut(records, _CHUNK))
        return
    # All are forked before there is a thread.
    others = [_Checker() for _ in range(count)]
    pool = ThreadPoolExecutor(count)
    try:
        yield lambda records: _in_order(pool, _Free(others), records)
    finally:
        for each in others:
            each.end()
        pool.shutdown(cancel_futures=True)


class _Checker:
    """One of the other processes, with a connection that nobody else has.

    So its death is the end of what is read from it, in the midst of an answer, too. Of a pipe that several write to, as
    those of concurrent.futures, the rest of that answer would be waited for, while the others wait for their turn.
    """

    def __init__(self) -> None:
        context = get_context("fork")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, self._ours), daemon=True)
        self._process.start()
        theirs.close()

    def check(self, chunk: list[Item]) -> bytes:
        """Have lines checked; raises EOFError or OSError where the process is dead, RuntimeError for a failure."""
        self._ours.send_bytes(pickle.dumps(chunk))
        answer = self._ours.recv_bytes()
        if answer[:1] == _FAILED:
            raise RuntimeError(answer[1:].decode())
        return answer[1:]

    def end(self) -> None:
        """End the process, whatever it does."""
        self._process.terminate()
        self._process.join()
        self._ours.close()


class _Free:
    """The processes that have nothing to do, of which there is one for each thread that asks."""

    def __init__(self, checkers: list[_Checker]) -> None:
        self._waiting: SimpleQueue[_Checker] = SimpleQueue()
        for each in checkers:
            self._waiting.put(each)

    def check(self, chunk: list[Item]) -> bytes:
        """Have lines checked by one of them; raises as that does."""
        checker = self._waiting.get()
        try:
            return checker.check(chunk)
        except (EOFError, OSError):
            raise RuntimeError("the process that was to check them is dead") from None
        finally:
            self._waiting.put(checker)


def collect_seldom() -> None:
    """Look for garbage in circles, of which lines make hardly any, less often, and not among what was imported."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000)


def _in_order(pool: ThreadPoolExecutor, free: _Free, records: Iterator[Item]) -> Iterator[Chunk]:
    waiting: deque[tuple[list[Item], Future[bytes]]] = deque()
    for chunk in cut(records, _CHUNK):
        waiting.append((chunk, pool.submit(free.check, chunk)))
        if len(waiting) > _AHEAD:
            yield _paired(*waiting.popleft())
    while waiting:
        yield _paired(*waiting.popleft())


def _paired(chunk: list[Item], found: Future[bytes]) -> Chunk:
    try:
        return list(zip(chunk, pickle.loads(found.result()), strict=True))
    except Exception as error:
        # Whatever it is: nobody else would tell of it, and the lines before are stored.
        raise _died(chunk, error) from None


def _died(chunk: list[Item], error: Exception) -> Died:
    why = " ".join(f"{type(error).__name__}: {error}".split())[:500]
    return Died(f"Lines {chunk[0].number} to {chunk[-1].number} could not be checked ({why})")


# --- in the other processes ---


def _serve(connection: Connection, not_ours: Connection) -> None:
    """Check lines for as long as any come."""
    not_ours.close()
    # Who interrupts a command interrupts all its processes; this one ends with the one that writes.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # The one that writes is what the others wait for in the end, so it goes first where processors are few.
    os.nice(10)
    collect_seldom()
    with suppress(EOFError, OSError):
        while True:
            connection.send_bytes(_answer(pickle.loads(connection.recv_bytes())))


def _end_with_parent() -> None:
    """End when the one that writes has, even if it was killed: nobody else would end this process."""
    parent = parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)


def _check(chunk: list[Item]) -> list[Line | Outcome]:
    return [checks.taken(read(_reader, each)) for each in chunk]


def _answer(chunk: list[Item]) -> bytes:
    """Return what checking some lines gives, or why it failed, which may be of a kind that cannot be handed over."""
    try:
        return _DONE + pickle.dumps(_check(chunk))
    except Exception as error:
        return _FAILED + f"{type(error).__name__}: {error}".encode()
