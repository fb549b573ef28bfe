"""Disks that fail to write: where syncing fails, a file may not grow, or the database server's disk is full."""

from __future__ import annotations

import resource
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psycopg

from tests.faults import disks
from tests.faults.cluster import Cluster, cluster
from tests.faults.trials import Missing, Trial, refused, times, wait_for
from tests.servers import Server, onrecord, serving

# Loaded into a server before anything else: while a file lies there, to sync any other fails as on a broken disk.
SHIM = r"""
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static int broken(void) {
    const char *sign = getenv("BROKEN_DISK");
    return sign && access(sign, F_OK) == 0;
}

static int answer(long number, int file) {
    if (broken()) {
        errno = EIO;
        return -1;
    }
    return (int) syscall(number, file);
}

int fsync(int file) { return answer(SYS_fsync, file); }
int fdatasync(int file) { return answer(SYS_fdatasync, file); }
"""


def sync_fails(trial: Trial) -> None:
    """Errors of input and output at fsync, and none any more; the server is then killed, and what it kept is read."""
    sign = trial.folder / "broken"
    more = {"LD_PRELOAD": str(shim(trial.folder)), "BROKEN_DISK": str(sign)}
    with serving(trial.url, **more) as server:
        for _ in times(10):
            with trial.load.running(server, 4):
                time.sleep(0.3)
                sign.touch()
                noticed(trial)
            refuses(trial, server, "disk")
            sign.unlink()
            writes_again(trial, server)
            trial.trials += 1
        trial.expect(set(trial.load.statuses) <= {201, 503}, f"answers of {set(trial.load.statuses)}")
        server.kill()
    with serving(trial.url, key=server.key) as server:
        trial.settle(server)
    trial.expect(onrecord(trial.url, "verify", check=False).returncode == 0, "onrecord verify finds something")


def shim(folder: Path) -> Path:
    """Compile the library that breaks syncing; raises Missing without a compiler."""
    if shutil.which("cc") is None:
        raise Missing("there is no compiler, cc")
    source, library = folder / "shim.c", folder / "shim.so"
    source.write_text(SHIM)
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(source)], check=True)
    return library


def file_limited(trial: Trial) -> None:
    """A limit to the size of a file (RLIMIT_FSIZE), and none any more."""
    with serving(trial.url) as server:
        for _ in times(10):
            with trial.load.running(server, 4):
                time.sleep(0.3)
                with limited(server, (trial.folder / "data" / "onrecord.db-wal").stat().st_size):
                    noticed(trial)
                    refuses(trial, server, "disk")
                writes_again(trial, server)
            trial.trials += 1
        trial.expect(set(trial.load.statuses) <= {201, 503}, f"answers of {set(trial.load.statuses)}")
        trial.settle(server)
    trial.expect(onrecord(trial.url, "verify", check=False).returncode == 0, "onrecord verify finds something")


@contextmanager
def limited(server: Server, most: int) -> Iterator[None]:
    """Let no file of a server grow beyond so many bytes while the inside runs."""
    limit = resource.RLIMIT_FSIZE
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    for each in children:
        resource.prlimit(int(each), limit, (most, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        for each in children:
            resource.prlimit(int(each), limit, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def database_full(trial: Trial) -> None:
    """PostgreSQL's disk full and freed, with its write-ahead log on another: it goes on, and so does the server."""
    with small_cluster(120, log_outside=True) as own, serving(own.url()) as server:
        for _ in times(5):
            disks.fill(own.folder / "data")
            with trial.load.running(server, 8):
                noticed(trial)
            refuses(trial, server, "room")
            trial.expect(own.runs(), "PostgreSQL has ended")
            disks.free(own.folder / "data")
            writes_again(trial, server)
            trial.trials += 1
        ends_well(trial, own, server)


def database_log_full(trial: Trial) -> None:
    """The disk of PostgreSQL's write-ahead log full, at which it ends itself; freed, and started again."""
    with small_cluster(160, **GROWING) as own, serving(own.url()) as server:
        for _ in times(5):
            disks.fill(own.folder / "data")
            with trial.load.running(server, 8):
                write_log(own)
                noticed(trial)
                read = {server.ask("GET", "/v1/statements?limit=5").status for _ in range(8)}
                trial.expect(read <= {200, 503}, f"reading was answered {read}")
            disks.free(own.folder / "data")
            if not own.runs():
                own.start(**LITTLE_LOG | GROWING)
            writes_again(trial, server)
            trial.trials += 1
        ends_well(trial, own, server)


def ends_well(trial: Trial, own: Cluster, server: Server) -> None:
    """Expect that writes were taken or told to come again, that none was lost, and that all is as it was written."""
    trial.expect(set(trial.load.statuses) <= {201, 503}, f"answers of {set(trial.load.statuses)}")
    trial.settle(server)
    trial.expect(onrecord(own.url(), "verify", check=False).returncode == 0, "onrecord verify finds something")


def write_log(own: Cluster) -> None:
    """Write to a log until there is no room for more of it."""
    with suppress(psycopg.Error), psycopg.connect(own.url(), autocommit=True) as admin:
        for _ in range(1_000):
            admin.execute("SELECT pg_logical_emit_message(true, 'fill', repeat('x', 1000000))")


# Of PostgreSQL's write-ahead log: so that a small disk holds it, and so that its files are not used again in time.
LITTLE_LOG = {"min_wal_size": "32MB", "max_wal_size": "48MB"}
GROWING = {"max_wal_size": "1GB"}


@contextmanager
def small_cluster(megabytes: int, *, log_outside: bool = False, **options: str) -> Iterator[Cluster]:
    """Run a PostgreSQL server whose files are on a small disk."""

    with ExitStack() as mounted:

        def make(own: Cluster) -> None:
            mounted.enter_context(disks.small(own.folder / "data", megabytes))
            own.make(log_outside=log_outside)

        with cluster(make) as own:
            own.start(**LITTLE_LOG | options)
            try:
                yield own
            finally:
                # A folder under which there is a disk cannot be removed.
                own.stop()
                mounted.close()


# --- what holds for all of them ------------------------------------------------------------------------------


def noticed(trial: Trial) -> None:
    """Wait until a write of the load is refused."""
    waited = wait_for(lambda: 503 in trial.load.statuses[-20:], 60)
    trial.expect(waited < 60, "the fault was not noticed")


def refuses(trial: Trial, server: Server, word: str) -> None:
    """Expect that a write is refused with the real reason, and that everything can be read."""
    answer = server.ask("POST", "/v1/statements", refused())
    for _ in range(20):
        if answer.status != 201:
            break
        # There was room yet in what the database has from before.
        answer = server.ask("POST", "/v1/statements", refused())
    trial.expect(answer.status in (503, 507) and word in answer.json["detail"], f"said: {answer.body!r}")
    read = {server.ask("GET", "/v1/statements?limit=5").status for _ in range(8)}
    trial.expect(read == {200}, f"reading was answered {read}")


def writes_again(trial: Trial, server: Server) -> None:
    """Expect that writing is possible within 5 seconds, in every process of the server, without its restart."""
    waited = wait_for(lambda: {server.ask("POST", "/v1/statements", refused(9)).status for _ in range(4)} == {201})
    trial.expect(waited <= 5, f"writing again after {waited:.1f} s")
