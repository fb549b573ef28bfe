"""Chunked responses: lists sent whole, as they are read: at constant memory, and never looking complete when they
broke.
"""

from __future__ import annotations

import logging
import sys
import tempfile
import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import IO

from flask import Flask, Response, current_app, request
from werkzeug.wsgi import FileWrapper

from api.formats.format import Batch, Writer
from api.storage.db import Unavailable
from api.storage.store import current, use
from api.web import sending
from api.web.observing import request_id

log = logging.getLogger("onrecord")
# After how many seconds it may be worth asking again.
_AGAIN = 10
_NAME = "onrecord.streams"


@dataclass(frozen=True, slots=True)
class Stream:
    """Documents one a line, batch by batch as they are read; what writes them, and the type of what it makes."""

    batches: Generator[str, None, None]
    writer: Writer
    content_type: str


class _Begun:
    """The chunks of a stream, of which the first is made at once: what is wrong by then is answered as ever.

    A failure later goes on to the server, which breaks the connection off without the last chunk of HTTP/1.1's
    coding; by that a client knows that something is missing.
    """

    def __init__(self, stream: Stream, release: Callable[[], None] = lambda: None) -> None:
        self._batches, self._store = stream.batches, current()
        self._release: Callable[[], None] | None = release
        self._request_id = request_id()
        self._writer = stream.writer
        lines = next(self._batches, "")
        try:
            self._first = self._writer.begin() + self._writer.each(Batch(lines))
        except BaseException:
            self.close()
            raise

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield self._first
            while (lines := self._next()) is not None:
                yield self._writer.each(Batch(lines))
            # Whatever is to end it stands behind the last document, so that nothing else looks complete.
            if end := self._writer.end():
                yield end
        except Exception as error:
            log.error("a stream broke", exc_info=error, extra={"request_id": self._request_id})
            raise

    def _next(self) -> str | None:
        # Between two batches this thread may have worked for another application.
        use(self._store)
        return next(self._batches, None)

    def close(self) -> None:
        """End the transaction, however far it came; the server calls this also where the client has gone away."""
        use(self._store)
        try:
            self._batches.close()
        finally:
            # Once, however often it is closed.
            release, self._release = self._release, None
            if release:
                release()


def make_places(app: Flask, most: int = sys.maxsize) -> None:
    """Let at most so many streams of an app be sent at a time: each holds a thread and a snapshot while it lasts.

    Until a server says how many threads it has, that is as many as come.
    """
    app.extensions[_NAME] = threading.Semaphore(most)


def chunks(stream: Stream) -> Iterator[bytes]:
    """Yield the very bytes that a stream's answer has."""
    begun = _Begun(stream)
    try:
        yield from begun
    finally:
        begun.close()


def answer(stream: Stream, headers: dict[str, str]) -> Response:
    """Return the response that sends a stream; raises Unavailable where as many are sent as may be."""
    places: threading.Semaphore = current_app.extensions[_NAME]
    if not places.acquire(blocking=False):
        raise Unavailable("all places of streams are taken", "Too many lists are being sent whole.", again=_AGAIN)
    begun = _Begun(stream, places.release)
    content_type = stream.content_type
    if request.method == "HEAD":
        begun.close()
        return Response(iter(()), headers=headers, content_type=content_type)
    if request.environ.get("SERVER_PROTOCOL") == "HTTP/1.0":
        return _measured(begun, headers, content_type)
    sending.as_stream()
    return Response(begun, headers=headers, content_type=content_type)


def _measured(begun: _Begun, headers: dict[str, str], content_type: str) -> Response:
    """Return the same with its length, which is all by which a client of HTTP/1.0 can tell the end from a break."""
    file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
    try:
        for chunk in begun:
            file.write(chunk)
        length = file.tell()
        file.seek(0)
    except BaseException:
        file.close()
        raise
    finally:
        begun.close()
    return Response(
        FileWrapper(file, 2**16), headers={**headers, "Content-Length": str(length)}, content_type=content_type
    )
