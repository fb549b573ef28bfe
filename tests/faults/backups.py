"""Backups under load: of those that end and of those that are killed, and what restoring takes and refuses."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.faults.trials import Trial, times
from tests.servers import ROOT, Server, environment, onrecord, serving


def backed_up(trial: Trial) -> None:
    """Backups under load: what was acknowledged before one began is in it; one that is killed looks whole to nobody."""
    chance = random.Random(9)
    with serving(trial.url) as server:
        for number in times(8):
            whole, killed = (trial.folder / f"{name}-{number}.gz" for name in ("whole", "killed"))
            with trial.load.running(server, 8):
                time.sleep(0.5)
                before = dict(trial.load.acknowledged)
                onrecord(trial.url, "backup", str(whole))
                kill_one(trial, killed, chance.uniform(0.1, 0.8))
            trial.expect(not set(trial.load.statuses) - {201}, f"answers of {set(trial.load.statuses)}")
            restored(trial, whole, before)
            refused_bad(trial, server, whole, killed, chance)
            trial.trials += 1
        trial.settle(server)
    trial.expect(onrecord(trial.url, "verify", check=False).returncode == 0, "onrecord verify finds something")


def kill_one(trial: Trial, file: Path, seconds: float) -> None:
    """Begin a backup and kill it."""
    command = [sys.executable, "-c", "from api.cli import main; main()", "backup", str(file)]
    process = subprocess.Popen(command, env=environment(trial.url), cwd=ROOT, stdout=subprocess.DEVNULL)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.wait()


def restored(trial: Trial, file: Path, before: dict[str, bytes]) -> None:
    """Restore a backup beside everything, and compare it with what was acknowledged before it began."""
    url = f"sqlite:///{file}.db"
    done = onrecord(url, "restore", str(file), "--yes", check=False)
    trial.expect(done.returncode == 0, f"it cannot be restored: {done.stderr[-300:]}")
    held = [json.loads(line) for line in onrecord(url, "export").stdout.splitlines()]
    stored = {each["text"]: each for each in held}
    trial.problems += [f"lost: {words}" for words, body in before.items() if stored.get(words) != json.loads(body)]
    trial.expect(onrecord(url, "verify", check=False).returncode == 0, "onrecord verify finds something in a backup")


def refused_bad(trial: Trial, server: Server, whole: Path, killed: Path, chance: random.Random) -> None:
    """Restore a file that was cut, one with a bit flipped and one of a killed backup; none may touch anything."""
    content, target = whole.read_bytes(), trial.folder / "target"
    flipped = bytearray(content)
    flipped[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    bad = {"cut": content[: chance.randrange(len(content))], "flipped": bytes(flipped)}
    for name, given in bad.items():
        file = trial.folder / name
        file.write_bytes(given)
        done = onrecord(f"sqlite:///{target}-{name}.db", "restore", str(file), "--yes", check=False)
        # Some bits mean nothing, such as those of the time in gzip's header.
        same = name == "flipped" and done.returncode == 0
        if same:
            restored(trial, file, {})
        trial.expect(same or done.returncode == 1, f"a {name} file was restored")
        trial.expect("Traceback" not in done.stderr, f"a {name} file: {done.stderr[-300:]}")
        done = onrecord(trial.url, "restore", str(file), "--yes", check=False)
        trial.expect(done.returncode == 1, "live data were replaced under a server")
    if killed.exists():
        restored(trial, killed, {})
    trial.expect(server.ask("GET", "/v1/statements").status == 200, "not readable")
