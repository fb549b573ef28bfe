"""A folder that was read-only when the server started, after a kill, and is writable later.

What was acknowledged is read at every moment, and every connection writes again without a restart.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import pytest

from tests.conftest import statement
from tests.servers import Server, onrecord, serving, until

HELD = 40


class Folder:
    """A folder seen through a mount of its own, which can be made read-only and writable."""

    def __init__(self, path: Path) -> None:
        self.real, self.seen = path / "real", path / "seen"
        self.url = f"sqlite:///{self.seen}/onrecord.db"

    def mount(self, *how: str) -> bool:
        """Mount it, or mount it otherwise; tell whether that could be done."""
        return subprocess.run(["mount", *how], check=False, capture_output=True).returncode == 0

    def may(self, what: str) -> None:
        """Have it read only, `ro`, or written, `rw`; who was killed may still have it open for a moment."""
        until(lambda: self.mount("-o", f"remount,{what},bind", str(self.seen)))


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    """A folder that can be made read-only, even for root."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount")
    found = Folder(tmp_path)
    found.real.mkdir()
    found.seen.mkdir()
    if not shutil.which("mount") or not found.mount("--bind", str(found.real), str(found.seen)):
        pytest.skip("nothing can be mounted here")
    yield found
    subprocess.run(["umount", "--lazy", str(found.seen)], check=False)


def total(server: Server) -> int:
    """Return how many statements are read."""
    answer = server.ask("GET", "/v1/statements?count=exact&limit=1")
    assert answer.status == 200, answer.body
    return int(answer.json["total"])


def write(server: Server, number: int) -> int:
    """Record one statement and return the status."""
    return server.ask("POST", "/v1/statements", statement(text=f"Statement number {number}.")).status


@contextmanager
def reading(server: Server, written: list[int]) -> Iterator[list[str]]:
    """Read all the while from several threads; give what was read and should not have been."""
    wrong: list[str] = []
    over = threading.Event()

    def read() -> None:
        while not over.is_set():
            before = len(written)
            answer = server.ask("GET", "/v1/statements?count=exact&limit=1")
            if answer.status != 200:
                wrong.append(f"{answer.status} {answer.json['detail']}")
            elif answer.json["total"] < before:
                wrong.append(f"{answer.json['total']} of {before}")

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    try:
        yield wrong
    finally:
        over.set()
        for reader in readers:
            reader.join()


def remove(*suffixes: str) -> Callable[[Folder], None]:
    """Return what removes files beside the database."""
    return lambda folder: [(folder.real / f"onrecord.db{each}").unlink() for each in suffixes] and None


def end_cleanly(folder: Folder) -> None:
    """Have the log in the file, as the last who closes it leaves it."""
    onrecord(folder.url, "keys", "list")
    assert not (folder.real / "onrecord.db-wal").exists()


@pytest.mark.thorough
@pytest.mark.parametrize(
    "beside", [remove(), remove("-shm"), end_cleanly], ids=["log and its index", "log alone", "nothing"]
)
def test_started_read_only_it_reads_all_and_writes_on_every_connection_later(
    folder: Folder, beside: Callable[[Folder], None]
) -> None:
    written, numbers = [], count(1)
    with serving(folder.url) as server:
        written += [number for number in range(HELD) if write(server, next(numbers)) == 201]
        key = server.key
        server.kill()
    assert (folder.real / "onrecord.db-wal").stat().st_size
    beside(folder)
    folder.may("ro")
    with serving(folder.url, "--workers", "2", "--threads", "4", key=key) as server:
        with ThreadPoolExecutor(8) as several:
            with reading(server, written) as wrong:
                assert set(several.map(lambda _: write(server, next(numbers)), range(24))) == {503}
                assert {total(server) for _ in range(8)} == {HELD}
                stream = server.ask("GET", "/v1/statements.ndjson")
                assert len(stream.body.splitlines()) == HELD
                folder.may("rw")
                until(lambda: write(server, next(numbers)) == 201, 5)
                written.append(0)
                for _ in range(10):
                    statuses = list(several.map(lambda _: write(server, next(numbers)), range(10)))
                    assert statuses == [201] * 10
                    written += statuses
            assert wrong == []
        assert total(server) == len(written)
        # Another who works with the file and closes it takes nothing away from under the server.
        onrecord(folder.url, "keys", "list")
        assert {write(server, next(numbers)) for _ in range(8)} == {201}
        server.kill()
    with serving(folder.url, key=key) as server:
        assert total(server) == len(written) + 8
    assert onrecord(folder.url, "verify").returncode == 0


def test_a_stream_that_began_while_it_was_read_only_does_not_keep_writes_waiting(folder: Folder) -> None:
    with serving(folder.url) as server:
        # More than the system takes off a server's hands for a client that does not read.
        for number in range(300):
            document = statement(text=f"Statement number {number}.", context=f"{number} " + "long " * 1900)
            assert server.ask("POST", "/v1/statements", document).status == 201
        key = server.key
        server.kill()
    folder.may("ro")
    with serving(folder.url, "--workers", "1", key=key) as server, slow_stream(server):
        assert write(server, 1000) == 503
        folder.may("rw")
        begun = time.monotonic()
        until(lambda: write(server, next(NUMBERS)) == 201, 15)
        assert {write(server, next(NUMBERS)) for _ in range(16)} == {201}, time.monotonic() - begun


NUMBERS = count(2000)


@contextmanager
def slow_stream(server: Server) -> Iterator[None]:
    """Have a client that takes its time over a stream."""
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request("GET", "/v1/statements.ndjson", headers={"Authorization": f"Bearer {server.key}"})
    answer = connection.getresponse()
    over = threading.Event()

    def read() -> None:
        with suppress(OSError, http.client.HTTPException, ValueError):
            while not over.wait(0.02) and answer.read(20_000):
                pass

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield
    finally:
        over.set()
        reader.join()
        connection.close()
