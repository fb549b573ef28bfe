"""The servers that are measured, as processes: the service itself, and bare Flask sending ready-made bytes."""

from __future__ import annotations

import os
import pickle
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from flask import Flask, Response, request

from benchmarks.load import fetch
from benchmarks.store import Store

ROOT = Path(__file__).parents[1]
WORKERS, THREADS = 2, 8
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Server:
    """A running server."""

    pid: int
    port: int

    @property
    def workers(self) -> list[int]:
        """The processes that answer."""
        return [int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]

    def cpu(self) -> float:
        """Return how many seconds of a processor the workers have used."""
        used = 0
        for pid in self.workers:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            used += int(fields[11]) + int(fields[12])
        return used / _TICKS

    def peak(self) -> float:
        """Return the most memory that a worker has held at a time, in MB."""
        return max(_peak(pid) for pid in self.workers)


def _peak(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


@contextmanager
def service(store: Store, *, wait: bool = True) -> Iterator[Server]:
    """Run `onrecord serve` on a store, as it is run in earnest."""
    command = [sys.executable, "-c", "from api.cli import main; main()", "serve"]
    options = ["--workers", str(WORKERS), "--threads", str(THREADS)]
    # Requests are counted as ever, which is part of the work, but nobody has to wait.
    limits = {f"ONRECORD_RATE_LIMIT{whose}": "1000000000/day" for whose in ("", "_ANONYMOUS")}
    with _running([*command, *options], ONRECORD_DATABASE=store.url, **limits) as server:
        if wait:
            _wait(server, "/readyz")
        yield server


@contextmanager
def bare(answers: dict[str, bytes]) -> Iterator[Server]:
    """Run bare Flask, under the same gunicorn settings, answering each path with ready-made bytes."""
    with tempfile.NamedTemporaryFile(suffix=".answers") as file:
        pickle.dump(answers, file)
        file.flush()
        with _running([sys.executable, "-m", "benchmarks.servers", file.name]) as server:
            _wait(server, next(iter(answers)))
            yield server


@contextmanager
def _running(command: list[str], **more: str) -> Iterator[Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ONRECORD_")}
    # A log that is kept, since writing it is part of the work.
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [*command, "--port", str(port)],
            env=kept | more,
            cwd=ROOT,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield Server(process.pid, port)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _wait(server: Server, path: str) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with suppress(OSError):
            if fetch(server.port, path)[0] == 200 and len(server.workers) == WORKERS:
                return
        time.sleep(0.02)
    raise RuntimeError(f"No answer from port {server.port}.")


def make_bare(answers: dict[str, bytes]) -> Flask:
    """Return a Flask application that does nothing but send what is ready."""
    app = Flask("bare", static_folder=None)

    @app.get("/<path:path>")
    def answer(path: str) -> Response:
        return Response(answers[request.environ["RAW_URI"]], content_type="application/json")

    return app


def main() -> None:
    """Serve the answers of a file that `bare` has written."""
    from api.cli.serving import _run

    file, _, port = sys.argv[1:]
    with open(file, "rb") as answers:
        _run(make_bare(pickle.load(answers)), "127.0.0.1", int(port), WORKERS, THREADS)


if __name__ == "__main__":
    main()
