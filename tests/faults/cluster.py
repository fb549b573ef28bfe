"""A PostgreSQL server of one's own, to be stopped, killed and started again; it keeps what it wrote."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.databases import NoPostgres, answers, find_binaries, free_port, server_account

# Safe against a power cut, as in the field; small, so that its end is reached.
OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "on",
    "synchronous_commit": "on",
    "max_connections": "40",
    "superuser_reserved_connections": "3",
}


class Cluster:
    """A server that can be ended in every way and started again; its files are in `data` and its log is in `log`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.binaries, self.account = find_binaries(), server_account()
        (folder / "data").mkdir()
        self.process: subprocess.Popen[bytes] | None = None
        self._own(folder)

    def _own(self, folder: Path) -> None:
        if self.account:
            os.chown(folder, self.account.pw_uid, self.account.pw_gid)

    def make(self, *, log_outside: bool = False) -> None:
        """Make a new database, its log in the same folder or beside it."""
        self._own(self.folder / "data")
        self._finish(
            *("initdb", "--pgdata=data", "--username=keeper", "--auth=trust"),
            *("--encoding=UTF8", "--locale=C", "--no-sync"),
            *([f"--waldir={self.folder / 'log'}"] if log_outside else []),
        )

    def follow(self, primary: Cluster) -> None:
        """Become a copy of another that runs, and its standby once started; what was here is gone."""
        shutil.rmtree(self.folder / "data")
        self._finish(
            *("pg_basebackup", "--pgdata=data", "--host=127.0.0.1", f"--port={primary.port}", "--username=keeper"),
            *("--write-recovery-conf", "--checkpoint=fast", "--no-sync"),
        )

    def _finish(self, program: str, *arguments: str) -> None:
        # Some of them may be linked to from elsewhere, not all.
        folders = (self.binaries, (self.binaries / "postgres").resolve().parent)
        found = shutil.which(program, path=os.pathsep.join(map(str, folders)))
        if found is None:
            raise NoPostgres(f"there is no {program}")
        with self._run(found, *arguments) as running:
            assert running.wait(60) == 0, f"{program} failed"

    def _run(self, *command: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env={"PATH": os.defpath, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            user=self.account.pw_uid if self.account else None,
            group=self.account.pw_gid if self.account else None,
            extra_groups=[] if self.account else None,
        )

    def url(self, name: str = "postgres", user: str = "keeper") -> str:
        """Return the address of a database of it."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{name}"

    def start(self, **options: str) -> None:
        """Start it, on what it had, and wait until it answers."""
        given = [f"--{name}={value}" for name, value in ({**OPTIONS, "port": str(self.port)} | options).items()]
        self.process = self._run(str(self.binaries / "postgres"), "-D", "data", *given)
        deadline = time.monotonic() + 30
        while not answers(self.url()):
            assert self.process.poll() is None, "the server ended"
            assert time.monotonic() < deadline, "the server does not answer"
            time.sleep(0.05)

    def runs(self) -> bool:
        """Tell whether it has not ended, by itself or otherwise."""
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        """End it at once, its sessions too, without a checkpoint."""
        self._end(signal.SIGQUIT)

    def kill(self) -> None:
        """Kill its first process; the others notice and end."""
        self._end(signal.SIGKILL)
        # What the first process had locked is free only once its children are gone.
        deadline = time.monotonic() + 20
        while self._session() and time.monotonic() < deadline:
            time.sleep(0.02)

    def _session(self) -> list[int]:
        assert self.process is not None
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                if int(fields[3]) == self.process.pid and fields[0] != "Z":
                    found.append(int(folder.name))
        return found

    def _end(self, how: signal.Signals) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(20)


@contextmanager
def cluster(make: Callable[[Cluster], object] = Cluster.make) -> Iterator[Cluster]:
    """Make a server, its database as `make` does it, which is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="onrecord-faults-", dir="/tmp"))
    made: Cluster | None = None
    try:
        made = Cluster(folder)
        make(made)
        yield made
    finally:
        if made:
            made.stop()
        shutil.rmtree(folder, ignore_errors=True)
