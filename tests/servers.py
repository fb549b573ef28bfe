"""Real servers for tests: `onrecord serve` as a process of its own, on a free port."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.starting import ROOT, starter

# How many seconds a command may take: large stores are looked through, too.
PATIENCE = 240
START = "from api.cli import main; main()"


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Return the body's JSON."""
        return json.loads(self.body)


@dataclass
class Server:
    """A running server and a way to ask it."""

    process: subprocess.Popen[bytes]
    port: int
    key: str
    log: Path
    headers: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, body: Any = None, *, timeout: float = 20, **headers: str) -> Answer:
        """Send one request on a connection of its own; raises OSError or HTTPException where none comes back.

        A body of bytes is sent as it is, any other as JSON.
        """
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)) as connection:
            sent = {"Content-Type": "application/json", **headers}
            if self.key:
                sent = {"Authorization": f"Bearer {self.key}", **sent}
            given = body if body is None or isinstance(body, bytes) else json.dumps(body)
            connection.request(method, path, given, sent)
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())

    def kill(self) -> None:
        """End it and its workers at once, as a power cut would."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def environment(database_url: str, **more: str) -> dict[str, str]:
    """Return the environment of a command on a database."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ONRECORD_")}
    return {**kept, "ONRECORD_DATABASE": database_url, **more}


def onrecord(database_url: str, *arguments: str, check: bool = True, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the command on a database and return what it printed."""
    given = environment(database_url, **more)
    if all(name.startswith("ONRECORD_") for name in more):
        done = starter().run(arguments, given, PATIENCE)
    else:
        # What Python itself or the system reads when it starts.
        command = [sys.executable, "-c", START, *arguments]
        done = subprocess.run(command, env=given, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)
    assert not check or done.returncode == 0, done.stderr
    return done


def free_port() -> int:
    """Return a port that nobody listens on."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(database_url: str, *arguments: str, key: str | None = None, **more: str) -> Iterator[Server]:
    """Start a server on a database and give it once it answers; it is gone afterwards."""
    if key is None:
        onrecord(database_url, "migrate")
        made = onrecord(database_url, "keys", "create", "--name", "tester", "--scope", "admin", "--json")
        key = json.loads(made.stdout)["key"]
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-c", START, "serve", "--port", str(port), *arguments],
                env=environment(database_url, **more),
                cwd=ROOT,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        server = Server(process, port, key, log)
        try:
            _wait(server)
            yield server
        finally:
            server.kill()


def _wait(server: Server) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with suppress(OSError, http.client.HTTPException):
            if server.ask("GET", "/readyz", timeout=2).status == 200:
                return
        if server.process.poll() is not None:
            break
        time.sleep(0.03)
    raise AssertionError(f"the server did not start: {server.log.read_text()[-2000:]}")


def until(told: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for something to come true."""
    deadline = time.monotonic() + seconds
    while not told():
        assert time.monotonic() < deadline, "it has not come true"
        time.sleep(0.05)
