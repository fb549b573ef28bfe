"""How fast is written: a whole file imported, and single statements recorded, beside bare inserts of the same rows."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import orjson

from api.storage.migrating import migrate
from benchmarks.apart import apart, together
from benchmarks.fiction import Document, Press, Statements
from benchmarks.load import ask, quantile
from benchmarks.servers import ROOT, WORKERS, service
from benchmarks.sql import ask_database
from benchmarks.store import SEED, Store, ready
from benchmarks.writes import taken_down, written

LINES, TOGETHER = 100_000, 2_000
RECORDED, SECONDS, ROUNDS = 10_000, 4.0, 5
_IMPORTS = 4


def import_lines(store: Store) -> dict[str, Any]:
    """Return how fast a file of statements is imported into an empty store, beside its rows put in by `executemany`.

    Both write the same final rows, in transactions of as many statements, each of which is on the disk when it ends.
    """
    with TemporaryDirectory(dir=store.path.parent) as folder:
        file, one, other = (Path(folder) / name for name in ("lines.ndjson", "imported.db", "bare.db"))
        apart(invent, file, LINES)
        times, limits, peak = [], [], 0.0
        for _ in range(_IMPORTS):
            for path in (one, other):
                _empty(path)
            took, most = _imported(file, one)
            times.append(took)
            peak = max(peak, most)
            limits.append(apart(_bare, one, other))
    ratios = [limit / took for took, limit in zip(times, limits, strict=True)]
    ratio = median(ratios)
    said = (
        f"{LINES / median(times):,.0f} lines/s, bare {LINES / median(limits):,.0f}: {ratio:.2f} "
        f"({min(ratios):.2f}..{max(ratios):.2f}), goal 0.6; {peak:.0f} MB at most, goal 200"
    )
    return {
        "name": f"import of {LINES:,} lines", "seconds": times, "limit": limits, "ratio": ratio, "ratios": ratios,
        "peak": peak, "said": said, "met": ratio >= 0.6 and peak < 200,
    }  # fmt: skip


def invent(file: Path, count: int) -> None:
    """Write a file of statements as newsrooms send them: with names, and nothing that is not said."""
    press = Press(count, SEED)
    names = ([each["name"] for each in made] for made in (press.invent_speakers(), press.invent_outlets()))
    inventor = Statements(press, *names)
    with file.open("wb") as lines:
        for first in range(0, count, 1_000):
            for each in inventor.between(first, min(first + 1_000, count)):
                lines.write(orjson.dumps(_sent(each)) + b"\n")


def _sent(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"id"}:
            return value["id"]
        return {name: _sent(each) for name, each in value.items() if each is not None and each != []}
    return [_sent(each) for each in value] if isinstance(value, list) else value


def _empty(path: Path) -> None:
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()
    apart(migrate, f"sqlite:///{path}")


def _imported(file: Path, path: Path) -> tuple[float, float]:
    """Import a file by the command; return how many seconds it took and the most memory one of its processes held."""
    command = [sys.executable, "-c", "from api.cli import main; main()", "import", str(file)]
    environment = {**os.environ, "ONRECORD_DATABASE": f"sqlite:///{path}"}
    began, peak = time.perf_counter(), 0.0
    process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL)
    while process.poll() is None:
        peak = max(peak, _peak(process.pid))
        time.sleep(0.1)
    if process.returncode:
        raise RuntimeError("The import failed.")
    return time.perf_counter() - began, peak


def _peak(pid: int) -> float:
    held = [0.0]
    with suppress(OSError):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for each in (str(pid), *children):
            lines = Path(f"/proc/{each}/status").read_text().splitlines()
            held += [int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")]
    return max(held)


def _bare(imported: Path, path: Path) -> float:
    return written(path, taken_down(imported, TOGETHER), float("inf"), much=True)[-1]


def record_durably(store: Store) -> dict[str, Any]:
    """Return how many statements a second are recorded over HTTP, one by one, and how long each takes.

    The limit are the same rows, each statement's in a transaction of its own, put in by as many processes as the
    service has workers. Each has a fresh copy of the same small store.
    """
    small = ready(RECORDED)
    (last,) = ask_database(small, "SELECT max(seq) FROM entry")[0]
    requests = [_request(small.key, each) for each in _more(small, int(1600 * SECONDS))]
    rates, limits, times = [], [], list[float]()
    for _ in range(ROUNDS):
        with _copied(small) as one, _copied(small) as other:
            with service(one) as server:
                load = ask(server.port, requests, SECONDS, workers=server.workers)
            rates.append(load.rate)
            times += load.times
            share = _shared(apart(taken_down, one.path, 1, after=last))
            done = together([partial(written, other.path, each, SECONDS) for each in share])
            limits.append(sum(len(each) / each[-1] for each in done))
    ratio = median(rate / limit for rate, limit in zip(rates, limits, strict=True))
    p99 = quantile(times, 0.99)
    said = (
        f"{median(rates):,.0f}/s, p50 {quantile(times, 0.5) * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms (goal 50), "
        f"bare {median(limits):,.0f}/s: {ratio:.2f}, goal 0.4"
    )
    return {
        "name": "a statement recorded, 8 clients", "rate": median(rates), "limit": median(limits), "ratio": ratio,
        "p99": p99, "said": said, "met": ratio >= 0.4 and p99 <= 0.050,
    }  # fmt: skip


def _more(store: Store, count: int) -> list[Document]:
    ids = [[id for (id,) in ask_database(store, f"SELECT id FROM {kind} ORDER BY n")] for kind in ("speaker", "outlet")]
    return [_sent(each) for each in Statements(store.press, *ids).between(store.size, store.size + count)]


def _request(key: str, document: Document) -> bytes:
    body = orjson.dumps(document)
    head = (
        "POST /v1/statements HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {key}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@contextmanager
def _copied(store: Store) -> Iterator[Store]:
    with TemporaryDirectory(dir=store.path.parent) as folder:
        path = Path(folder) / "store.db"
        shutil.copy(store.path, path)
        yield Store(path, store.size, store.key)


def _shared(transactions: list[Any]) -> list[list[Any]]:
    return [transactions[first::WORKERS] for first in range(WORKERS)]


MEASUREMENTS = (import_lines, record_durably)
