"""onrecord verify, as an operator runs it."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest

from api.storage.db import execute, rows
from tests.conftest import Client, statement
from tests.servers import onrecord, serving


def test_all_is_well_and_the_head_can_be_saved_and_compared_with(
    database_url: str, alice: Client, tmp_path: Path
) -> None:
    alice.record(statement())
    head = tmp_path / "head.json"
    assert (
        "All is as it was written: 3 entries, 3 records."
        in onrecord(database_url, "verify", "--save-head", str(head)).stdout
    )
    assert json.loads(head.read_text()) == alice.get("/v1/log/head").json
    alice.record(statement(text="More."))
    done = json.loads(onrecord(database_url, "verify", "--head", str(head), "--json").stdout)
    assert done == {
        "problems": [],
        "ok": True,
        "head": alice.get("/v1/log/head").json,
        "entries": 4,
        "records": 4,
    }
    # What it prints is itself a head to compare with.
    head.write_text(json.dumps(done))
    onrecord(database_url, "verify", "--head", str(head))


def test_every_problem_is_printed_with_its_repair_and_the_exit_fails(database_url: str, alice: Client) -> None:
    one, other = (alice.record(statement(text=text))["id"] for text in ("One.", "Other."))
    execute("UPDATE statement SET document = replace(document, 'One.', 'Won.') WHERE id = ?", (one,))
    execute("UPDATE statement SET kind = 'claim' WHERE id = ?", (other,))
    done = onrecord(database_url, "verify", check=False)
    assert done.returncode == 1
    (first, second) = done.stdout.splitlines()
    assert one in first
    assert other in second
    assert "onrecord reindex" in second
    assert "2 problems." in done.stderr
    found = json.loads(onrecord(database_url, "verify", "--json", check=False).stdout)
    assert [(each["about"], each["id"]) for each in found["problems"]] == [("document", one), ("index", other)]
    assert found["ok"] is False
    onrecord(database_url, "reindex")
    assert rows("SELECT kind FROM statement WHERE id = ?", (other,)) == [("quote",)]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_head_that_cannot_be_saved_is_said_in_a_line(database_url: str, tmp_path: Path) -> None:
    done = onrecord(database_url, "verify", "--save-head", str(tmp_path / "nowhere" / "head.json"), check=False)
    assert done.returncode == 1
    assert "No such file or directory" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_head_of_another_log_does_not_fit(database_url: str, alice: Client, tmp_path: Path) -> None:
    head = tmp_path / "head.json"
    head.write_text(json.dumps({"seq": 9, "hash": "0" * 64, "at": None}))
    done = onrecord(database_url, "verify", "--head", str(head), check=False)
    assert done.returncode == 1
    assert "does not go through the head" in done.stdout


def test_verifying_sees_one_state_of_the_data_while_others_write(empty_database_url: str, tmp_path: Path) -> None:
    head, ending, written = tmp_path / "head.json", threading.Event(), []
    with serving(empty_database_url) as server:

        def write() -> None:
            while not ending.is_set():
                document = statement(
                    text=f"Words {len(written)}.", speaker=f"Speaker {len(written) % 7}", topics=["war"]
                )
                made = server.ask("POST", "/v1/statements", document).json
                server.ask("PATCH", f"/v1/statements/{made['id']}", {"text": f"More {len(written)}.", "version": 1})
                written.append(made["id"])

        writer = threading.Thread(target=write)
        writer.start()
        onrecord(empty_database_url, "verify", "--save-head", str(head))
        begun = time.monotonic()
        for _ in range(3):
            onrecord(empty_database_url, "verify", "--head", str(head))
        # On a slow machine little is written in the time that verifying takes.
        while len(written) <= 20 and time.monotonic() - begun < 20:
            onrecord(empty_database_url, "verify", "--head", str(head))
        ending.set()
        writer.join(20)
    assert len(written) > 10


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"seq": "1", "hash": "x"}', "nonsense"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_no_head_is_refused(database_url: str, tmp_path: Path, text: str) -> None:
    head = tmp_path / "head.json"
    head.write_text(text)
    done = onrecord(database_url, "verify", "--head", str(head), check=False)
    assert done.returncode == 1
    assert "cannot be used" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "junk", [b"", b"no database at all, but long enough to look at" * 99, b"SQLite format 3\0" * 999]
)
@pytest.mark.parametrize("command", ["verify", "migrate", "reindex", "get /v1/statements"])
def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path, junk: bytes, command: str) -> None:
    file = tmp_path / "onrecord.db"
    file.write_bytes(junk)
    done = onrecord(f"sqlite:///{file}", *command.split(), check=False)
    assert done.returncode == (0 if (command, junk) == ("migrate", b"") else 1)
    assert "Traceback" not in done.stderr
    assert not junk or file.read_bytes() == junk
