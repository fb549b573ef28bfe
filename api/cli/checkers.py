"""Lines checked in several processes, which never see the database; whichever of them dies, somebody is told."""

from __future__ import annotations

import gc
import os
import pickle
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import connection, get_context, parent_process

from api.domain.importing import imports
from api.domain.importing.imports import Line
from api.domain.importing.outcomes import Outcome
from api.formats.cutting import Item, cut
from api.formats.format import Reader
from api.formats.reading import read

# So many lines are checked at a time in each process, or fewer that are long.
_CHUNK = 250
# So many chunks are on their way at most: what is written next is checked while one transaction is written.
_AHEAD = 16
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
    pool = ProcessPoolExecutor(count, get_context("fork"), _begin)
    try:
        # With the first that is asked of them all are forked.
        pool.submit(_nothing).result()
        yield lambda records: _in_order(pool, records)
    finally:
        pool.shutdown(cancel_futures=True)


def collect_seldom() -> None:
    """Look for garbage in circles, of which lines make hardly any, less often, and not among what was imported."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000)


def _in_order(pool: ProcessPoolExecutor, records: Iterator[Item]) -> Iterator[Chunk]:
    waiting: deque[tuple[list[Item], Future[bytes]]] = deque()
    for chunk in cut(records, _CHUNK):
        try:
            waiting.append((chunk, pool.submit(_handed_over, chunk)))
        except Exception as error:
            raise _died(chunk, error) from None
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


def _begin() -> None:
    # Who interrupts a command interrupts all its processes; this one ends with the one that writes.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # The one that writes is what the others wait for in the end, so it goes first where processors are few.
    os.nice(10)
    collect_seldom()


def _end_with_parent() -> None:
    """End when the one that writes has, even if it was killed: nobody else would end this process."""
    parent = parent_process()
    assert parent is not None
    connection.wait([parent.sentinel])
    os._exit(1)


def _nothing() -> None:
    """Have the processes begin."""


def _check(chunk: list[Item]) -> list[Line | Outcome]:
    return [imports.taken(read(_reader, each)) for each in chunk]


def _handed_over(chunk: list[Item]) -> bytes:
    """Return what checking some lines gives, as another process takes it over.

    The pool would read it in a thread of its own, for which the one that writes would have to wait each time.
    """
    try:
        return pickle.dumps(_check(chunk))
    except Exception as error:
        # What is raised here may be of a kind that cannot be handed over.
        raise RuntimeError(f"{type(error).__name__}: {error}") from None
