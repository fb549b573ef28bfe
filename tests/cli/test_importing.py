"""onrecord import: whole files, each line once, whatever happens on the way."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from api.app import create_app
from api.settings import Settings
from api.storage.db import close_database
from tests.conftest import Client, statement
from tests.servers import ROOT, environment, onrecord


def written(path: Path, lines: list[Any]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def told(url: str, *arguments: str, check: bool = True) -> dict[str, Any]:
    done = onrecord(url, "import", *arguments, "--json", check=check)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def texts(url: str) -> list[str]:
    client = Client(create_app(Settings(database=url)))
    try:
        return sorted(json.loads(line)["text"] for line in client.get("/v1/statements.ndjson").text.splitlines())
    finally:
        close_database()


def test_good_lines_go_in_and_bad_ones_are_written_down(database_url: str, tmp_path: Path) -> None:
    file = written(tmp_path / "wire.ndjson", [statement(text="One."), {"kind": "quot"}, statement(text="Two."), []])
    done = onrecord(database_url, "import", str(file), check=False)
    assert done.returncode == 1
    assert "4 lines: 2 created, 0 updated, 0 unchanged, 2 failed." in done.stdout
    assert "line 2: #/kind: 'quot' is not one of: quote, claim." in done.stderr
    rejects = [json.loads(line) for line in (tmp_path / "wire.ndjson.rejects.ndjson").read_text().splitlines()]
    assert [(each["line"], each["status"]) for each in rejects] == [(2, 422), (4, 400)]
    assert json.loads(rejects[0]["found"]) == {"kind": "quot"}
    assert texts(database_url) == ["One.", "Two."]
    onrecord(database_url, "verify")


def test_a_file_is_imported_once_unless_it_is_to_be_again(database_url: str, tmp_path: Path) -> None:
    file = written(tmp_path / "wire.ndjson", [statement(text="One.", external_id="1")])
    assert told(database_url, str(file))["created"] == 1
    assert told(database_url, str(file)) == told(database_url, str(file))
    assert "imported before" in onrecord(database_url, "import", str(file)).stdout
    again = told(database_url, str(file), "--again", check=False)
    assert (again["created"], again["failed"]) == (0, 1)
    assert told(database_url, str(file), "--on-conflict", "skip")["unchanged"] == 1
    assert told(database_url, str(file), "--on-conflict", "update")["unchanged"] == 1
    assert texts(database_url) == ["One."]


def test_a_dry_run_stores_nothing(database_url: str, tmp_path: Path) -> None:
    file = written(tmp_path / "wire.ndjson", [statement(text="One."), {}])
    tried = told(database_url, str(file), "--dry-run", check=False)
    assert (tried["created"], tried["failed"], tried["rejects"]) == (1, 1, None)
    assert texts(database_url) == []
    assert list(tmp_path.glob("*rejects*")) == []
    assert told(database_url, str(file), check=False)["created"] == 1


def test_an_export_comes_back_through_the_command_line(database_url: str, tmp_path: Path, alice: Client) -> None:
    alice.record(statement(text="=One.", topics=["War"]))
    file = tmp_path / "all.csv"
    onrecord(database_url, "export", "--format", "csv", "-o", str(file))
    same = told(database_url, str(file), "--on-conflict", "update")
    assert (same["unchanged"], same["rejects"]) == (1, None)


def test_a_file_that_cannot_be_read_is_one_line_on_stderr(database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "wire.csv"
    for content, says in (
        (b"kind,kind\n", "twice"),
        (b"kind,txt\n", "did you mean text"),
        ("kind\n".encode("utf-16"), "UTF-8"),
        (b"\x1f\x8b", "compressed"),
    ):
        file.write_bytes(content)
        done = onrecord(database_url, "import", str(file), check=False)
        assert done.returncode == 1
        assert done.stderr.startswith("Error: Line 1")
        assert says in done.stderr
    assert "--format" in onrecord(database_url, "import", __file__, check=False).stderr


def test_an_import_that_is_killed_goes_on_where_it_stopped(database_url: str, tmp_path: Path) -> None:
    random.seed(5)
    # Enough lines for several transactions; every hundredth is wrong.
    lines = [statement(text=f"Sentence {n}.", speaker=f"Speaker {n % 40}") for n in range(7000)]
    bad = [n for n in range(7000) if n % 100 == 7]
    for n in bad:
        lines[n]["kind"] = "quot"
    file = written(tmp_path / "wire.ndjson", lines)
    command = [sys.executable, "-c", "from api.cli import main; main()", "import", str(file)]
    rejects = tmp_path / "wire.ndjson.rejects.ndjson"
    ends = set()
    for _ in range(3):
        before = rejects.stat().st_size if rejects.exists() else 0
        process = subprocess.Popen(
            command, env=environment(database_url), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        # Lines that are wrong are written down before those of their transaction that are right are there for good.
        while process.poll() is None and (not rejects.exists() or rejects.stat().st_size <= before):
            time.sleep(0.005)
        time.sleep(random.uniform(0, 0.2))
        process.send_signal(signal.SIGKILL)
        ends.add(process.wait())
    assert -signal.SIGKILL in ends
    whole = told(database_url, str(file), check=False)
    assert (whole["received"], whole["created"], whole["failed"]) == (7000, 7000 - len(bad), len(bad))
    rejected = [json.loads(line)["line"] for line in Path(whole["rejects"]).read_text().splitlines()]
    assert rejected == [n + 1 for n in bad]
    assert texts(database_url) == sorted(f"Sentence {n}." for n in range(7000) if n not in set(bad))
    onrecord(database_url, "verify")
