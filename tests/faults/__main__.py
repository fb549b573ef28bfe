"""Faults that need time, root or both, against real servers under load: `make faults`.

Each prints how often it was tried, how many writes were acknowledged, and how many of those were lost, which must be
none. What the oracle looks for is in `load.lost`: acknowledged writes that are missing or changed, anything stored
twice, refused and stored, or never sent; what had no answer is sent again with its Idempotency-Key and must be there
once.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from tests.databases import NoPostgres
from tests.faults import disks
from tests.faults.backups import backed_up
from tests.faults.batches import bulk_killed, import_killed
from tests.faults.cluster import cluster
from tests.faults.failing import database_full, database_log_full, file_limited, sync_fails
from tests.faults.load import lost
from tests.faults.locks import write_lock
from tests.faults.standbys import standby_promoted
from tests.faults.trials import BESIDES, SCALE, Missing, Result, Trial, refused, times, wait_for
from tests.servers import Server, onrecord, serving


def again_and_again(trial: Trial, end: Callable[[Server], None], allowed: set[int]) -> None:
    """End a server under load, start it on what it left, and compare."""
    key = None
    for _ in times(20, 3):
        began = time.monotonic()
        with serving(trial.url, key=key) as server:
            took = time.monotonic() - began
            trial.expect(key is None or took <= 2, f"a restart took {took:.1f} s")
            key = server.key
            trial.settle(server)
            with trial.load.running(server, 8):
                time.sleep(0.8)
                end(server)
        trial.trials += 1
    trial.expect(set(trial.load.statuses) <= allowed, f"answers of {set(trial.load.statuses)}")
    with serving(trial.url, key=key) as server:
        trial.settle(server)
    trial.expect(onrecord(trial.url, "verify", check=False).returncode == 0, "onrecord verify finds something")


def killed(trial: Trial) -> None:
    """SIGKILL of the whole server."""
    again_and_again(trial, Server.kill, {0, 201})


def told_to_end(trial: Trial) -> None:
    """SIGTERM: what was begun is answered, what was not answered is not stored."""

    def end(server: Server) -> None:
        server.process.send_signal(signal.SIGTERM)
        trial.expect(server.process.wait(35) == 0, "it did not end well")

    again_and_again(trial, end, {0, 201})


def image(trial: Trial) -> None:
    """Power cut: what is on the disk at a moment, without what the system had not written to it yet."""
    file = Path(trial.url.removeprefix("sqlite:///"))
    outside = file.parent.parent
    backing = outside / "disk"
    trial.until_the_end.enter_context(disks.block(file.parent, backing))
    with serving(trial.url) as server, trial.load.running(server, 8):
        for number in times(15, 3):
            time.sleep(0.4)
            before = dict(trial.load.acknowledged)
            copy = disks.image(server, backing, file.name, outside / f"image-{number}.db")
            trial.trials += 1
            trial.problems += compared(f"sqlite:///{copy}", before)


def compared(url: str, before: dict[str, bytes]) -> list[str]:
    """Return what of some acknowledged writes a copy does not have, and whether its chain is broken."""
    done = onrecord(url, "export", check=False)
    stored = {json.loads(line)["text"]: json.loads(line) for line in done.stdout.splitlines() if line}
    missing = [f"lost: {words}" for words, body in before.items() if stored.get(words) != json.loads(body)]
    broken = onrecord(url, "verify", check=False).returncode
    return missing + (["onrecord verify finds something"] if broken else [])


def full(trial: Trial) -> None:
    """Disk full, then freed."""
    folder = trial.until_the_end.enter_context(disks.small(trial.folder / "data"))
    with serving(trial.url) as server:
        for _ in times(5):
            disks.fill(folder)
            with trial.load.running(server, 4):
                waited = wait_for(lambda: 503 in trial.load.statuses[-20:])
                trial.expect(waited < 20, "a full disk was not noticed")
            answer = server.ask("POST", "/v1/statements", refused())
            if answer.status == 201:
                # It had room in what the log has from before; the next has none.
                answer = server.ask("POST", "/v1/statements", refused())
            trial.expect(answer.status in (503, 507) and "room" in answer.json["detail"], f"said: {answer.body!r}")
            trial.expect(server.ask("GET", "/v1/statements").status == 200, "not readable while full")
            disks.free(folder)
            waited = wait_for(lambda: server.ask("POST", "/v1/statements", refused()).status == 201)
            trial.expect(waited <= 5, f"writing again after {waited:.1f} s")
            trial.trials += 1
        trial.load.retry(server)
        trial.problems += lost(trial.load, server, besides=BESIDES)


def read_only(trial: Trial) -> None:
    """The data folder read-only when a server starts, after one that ended well and after one that was killed."""
    folder = trial.until_the_end.enter_context(disks.small(trial.folder / "data"))
    key = None
    for end in (Server.kill, lambda server: (server.process.terminate(), server.process.wait(35))):
        with serving(trial.url, key=key) as server:
            with trial.load.running(server, 4):
                time.sleep(0.5)
            key = server.key
            end(server)
        with disks.unwritable(folder), serving(trial.url, key=key) as server:
            answer = server.ask("POST", "/v1/statements", refused())
            trial.expect(answer.status == 503 and "written" in answer.json["detail"], f"said: {answer.body!r}")
            read = {server.ask("GET", "/v1/statements?limit=1").status for _ in range(8)}
            trial.expect(read == {200}, f"reading was answered {read}")
        with serving(trial.url, key=key) as server:
            trial.settle(server)
        trial.trials += 1


def locked(trial: Trial) -> None:
    """Somebody else holds the write lock for ten seconds."""
    with serving(trial.url, ONRECORD_BUSY_TIMEOUT="5") as server:
        for _ in times(3, 1):
            with trial.load.running(server, 12), write_lock(trial.url):
                for _ in range(40):
                    began = time.monotonic()
                    server.ask("GET", "/livez")
                    took = time.monotonic() - began
                    trial.expect(took <= 0.25, f"/livez took {took:.2f} s")
                    time.sleep(0.25)
                began = time.monotonic()
                trial.expect(server.ask("POST", "/v1/statements", refused()).status == 503, "not 503")
                trial.expect(time.monotonic() - began <= 5.5, "a write waited for longer than the busy timeout")
            trial.trials += 1
        trial.settle(server)


def writers(trial: Trial) -> None:
    """Eight writers for a minute."""
    with serving(trial.url) as server:
        with trial.load.running(server, 8):
            time.sleep(max(5, 60 * SCALE))
        trial.trials = len(trial.load.statuses)
        trial.expect(set(trial.load.statuses) == {201}, f"some were answered {trial.load.said}")
        trial.settle(server)


def database_killed(trial: Trial) -> None:
    """SIGKILL of PostgreSQL's first process, or a stop without a checkpoint; and back, without a restart of ours."""
    own = trial.until_the_end.enter_context(cluster())
    own.start()
    with serving(own.url()) as server:
        for number in times(10):
            with trial.load.running(server, 8):
                time.sleep(0.8)
                (own.kill if number % 2 else own.stop)()
                trial.expect(server.ask("GET", "/v1/statements").status == 503, "not 503 while it is away")
                own.start()
                before = len(trial.load.acknowledged)
                waited = wait_for(lambda before=before: len(trial.load.acknowledged) > before)  # type: ignore[misc]
                trial.expect(waited <= 10, f"writing again after {waited:.1f} s")
            trial.settle(server)
            trial.trials += 1


