"""Writers who keep a server busy and note what it told them, and the question afterwards whether all of it is true."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.conftest import statement
from tests.servers import Server

# What ends a connection, or keeps it from beginning.
BROKEN = (OSError, http.client.HTTPException)


@dataclass
class Load:
    """What some writers were told."""

    # By the words that were sent: the body of the answer, which is the record.
    acknowledged: dict[str, bytes] = field(default_factory=dict)
    # Sent, with no answer, or one that says that it was not done: by their words, the Idempotency-Key.
    open: dict[str, str] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    statuses: list[int] = field(default_factory=list)
    # By status, the newest body that is no record.
    said: dict[int, bytes] = field(default_factory=dict)
    server: Server | None = None
    _numbers: Iterator[int] = field(default_factory=count)
    _stopped: threading.Event = field(default_factory=threading.Event)

    def write(self) -> None:
        """Record statements until told to stop, waiting a little where nobody answers."""
        while not self._stopped.is_set():
            number = next(self._numbers)
            words, key = f"Words number {number}.", f"load-{number}"
            document = statement(text=words, speaker=f"Speaker {number % 7}", external_id=words)
            self.open[words] = key
            self._note(words, self._send(document, key))

    def _send(self, document: dict[str, Any], key: str) -> tuple[int, bytes]:
        assert self.server is not None
        try:
            answer = self.server.ask("POST", "/v1/statements", document, **{"Idempotency-Key": key})
        except BROKEN:
            time.sleep(0.01)
            return 0, b""
        if answer.status == 503:
            time.sleep(0.05)
        return answer.status, answer.body

    def _note(self, words: str, answer: tuple[int, bytes]) -> None:
        status, body = answer
        self.statuses.append(status)
        if status == 201:
            self.acknowledged[words] = body
            self.open.pop(words)
            return
        self.said[status] = body
        if 400 <= status < 500:
            self.refused.add(words)
            self.open.pop(words)

    @contextmanager
    def running(self, server: Server, writers: int = 4) -> Iterator[None]:
        """Let writers write while the inside runs."""
        self.server = server
        with side_by_side(self.write, writers, self._stopped):
            yield

    def retry(self, server: Server) -> None:
        """Send again, with the same key, what had no answer; it must be there exactly once afterwards."""
        self.server = server
        for words, key in list(self.open.items()):
            number = int(key.removeprefix("load-"))
            document = statement(text=words, speaker=f"Speaker {number % 7}", external_id=words)
            before = by_words(server, words)
            answer = server.ask("POST", "/v1/statements", document, **{"Idempotency-Key": key})
            assert answer.status == 201, answer.body
            if before:
                assert json.loads(answer.body)["id"] == before[0]["id"], words
            self._note(words, (answer.status, answer.body))


@contextmanager
def side_by_side(write: Callable[[], None], writers: int, stopped: threading.Event) -> Iterator[None]:
    """Let so many threads write until the inside is done; `stopped` tells them."""
    stopped.clear()
    threads = [threading.Thread(target=write) for _ in range(writers)]
    for each in threads:
        each.start()
    try:
        yield
    finally:
        stopped.set()
        for each in threads:
            each.join(60)


def by_words(server: Server, words: str) -> list[dict[str, Any]]:
    """Return the records with an external id, which is their words."""
    found = server.ask("GET", f"/v1/statements?external_id={words.replace(' ', '%20')}").json["data"]
    return list(found)


def lost(load: Load, server: Server, *, besides: str = "Besides") -> list[str]:
    """Return what was acknowledged and is not there as it was answered, or is there without reason, or twice.

    What begins with the words of `besides` somebody else has written, and is left out.
    """
    lines = server.ask("GET", "/v1/statements.ndjson", timeout=120).body.split(b"\n")
    stored: dict[str, bytes] = {}
    wrong = []
    for line in filter(None, lines):
        words = json.loads(line)["text"]
        if words.startswith(besides):
            continue
        if words in stored:
            wrong.append(f"twice: {words}")
        stored[words] = line
    wrong += [f"lost: {words}" for words in load.acknowledged if words not in stored]
    wrong += [f"refused and stored: {words}" for words in load.refused if words in stored]
    wrong += [f"never sent: {words}" for words in stored if words not in load.acknowledged and words not in load.open]
    wrong += [
        f"changed: {words}"
        for words, body in load.acknowledged.items()
        if words in stored and json.loads(body) != json.loads(stored[words])
    ]
    return wrong
