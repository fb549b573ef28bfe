"""The heaviest legal request of every route, eight at once: `python -m tests.faults.heaviest [--json] [WORDS]`.

It prints for each how long the slowest took, what `/livez` took meanwhile at most, how much more memory than at rest
one of the server's workers holds at most a moment later, and what was answered. Every operation of the OpenAPI
document has a request here, so that a new route fails a test until somebody has thought about what its heaviest is.
WORDS pick the routes that hold one of them; `--worst` leaves but the slowest request of each route.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.databases import NoPostgres
from tests.faults import heavy
from tests.faults.cluster import cluster
from tests.faults.heavy import Heavy, Shot, Store
from tests.servers import Server, onrecord, serving

AT_ONCE = 8
# What is promised: seconds, seconds, megabytes.
MOST_SECONDS, MOST_LIVEZ, MOST_MEMORY = 10.0, 0.25, 64.0
# How many seconds the memory may take to come back.
SOON = 10.0
# Longer than any request may take, so that a failure is measured, too.
PATIENCE = 120


@dataclass
class Measured:
    """A row of the table."""

    database: str
    route: str
    request: str
    seconds: float
    livez: float
    memory: float
    statuses: dict[str, int] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        """Whether it is within what is promised; nothing is ever answered with a defect."""
        within = self.seconds <= MOST_SECONDS and self.livez <= MOST_LIVEZ and self.memory <= MOST_MEMORY
        return within and not {"500", "0"} & set(self.statuses)


def memory(server: Server) -> dict[str, float]:
    """Return how many megabytes each worker of a server holds."""
    found = {}
    for pid in Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split():
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        found[pid] = next(int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:"))
    return found


def grown(server: Server, resting: dict[str, float]) -> float:
    """Return how many megabytes more than at rest one worker of a server holds at most."""
    return max(held - resting.get(pid, 0.0) for pid, held in memory(server).items())


@contextmanager
def asking_whether_it_lives(server: Server) -> Iterator[list[float]]:
    """Ask `/livez` again and again, and note how long each answer took."""
    took: list[float] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            began = time.monotonic()
            try:
                server.ask("GET", "/livez", timeout=PATIENCE)
            finally:
                took.append(time.monotonic() - began)
            done.wait(0.05)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield took
    finally:
        done.set()
        thread.join()


def fire(server: Server, shot: Shot, *, key: bool) -> tuple[int, float]:
    """Send a request and return the status of its answer, 0 where none came, and how long it took."""
    asker = server if key else replace(server, key="")
    began = time.monotonic()
    try:
        status = asker.ask(shot.method, shot.path, shot.body, timeout=PATIENCE, **shot.headers).status
    except (OSError, http.client.HTTPException):
        status = 0
    return status, time.monotonic() - began


def measure(server: Server, store: Store, heaviest: Heavy, database: str, resting: dict[str, float]) -> Measured:
    """Send a request eight times at once."""
    shots = [heaviest.shot(store, number) for number in range(AT_ONCE)]
    with asking_whether_it_lives(server) as took, ThreadPoolExecutor(AT_ONCE) as pool:
        asked = [(shot, number % 2 == 0 or not heaviest.public) for number, shot in enumerate(shots)]
        answers = list(pool.map(lambda each: fire(server, each[0], key=each[1]), asked))
    statuses = Counter(str(status) for status, _ in answers)
    # Afterwards, when what is free was given back.
    ends, more = time.monotonic() + SOON, grown(server, resting)
    while more > MOST_MEMORY and time.monotonic() < ends:
        time.sleep(0.5)
        more = grown(server, resting)
    seconds = max(seconds for _, seconds in answers)
    return Measured(database, heaviest.route, heaviest.label, seconds, max(took), more, dict(statuses))


def on(database: str, size: int, wanted: list[str], show: Any) -> list[Measured]:
    """Measure all that is wanted on one kind of database."""
    with ExitStack() as until_the_end:
        folder = Path(until_the_end.enter_context(tempfile.TemporaryDirectory(prefix="onrecord-heaviest-")))
        url = f"sqlite:///{folder}/onrecord.db"
        if database == "postgresql":
            own = until_the_end.enter_context(cluster())
            own.start()
            url = own.url()
        print(f"Filling a store of {size:,} statements on {database} ...", file=sys.stderr)  # noqa: T201
        key = heavy.fill(url, folder, size)
        server = until_the_end.enter_context(serving(url, key=key))
        store = heavy.prepare(server, size)
        fresh = until_the_end.enter_context(serving(url, key=key))
        server.kill()
        # At rest is who has served a little of everything.
        for path in (
            "statements?limit=9",
            "statements?q=bakens&highlight=1",
            "check?text=We+are+on+record",
            "speakers",
        ):
            for _ in range(20):
                fresh.ask("GET", f"/v1/{path}")
        resting = memory(fresh)
        found = []
        for heaviest in heavy.HEAVIEST:
            if not wanted or any(word in f"{heaviest.route} {heaviest.label}" for word in wanted):
                found.append(measure(fresh, store, heaviest, database, resting))
                show(found[-1])
        if onrecord(url, "verify", check=False).returncode:
            raise SystemExit("onrecord verify finds something")
        return found


def shown(row: Measured) -> None:
    """Print a row as one of a table of Markdown."""
    said = ", ".join(f"{count} × {status}" for status, count in sorted(row.statuses.items()))
    mark = "" if row.good else " **!**"
    print(  # noqa: T201
        f"| {row.database} | `{row.route}` | {row.request} | {row.seconds:.2f}{mark} | {row.livez * 1000:.0f} "
        f"| {row.memory:+.0f} | {said} |",
        flush=True,
    )


def by_route(rows: list[Measured]) -> list[list[Measured]]:
    """Return rows by their routes, in their order."""
    found: dict[str, list[Measured]] = {}
    for row in rows:
        found.setdefault(row.route, []).append(row)
    return list(found.values())


def main() -> int:
    """Measure, print the table, and return 1 where anything is beyond what is promised."""
    parser = argparse.ArgumentParser(description="The heaviest legal request of every route, eight at once.")
    parser.add_argument("words", nargs="*")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--worst", action="store_true", help="Print but the slowest request of each route.")
    parser.add_argument("--size", type=int, default=20_000)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    given = parser.parse_args()
    quiet = given.json or given.worst
    if not given.json:
        print("| database | route | request | s | `/livez` ms | MB | answers |\n|---|---|---|---|---|---|---|")  # noqa: T201
    rows = []
    for database in given.database or ["sqlite", "postgresql"]:
        try:
            rows += on(database, given.size, given.words, (lambda row: None) if quiet else shown)
        except NoPostgres as missing:
            print(f"{database}: skipped, {missing}", file=sys.stderr)  # noqa: T201
    if given.worst:
        rows = [max(group, key=lambda row: row.seconds) for group in by_route(rows)]
        for row in [] if given.json else rows:
            shown(row)
    if given.json:
        print(json.dumps([asdict(each) for each in rows], indent=1))  # noqa: T201
    return int(not all(row.good for row in rows))


if __name__ == "__main__":
    random.seed(1)
    sys.exit(main())