FAULTS: tuple[tuple[str, Callable[[Trial], None], tuple[str, ...]], ...] = (
    ("server killed", killed, ("sqlite", "postgresql")),
    ("server told to end", told_to_end, ("sqlite", "postgresql")),
    ("power cut", image, ("sqlite",)),
    ("disk full", full, ("sqlite",)),
    ("folder read-only", read_only, ("sqlite",)),
    ("write lock held", locked, ("sqlite", "postgresql")),
    ("eight writers", writers, ("sqlite", "postgresql")),
    ("database killed", database_killed, ("postgresql",)),
    ("bulk killed", bulk_killed, ("sqlite", "postgresql")),
    ("import killed", import_killed, ("sqlite", "postgresql")),
    ("backup under load", backed_up, ("sqlite", "postgresql")),
    ("syncing fails", sync_fails, ("sqlite",)),
    ("file size limited", file_limited, ("sqlite",)),
    ("database disk full", database_full, ("postgresql",)),
    ("database log full", database_log_full, ("postgresql",)),
    ("standby promoted", standby_promoted, ("postgresql",)),
)
# These make servers of their own.
OWN = (database_killed, database_full, database_log_full, standby_promoted)


def run(name: str, fault: Callable[[Trial], None], database: str) -> Result:
    """Try one fault on one database."""
    began = time.monotonic()
    with ExitStack() as until_the_end:
        folder = until_the_end.enter_context(tempfile.TemporaryDirectory(prefix="onrecord-faults-"))
        url = f"sqlite:///{folder}/data/onrecord.db"
        Path(folder, "data").mkdir()
        if database == "postgresql" and fault not in OWN:
            own = until_the_end.enter_context(cluster())
            own.start()
            url = own.url()
        trial = Trial(url, Path(folder), until_the_end)
        try:
            fault(trial)
        except (Missing, NoPostgres):
            raise
        except Exception:
            trial.problems.append(traceback.format_exc())
    gone = sum(each.startswith(("lost", "changed", "twice")) for each in trial.problems)
    seconds = round(time.monotonic() - began, 1)
    acknowledged = len(trial.load.acknowledged) + trial.acknowledged
    return Result(name, database, trial.trials, acknowledged, gone, seconds, trial.problems)


def main() -> int:
    """Try every fault, or those whose names are given, and print the table; 1 where anything was wrong."""
    wanted = [each for each in sys.argv[1:] if not each.startswith("--")]
    as_json = "--json" in sys.argv
    if os.geteuid() != 0:
        print("Some of these mount small disks, which needs root: sudo make faults.", file=sys.stderr)  # noqa: T201
        return 2
    results = []
    if not as_json:
        print(f"{'fault':20} {'database':12} {'trials':>7} {'acknowledged':>13} {'lost':>5} {'seconds':>8}")  # noqa: T201
    for name, fault, databases in FAULTS:
        for database in databases:
            if wanted and not any(each in name for each in wanted):
                continue
            try:
                result = run(name, fault, database)
            except (NoPostgres, Missing) as missing:
                print(f"{name}: skipped, {missing}", file=sys.stderr)  # noqa: T201
                continue
            results.append(result)
            if not as_json:
                r = result
                row = f"{r.fault:20} {r.database:12} {r.trials:7} {r.acknowledged:13} {r.lost:5} {r.seconds:8.1f}"
                print(row, *r.problems[:10], sep="\n  ", flush=True)  # noqa: T201
    if as_json:
        print(json.dumps([asdict(each) for each in results], indent=1))  # noqa: T201
    return int(any(each.problems for each in results))


if __name__ == "__main__":
    sys.exit(main())
