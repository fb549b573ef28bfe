"""onrecord import: whole files, each line once, whatever happens on the way."""

from __future__ import annotations

import io
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import DEVNULL, PIPE
from typing import Any

import pytest

from api.app import create_app
from api.cli import checkers
from api.domain.core.items import Draft
from api.formats.cutting import Item, Pieces
from api.settings import Settings
from api.storage.db import close_database
from tests.conftest import Client, statement
from tests.servers import ROOT, environment, onrecord, until


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
    again = told(database_url, str(file))
    assert (again["received"], again["created"], again["before"]["created"]) == (0, 0, 1)
    assert "imported before (1 lines: 1 created" in onrecord(database_url, "import", str(file)).stdout
    again = told(database_url, str(file), "--again", check=False)
    assert (again["created"], again["failed"]) == (0, 1)
    assert told(database_url, str(file), "--on-conflict", "skip")["unchanged"] == 1
    assert told(database_url, str(file), "--on-conflict", "update")["unchanged"] == 1
    assert texts(database_url) == ["One."]


def test_a_run_with_nothing_to_do_tells_of_no_rejects(database_url: str, tmp_path: Path) -> None:
    file = written(tmp_path / "wire.ndjson", [statement(text="One."), {}])
    first = told(database_url, str(file), check=False)
    assert (first["failed"], first["before"]) == (1, None)
    Path(first["rejects"]).unlink()
    for done in (onrecord(database_url, "import", str(file)), onrecord(database_url, "import", str(file), "--json")):
        assert "rejects.ndjson" not in done.stdout
        assert done.returncode == 0
    again = told(database_url, str(file))
    assert (again["received"], again["failed"], again["rejects"]) == (0, 0, None)
    assert again["before"] == {"received": 2, "created": 1, "updated": 0, "unchanged": 0, "failed": 1}


def test_each_of_many_failures_is_written_down_with_its_reasons(database_url: str, tmp_path: Path) -> None:
    file = written(tmp_path / "wire.ndjson", [{"kind": "quot", "nonsense": n} for n in range(300)])
    found = told(database_url, str(file), check=False)
    rejects = [json.loads(line) for line in Path(found["rejects"]).read_text().splitlines()]
    assert (found["failed"], len(rejects)) == (300, 300)
    assert all({"#/kind", "#/nonsense"} < {one["pointer"] for one in each["errors"]} for each in rejects)


HOSTILE_ROWS = (
    b'quote,"Closed" then more,A,B',
    b"quote,lone \r return,A,B",
    b"quote," + b"x" * (1 << 20) + b",A,B",
    b'quote,"' + b"y" * (1 << 20) + b'",A,B',
    b"quote,NUL \0,A,B",
    b"quote,few cells,A",
    b"quote,many cells,A,B,C",
    b"quote,bad UTF-8 \xff,A,B",
    b"quote,surrogate \xed\xa0\x80,A,B",
    b"quot,bad kind,A,B",
    b'quote,"never closed,A,B',
)


def test_rows_that_no_honest_writer_makes_are_rejected_and_the_others_go_in(database_url: str, tmp_path: Path) -> None:
    file, right = tmp_path / "wire.csv", []
    with file.open("wb") as output:
        output.write(b"kind,text,speaker,outlet\n")
        for number, row in enumerate(HOSTILE_ROWS):
            right.append(f"Right {number}.")
            output.write(b'%s\nquote,"Right %d.",A,B\n' % (row, number))
    found = told(database_url, str(file), check=False)
    assert (found["created"], found["failed"]) == (len(right), len(HOSTILE_ROWS))
    assert texts(database_url) == sorted(right)
    rejects = [json.loads(line) for line in Path(found["rejects"]).read_text().splitlines()]
    assert [each["line"] for each in rejects] == [2 + 2 * number for number in range(len(HOSTILE_ROWS))]
    assert all(each["errors"] and each["found"] for each in rejects)
    assert rejects[0]["found"] == 'quote,"Closed" then more,A,B'


