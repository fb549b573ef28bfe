"""Running a function in a process of its own, so that no connection, cache or thread of one measures in another."""

from __future__ import annotations

from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
_fork = get_context("fork")


def apart(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function in a process of its own and return what it returns; raises what it raises."""
    return together([lambda: function(*args, **kwargs)])[0]


def together(functions: list[Callable[[], T]]) -> list[T]:
    """Call several functions at the same time, each in a process of its own."""
    running = []
    for function in functions:
        ours, theirs = _fork.Pipe(duplex=False)
        process = _fork.Process(target=_call, args=(function, theirs), daemon=True)
        process.start()
        theirs.close()
        running.append((process, ours))
    found = [ours.recv() for _, ours in running]
    for process, _ in running:
        process.join()
    for each in found:
        if isinstance(each, Exception):
            raise each
    return found


def _call(function: Callable[[], T], pipe: Connection) -> None:
    try:
        pipe.send(function())
    except Exception as error:
        pipe.send(error)
