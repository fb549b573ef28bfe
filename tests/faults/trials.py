"""What all faults share: how often each is tried, what is noted of it, and how long something took."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.faults.load import Load, lost
from tests.servers import Server

# How much of everything: 1 takes some minutes.
SCALE = float(os.environ.get("ONRECORD_TEST_FAULTS_SCALE", "1"))
# With what the text of everything begins that is written besides the load.
BESIDES = "Besides"


class Missing(Exception):
    """Something that a fault needs is not on this machine; the message says what."""


@dataclass
class Result:
    """A row of the table."""

    fault: str
    database: str
    trials: int
    acknowledged: int
    lost: int
    seconds: float
    problems: list[str]


class Trial:
    """One fault on one database: what was tried, and what was wrong."""

    def __init__(self, url: str, folder: Path, until_the_end: ExitStack) -> None:
        # A folder of its own, in which `data` is empty but for the file of SQLite.
        self.url, self.folder, self.until_the_end = url, folder, until_the_end
        self.load, self.trials, self.problems = Load(), 0, list[str]()
        # What was acknowledged otherwise than to the load.
        self.acknowledged = 0

    def expect(self, true: bool, otherwise: str) -> None:
        """Note what is wrong."""
        if not true:
            self.problems.append(otherwise)

    def settle(self, server: Server) -> None:
        """Send again what had no answer, and compare all that is stored with what was said."""
        self.load.retry(server)
        self.problems += lost(self.load, server, besides=BESIDES)
        self.expect(not set(self.load.statuses) & {500}, "an answer of 500")


def times(count: int, least: int = 2) -> range:
    """Return how often something is tried, which is `count` at a scale of 1."""
    return range(max(least, round(count * SCALE)))


def refused(words: int = 1_000) -> dict[str, object]:
    """Return a document that a full disk has no room for, of so many words; chance alone is not compressed."""
    return {
        "kind": "quote",
        "text": f"{BESIDES}, a large one at {time.monotonic()}.",
        "speaker": "No One",
        "outlet": "None",
        "context": " ".join(secrets.token_hex(4) for _ in range(words)),
    }


def wait_for(true: Callable[[], bool], most: float = 20) -> float:
    """Return how many seconds it took until something came true, `most` or more if it did not."""
    began = time.monotonic()
    while not true() and time.monotonic() - began < most:
        time.sleep(0.05)
    return time.monotonic() - began
