"""Backpressure, for answers on their way: who takes one too slowly, or not at all, is cut off and keeps neither thread
nor snapshot.

A thread that sends waits until the client has taken enough of what was sent before. One more thread a process looks
several times a second at all that wait. Where one has waited too long it breaks the connection, by which the client can
tell that something is missing; what the answer held on to is given back by the thread that sent it.
"""

from __future__ import annotations

import logging
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from flask import Flask, Response, current_app, request

from api.storage import db as storage
from api.storage.store import current, use

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

# Sent at a time; and what the system may hold of a long answer, with which it lets a thread go on once a third of it is
# free. It counts what it needs besides, and so takes twice what it is told.
_PIECE, _BUFFER = 2**16, 2**17
# From this size on an answer is long; a shorter one fits into the buffers of both systems, or nearly.
LONG = 2**20
# How many seconds lie between two looks.
_TICK = 0.25
# What the database may keep for the sake of streams before slow ones must go, and how many seconds are slow then.
_BURDEN, _HURRY = 12 * 2**20, 0.5
# How many seconds a long answer waits for a place.
_PATIENCE = 0.2
_NAME, _STREAM = "onrecord.sending", "onrecord.stream"
log = logging.getLogger("onrecord")


class _Answer:
    """One answer: since when its thread waits for the client, 0 where it does not, and when it has to be done."""

    __slots__ = ("cut", "ends", "id", "since", "socket", "stream")

    def __init__(self, connection: socket.socket, ends: float, *, stream: bool, id: str) -> None:
        self.socket, self.ends, self.stream, self.id = connection, ends, stream, id
        self.since, self.cut = 0.0, False


class Watch:
    """The answers of one application on their way, from the store that is open when it is made.

    A client has to take so many bytes a second, and all within so many seconds.
    """

    def __init__(self, least_speed: int, longest: float) -> None:
        self._patience, self._longest = (_PIECE + 2 * _BUFFER) / least_speed, longest
        self._store = current()
        self._answers: set[_Answer] = set()
        self._lock = threading.Lock()
        self._looking = False

    def sent(self, environ: WSGIEnvironment, body: Iterable[bytes], id: str) -> Iterable[bytes]:
        """Return a body that is watched as it is sent; where no server says by which connection, the body itself."""
        connection = environ.get("gunicorn.socket")
        return body if connection is None else _Watched(self, environ, connection, body, id)

    def begin(self, connection: socket.socket, *, stream: bool, id: str) -> _Answer:
        """Watch an answer from now on."""
        answer = _Answer(connection, time.monotonic() + self._longest, stream=stream, id=id)
        with self._lock:
            self._answers.add(answer)
            if not self._looking:
                self._looking = True
                threading.Thread(target=self._look, name="sending", daemon=True).start()
        return answer

    def end(self, answer: _Answer) -> None:
        """Watch an answer no longer; its connection may serve for another by now."""
        with self._lock:
            self._answers.discard(answer)

    def _look(self) -> None:
        use(self._store)
        while True:
            time.sleep(_TICK)
            with self._lock:
                hurried = any(each.stream for each in self._answers) and storage.burden() > _BURDEN
                for each in self._answers:
                    if not each.cut and self._overdue(each, hurried=hurried):
                        _cut(each)

    def _overdue(self, answer: _Answer, *, hurried: bool) -> bool:
        now = time.monotonic()
        patience = min(_HURRY, self._patience) if hurried and answer.stream else self._patience
        return now > answer.ends or (answer.since > 0 and now - answer.since > patience)


def _cut(answer: _Answer) -> None:
    """Break a connection; whoever waits for it gets an error."""
    answer.cut = True
    with suppress(OSError):
        # What the client has not taken is not kept for it when the connection is closed.
        answer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        answer.socket.shutdown(socket.SHUT_RDWR)
    log.warning("an answer was taken too slowly", extra={"request_id": answer.id, "stream": answer.stream})


class _Watched:
    """A body in pieces, of which it is known since when each is on its way."""

    def __init__(
        self, watch: Watch, environ: WSGIEnvironment, connection: socket.socket, body: Iterable[bytes], id: str
    ) -> None:
        self._watch, self._environ, self._connection, self._body, self._id = watch, environ, connection, body, id
        self._answer: _Answer | None = None

    def __iter__(self) -> Iterator[bytes]:
        stream = _STREAM in self._environ
        answer = self._answer = self._watch.begin(self._connection, stream=stream, id=self._id)
        for chunk in self._body:
            if stream or len(chunk) > LONG:
                with suppress(OSError):
                    self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
            for at in range(0, len(chunk), _PIECE):
                answer.since = time.monotonic()
                yield chunk if len(chunk) <= _PIECE else chunk[at : at + _PIECE]
                answer.since = 0.0
        # What tells the end of a stream is still to be sent.
        answer.since = time.monotonic()

    def close(self) -> None:
        """End it, however far it came; the server calls this also where the client has gone away."""
        if self._answer:
            self._watch.end(self._answer)
        close: Callable[[], None] | None = getattr(self._body, "close", None)
        if close:
            close()


class _Sending:
    """The watch of an app, and the places for its long answers."""

    def __init__(self, watch: Watch) -> None:
        self.watch, self.places = watch, threading.Semaphore(sys.maxsize)


def watch(app: Flask, least_speed: int, longest: float) -> None:
    """Have the answers of an app watched: so many bytes a second at least, so many seconds at most."""
    app.extensions[_NAME] = _Sending(Watch(least_speed, longest))


def of(app: Flask) -> Watch:
    """Return what watches the answers of an app."""
    found: _Sending = app.extensions[_NAME]
    return found.watch


def make_places(app: Flask, most: int) -> None:
    """Let at most so many long answers of an app be sent at a time."""
    app.extensions[_NAME].places = threading.Semaphore(most)


def as_stream() -> None:
    """Note that the answer to this request comes as it is read, from one snapshot."""
    request.environ[_STREAM] = True


def admit(answer: Response) -> Response:
    """Give a long answer a place until it is sent; raises Unavailable where all are taken."""
    if request.method == "HEAD" or (answer.content_length or 0) < LONG:
        return answer
    places: threading.Semaphore = current_app.extensions[_NAME].places
    if not places.acquire(timeout=_PATIENCE):
        raise storage.Unavailable(
            "too many long answers", "Too many long answers are being sent. Ask for less at a time."
        )
    answer.call_on_close(places.release)
    return answer