@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_any_bytes_come_to_an_end_with_each_line_told_once(database_url: str, tmp_path: Path, form: str) -> None:
    random.seed(7)
    signs = [b'"', b'""', b",", b"\n", b"\r", b"\r\n", b"\0", b"\xff", b"[", b'{"kind":', b"a", b"\xc3\xa9", b'","']
    signs += [b'quote,"Right.",A,B\n', b'{"kind": "quote"}\n', b"null\n", b"[]\n", b"\xed\xa0\x80", b'"\\ud800"']
    data = b"kind,text,speaker,outlet\n" + b"".join(random.choices(signs, k=20_000)) + random.randbytes(20_000)
    file = tmp_path / f"wire.{form}"
    file.write_bytes(data)
    pieces = Pieces(io.BytesIO(data))
    numbers = [each.number for each in (pieces.rows() if form == "csv" else pieces.lines())][form == "csv" :]
    found = told(database_url, str(file), check=False)
    assert (found["received"], found["created"] + found["failed"]) == (len(numbers), len(numbers))
    rejects = [json.loads(line)["line"] for line in Path(found["rejects"]).read_text().splitlines()]
    assert rejects == sorted(set(rejects) & set(numbers))
    assert (len(rejects), len(texts(database_url))) == (found["failed"], found["created"])


def children(parent: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def test_an_import_ends_with_a_message_when_a_process_that_checks_for_it_is_killed(database_url: str) -> None:
    ends_with_a_message(database_url, "Sentence", lambda pid: os.kill(children(pid)[0], signal.SIGKILL))


@pytest.mark.parametrize("which", [0, 1])
def test_it_ends_so_in_the_midst_of_what_that_process_hands_over(database_url: str, which: int) -> None:
    if (os.cpu_count() or 1) < 2:
        pytest.skip("there is one process only")

    def spent(pid: int) -> list[int]:
        """Return how many ticks of a processor each process that checks has had."""
        stats = (Path(f"/proc/{each}/stat").read_text() for each in children(pid))
        return [int(stat.rpartition(")")[2].split()[11]) for stat in stats]

    def kill(pid: int) -> None:
        # As nobody takes what they hand over, which is more than a pipe holds, they come to a stop in the midst of it.
        until(lambda: max(spent(pid)) > 20)
        os.kill(pid, signal.SIGSTOP)
        before, now = [], spent(pid)
        while now != before:
            time.sleep(0.5)
            before, now = now, spent(pid)
        os.kill(children(pid)[which], signal.SIGKILL)
        os.kill(pid, signal.SIGCONT)

    ends_with_a_message(database_url, "A sentence of quite some length" * 100, kill)


def ends_with_a_message(database_url: str, text: str, kill: Callable[[int], None]) -> None:
    command = [sys.executable, "-c", "from api.cli import main; main()", "import", "-", "--format", "ndjson"]
    process = subprocess.Popen(
        command, env=environment(database_url), cwd=ROOT, stdin=PIPE, stdout=DEVNULL, stderr=PIPE
    )
    sent = b"".join(json.dumps(statement(text=f"{text} {n}.")).encode() + b"\n" for n in range(12_000))

    def kill_one() -> None:
        until(lambda: len(children(process.pid)) > 1)
        kill(process.pid)

    thread = threading.Thread(target=kill_one)
    thread.start()
    try:
        _, told = process.communicate(sent, timeout=120)
    finally:
        process.kill()
        thread.join()
    assert process.returncode == 1
    assert b"could not be checked" in told
    assert b"Traceback" not in told


class Unlucky:
    """A form of which no line can be read, for a reason that no process can tell another."""

    def items(self) -> Iterator[Item]:
        yield Item(1, b"")

    def drafts(self, item: Item) -> list[Draft]:
        class Unspeakable(Exception):
            pass

        raise Unspeakable


def test_what_cannot_be_handed_over_is_told_in_words() -> None:
    form = Unlucky()
    with checkers.checking(form) as check, pytest.raises(checkers.Died, match=r"Lines 1 to 1 .*Unspeakable"):
        list(check(form.items()))


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


@pytest.mark.thorough
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
    # It may have been done before it was killed.
    whole = whole["before"] or whole
    assert (whole["received"], whole["created"], whole["failed"]) == (7000, 7000 - len(bad), len(bad))
    rejected = [json.loads(line)["line"] for line in rejects.read_text().splitlines()]
    assert rejected == [n + 1 for n in bad]
    assert texts(database_url) == sorted(f"Sentence {n}." for n in range(7000) if n not in set(bad))
    onrecord(database_url, "verify")
