"""Many statements at once, killed in the middle: what is written together is there as a whole or not at all.

A body that is not atomic is written in parts, so that of a long one some parts may be there; sent again with its
key, it goes on behind them.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from tests.conftest import statement
from tests.faults.load import BROKEN, side_by_side
from tests.faults.trials import BESIDES, SCALE, Trial, times, wait_for
from tests.servers import ROOT, Server, environment, onrecord, serving

# Lines of a request that is written at once, of one that is written in parts, of an import, and the steps in which one
# of those is wrong.
TOGETHER, IN_PARTS, LINES, WRONG = 60, 700, 100_000, 100


# --- requests of many lines ----------------------------------------------------------------------------------


@dataclass
class Bulk:
    """A request of many lines: which of them are right, and whether one that is wrong refuses them all."""

    number: int
    atomic: bool
    wrong: bool
    # The answer's status and report, once there is one that is no 5xx.
    status: int = 0
    report: Any = None

    @property
    def count(self) -> int:
        """How many lines it has."""
        return TOGETHER if self.atomic or self.wrong else IN_PARTS

    def lines(self) -> bytes:
        """Return the body."""
        made = [
            statement(text=f"{BESIDES} {self.number} {line}.", speaker=f"S {line % 5}") for line in range(self.count)
        ]
        if self.wrong:
            made[self.count // 2]["kind"] = "quot"
        return "".join(json.dumps(each) + "\n" for each in made).encode()

    def expected(self) -> int:
        """Return how many lines are there once it was answered."""
        return 0 if self.atomic and self.wrong else self.count - self.wrong

    def send(self, server: Server) -> None:
        """Send it, always with the same key, and note the answer."""
        path = f"/v1/statements/bulk?atomic={str(self.atomic).lower()}"
        headers = {"Idempotency-Key": f"bulk-{self.number}", "Content-Type": "application/x-ndjson"}
        try:
            answer = server.ask("POST", path, self.lines(), timeout=60, **headers)
        except BROKEN:
            return
        if answer.status < 500:
            self.status, self.report = answer.status, answer.json


@dataclass
class Bulks:
    """Writers who send one such request after the other."""

    sent: list[Bulk] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count)
    _stopped: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self, server: Server, writers: int) -> Iterator[None]:
        """Let writers write while the inside runs."""
        with side_by_side(partial(self._write, server), writers, self._stopped):
            yield

    def _write(self, server: Server) -> None:
        while not self._stopped.is_set():
            number = next(self._numbers)
            bulk = Bulk(number, atomic=number % 2 == 0, wrong=number % 4 < 2)
            self.sent.append(bulk)
            bulk.send(server)
            if bulk.status == 0:
                time.sleep(0.01)


def bulk_killed(trial: Trial) -> None:
    """SIGKILL of the whole server while requests of many lines come in."""
    key, bulks, chance = None, Bulks(), random.Random(3)
    head = trial.folder / "head.json"
    for number in times(20, 3):
        with serving(trial.url, key=key) as server:
            key = server.key
            halves(trial, bulks, server)
            if not number:
                bulks.sent.append(Bulk(next(bulks._numbers), atomic=False, wrong=False))
                bulks.sent[-1].send(server)
                onrecord(trial.url, "verify", "--save-head", str(head))
            with bulks.running(server, 4):
                time.sleep(chance.uniform(0.2, 1.2))
                server.kill()
        trial.trials += 1
    with serving(trial.url, key=key) as server:
        halves(trial, bulks, server)
    trial.acknowledged = sum(each.expected() for each in bulks.sent if each.status in (200, 207))
    verified(trial, head)


def halves(trial: Trial, bulks: Bulks, server: Server) -> None:
    """Compare what is stored with what was answered; then send again what had no answer, and compare once more."""
    before = stored(server)
    for each in bulks.sent:
        there = before[each.number]
        whole = there in (0, each.expected()) or each.count == IN_PARTS
        trial.expect(whole, f"half a batch: {there} lines of {each.number}")
        trial.expect(not each.status or there == each.expected(), f"lost: {each.number} was answered {each.status}")
    for each in [each for each in bulks.sent if not each.status]:
        each.send(server)
        created = (each.report or {}).get("created", 0)
        trial.expect(created == each.expected(), f"{each.number} was answered {each.status} with {created} created")
    after = stored(server)
    for each in bulks.sent:
        trial.expect(after[each.number] == each.expected(), f"changed: {after[each.number]} lines of {each.number}")
    trial.expect(set(after) <= {each.number for each in bulks.sent}, "something was never sent")


def stored(server: Server) -> Counter[int]:
    """Return how many lines of each request are stored; raises AssertionError where one is there twice."""
    texts = [json.loads(line)["text"] for line in everything(server)]
    assert len(texts) == len(set(texts)), "a line is there twice"
    return Counter(int(text.split()[1]) for text in texts)


def everything(server: Server) -> list[bytes]:
    """Return all statements, a line each."""
    return server.ask("GET", "/v1/statements.ndjson", timeout=300).body.splitlines()


# --- a file --------------------------------------------------------------------------------------------------


def import_killed(trial: Trial) -> None:
    """SIGKILL of an import of a large file, and of the server that others write to meanwhile; then it is run again."""
    lines = max(20_000, round(LINES * SCALE))
    wrong = [number for number in range(1, lines + 1) if number % WRONG == 7]
    file, head = trial.folder / "wire.ndjson", trial.folder / "head.json"
    rejects = Path(f"{file}.rejects.ndjson")
    write_file(file, lines, set(wrong))
    key, chance, parts = None, random.Random(5), set[int]()
    for _ in times(6, 3):
        with serving(trial.url, key=key) as server:
            key = server.key
            trial.settle(server)
            if not head.exists():
                with trial.load.running(server, 2):
                    time.sleep(0.3)
                onrecord(trial.url, "verify", "--save-head", str(head))
            parts.add(len(begun_parts(trial, server, set(wrong))))
            importing = begin(trial.url, file)
            with trial.load.running(server, 2):
                in_the_middle(importing, rejects)
                time.sleep(chance.uniform(0, 1))
                kill(importing)
                server.kill()
        trial.expect(not left(importing.pid), "processes of an import that was killed are left")
        trial.trials += 1
    importing = begin(trial.url, file)
    printed, _ = importing.communicate(timeout=600)
    told = json.loads(printed)
    # It may have been done before it was killed.
    told = told["before"] or told
    with serving(trial.url, key=key) as server:
        trial.settle(server)
        numbers = sorted(begun_parts(trial, server, set(wrong)))
    right = [number for number in range(1, lines + 1) if number % WRONG != 7]
    trial.expect(any(0 < part < len(right) for part in parts), f"never killed in the middle: {parts}")
    trial.expect(len(numbers) == len(set(numbers)), "twice: a line of the file")
    trial.expect(sorted(set(numbers)) == right, f"lost: of {len(right)} lines {len(set(numbers))} are there")
    counts = (told["received"], told["created"], told["failed"])
    trial.expect(counts == (lines, len(right), len(wrong)), f"it was told {told}")
    rejected = [json.loads(line)["line"] for line in rejects.read_text().splitlines()]
    trial.expect(rejected == wrong, "the rejects are not the lines that are wrong, each once, in their order")
    trial.acknowledged = len(right)
    verified(trial, head)


def write_file(file: Path, lines: int, wrong: set[int]) -> None:
    """Write a file of statements, some of them wrong."""
    with file.open("w") as output:
        for number in range(1, lines + 1):
            kind = "quot" if number in wrong else "quote"
            made = statement(kind=kind, text=f"{BESIDES} {number}.", speaker=f"Speaker {number % 997}")
            output.write(json.dumps(made) + "\n")


def begin(url: str, file: Path) -> subprocess.Popen[bytes]:
    """Begin an import."""
    return subprocess.Popen(
        [sys.executable, "-c", "from api.cli import main; main()", "import", "--json", str(file)],
        env=environment(url),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def in_the_middle(importing: subprocess.Popen[bytes], rejects: Path) -> None:
    """Wait until an import has written down lines that are wrong, as it does with each part, or is over."""
    before = rejects.stat().st_size if rejects.exists() else 0
    while importing.poll() is None and (not rejects.exists() or rejects.stat().st_size <= before):
        time.sleep(0.01)


def kill(importing: subprocess.Popen[bytes]) -> None:
    """Kill the process that imports, alone, as a lack of memory would; those that it began have to notice."""
    importing.send_signal(signal.SIGKILL)
    importing.wait()
    if importing.stdout:
        importing.stdout.close()


def left(session: int) -> list[int]:
    """Return which processes of a session are left, having given them a moment, and end them."""
    wait_for(lambda: not _of_session(session), most=0.5)
    found = _of_session(session)
    for each in found:
        os.kill(each, signal.SIGKILL)
    return found


def _of_session(session: int) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(folder.name))
    return found


def begun_parts(trial: Trial, server: Server, wrong: set[int]) -> list[int]:
    """Return which lines of the file are stored; they have to be all that are right up to one of them."""
    texts = [json.loads(line)["text"] for line in everything(server)]
    numbers = [int(text.split()[1][:-1]) for text in texts if text.startswith(BESIDES)]
    last = max(numbers, default=0)
    expected = [number for number in range(1, last + 1) if number not in wrong]
    trial.expect(sorted(numbers) == expected, f"half a batch: {len(numbers)} lines of the first {last}")
    return numbers


def verified(trial: Trial, head: Path) -> None:
    """Expect that what was there at the beginning is still at the beginning of the log, and everything is right."""
    done = onrecord(trial.url, "verify", "--head", str(head), check=False)
    trial.expect(done.returncode == 0, f"onrecord verify finds something: {done.stdout[-500:]}")
