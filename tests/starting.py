"""Commands as processes of their own that start at once: forked from one that has imported what they need.

A tenth of what a command of the tests does is its work; the rest is Python reading modules. So one process a test
worker imports them, opens nothing, and forks a child for each command, with the arguments, the environment and the
files that it is given. The child is a process like any other: it ends with its own status and can be killed.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[1]
_LONGEST_REQUEST = 2**20


class Starter:
    """The process that commands are forked from, as the tests see it."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # It ends when this process does, whichever way: then nobody has the other end of the socket.
        with theirs:
            clean = {name: value for name, value in os.environ.items() if not name.startswith("ONRECORD_")}
            command = [sys.executable, "-c", "from tests.starting import main; main()", str(theirs.fileno())]
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=clean, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL
            )

    def run(
        self, arguments: tuple[str, ...], environment: dict[str, str], timeout: float
    ) -> subprocess.CompletedProcess[str]:
        """Run the command to its end and return what it printed; raises TimeoutExpired, having killed it."""
        said, told = os.pipe()
        with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr, open(said, "rb", 0) as answer:
            with open(told, "wb", 0) as status:
                request = json.dumps([arguments, environment]).encode()
                socket.send_fds(self._socket, [request], [stdout.fileno(), stderr.fileno(), status.fileno()])
            pid = int(answer.readline())
            if not select.select([answer], [], [], timeout)[0]:
                os.kill(pid, signal.SIGKILL)
                raise subprocess.TimeoutExpired(list(arguments), timeout)
            code = int(answer.readline())
            stdout.seek(0)
            stderr.seek(0)
            return subprocess.CompletedProcess(list(arguments), code, _text(stdout.read()), _text(stderr.read()))


def _text(printed: bytes) -> str:
    """Return what subprocess makes of printed bytes when it is asked for text."""
    return printed.decode().replace("\r\n", "\n").replace("\r", "\n")


@cache
def starter() -> Starter:
    """Return the one of this test worker."""
    return Starter()


def main() -> None:
    """Fork a child for every request that comes; in the child, be the command."""
    from api.cli import COMMANDS

    for name in ("api.app", "psycopg", *(f"api.cli.{each}" for each in COMMANDS.values())):
        import_module(name)
    # What is there stays to the end; a collector that looks through it would copy its pages in every child.
    gc.collect()
    gc.freeze()
    # Nobody waits for those that wait for the commands.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(fileno=int(sys.argv[1])) as requests:
        while True:
            request, files, _, _ = socket.recv_fds(requests, _LONGEST_REQUEST, 3)
            if not request:
                return
            if os.fork() == 0:
                break
            for each in files:
                os.close(each)
    _command(*json.loads(request), *files)


def _command(arguments: list[str], environment: dict[str, str], stdout: int, stderr: int, status: int) -> None:
    """Be a command in a child, and in its parent wait and tell its process id and how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if pid := os.fork():
        os.write(status, b"%d\n" % pid)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        with suppress(BrokenPipeError):
            os.write(status, b"%d\n" % code)
        os._exit(0)
    os.close(status)
    os.dup2(stdout, 1)
    os.dup2(stderr, 2)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["onrecord", *arguments]
    from api.cli import main as onrecord

    # Its end is that of the interpreter, with all that Python does then.
    onrecord()
