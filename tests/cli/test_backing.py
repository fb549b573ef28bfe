"""Backups under load, and restoring them: whole or not at all, and never the live data for a bad file."""

from __future__ import annotations

import gzip
import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import orjson
import pytest

from api.app import create_app
from api.domain.core.keys import Key
from api.domain.keeping import backups
from api.domain.keeping.verification import Seen, verify
from api.domain.parties.speakers import SPEAKER
from api.domain.writing import demonstration, mergers
from api.settings import Settings
from api.storage.db import close_database, db, open_database, rows, writing
from api.storage.tables import TABLES
from tests.conftest import COLLECTIONS, Client, statement
from tests.databases import KINDS, databases_for
from tests.servers import ROOT, environment, onrecord, serving, until
from tests.tampering import by_hand, furnished


@pytest.fixture
def filled(database_url: str) -> Iterator[str]:
    """A database with the demonstration, a withdrawn and an erased record, that nobody is connected to."""
    open_database(Settings(database=database_url))
    demonstration.load()
    # The first is merged into a later one, so that its row comes before what it points to.
    with writing():
        first, later = (id for (id,) in rows("SELECT id FROM speaker ORDER BY n LIMIT 2"))
        mergers.merge(SPEAKER, first, later, by=Key("", "first key", frozenset({"write"})), expected=None)
    close_database()
    ids = [each["id"] for each in whole(database_url)["statements"]]
    onrecord(database_url, "erase", ids[0], "--reason", "A court order.", "--yes")
    return database_url


@pytest.fixture
def another_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A second database, without tables, of the kind that the test names."""
    with ExitStack() as stack:
        yield stack.enter_context(databases_for(request).fresh(migrated=False))


def whole(url: str) -> dict[str, list[Any]]:
    """Return all that the API shows of a database: its records, as a stream, and its changes."""
    client = Client(create_app(Settings(database=url)))
    found: dict[str, list[Any]] = {}
    try:
        for kind in COLLECTIONS:
            found[kind] = [json.loads(line) for line in client.get(f"/v1/{kind}.ndjson").text.splitlines()]
        found["changes"] = client.get("/v1/changes?limit=1000").json["changes"]
    finally:
        close_database()
    return found


@pytest.mark.parametrize("another_url", KINDS, indirect=True)
def test_a_restored_database_is_the_one_that_was_backed_up(filled: str, another_url: str, tmp_path: Path) -> None:
    file = tmp_path / "backup.gz"
    made = onrecord(filled, "keys", "create", "--name", "desk", "--scope", "admin", "--json").stdout
    done = json.loads(onrecord(filled, "backup", str(file), "--json").stdout)
    assert file.stat().st_mode & 0o077 == 0
    assert [each.name for each in tmp_path.iterdir()] == ["backup.gz"]
    told = json.loads(onrecord(another_url, "restore", str(file), "--yes", "--json").stdout)
    assert told["head"] == done["head"]
    assert whole(another_url) == whole(filled)
    head = tmp_path / "head.json"
    head.write_text(json.dumps(done["head"]))
    onrecord(another_url, "verify", "--head", str(head))
    # The keys are those of before, and writing goes on with the next numbers.
    with serving(another_url, key=json.loads(made)["key"]) as server:
        assert server.ask("POST", "/v1/statements", statement(speaker="Somebody New", topics=["x"])).status == 201
        assert server.ask("GET", "/v1/statements?q=record").json["total"] >= 1
    onrecord(another_url, "verify", "--head", str(head))


def test_a_restore_begins_another_history_that_no_copy_and_no_follower_mistakes_for_the_old_one(
    database_url: str, tmp_path: Path
) -> None:
    file, made = tmp_path / "backup.gz", [statement(text=f"Words {number}.") for number in range(3)]
    key = onrecord(database_url, "keys", "create", "--name", "x", "--scope", "admin").stdout.strip()

    def recorded(number: int, headers: dict[str, str] | None = None) -> tuple[Any, Any]:
        client = Client(create_app(Settings(database=database_url)), key)
        try:
            client.record(made[number])
            return client.get("/v1/statements", headers=headers), client.get("/v1/changes").json
        finally:
            close_database()

    recorded(0)
    onrecord(database_url, "backup", str(file))
    before, followed = recorded(1)
    onrecord(database_url, "restore", str(file), "--yes")
    onrecord(database_url, "verify")
    after, anew = recorded(2, {"If-None-Match": before.headers["ETag"]})
    assert followed["last"] == anew["last"] == 4
    assert after.status_code == 200
    assert followed["epoch"] != anew["epoch"]
    client = Client(create_app(Settings(database=database_url)), key)
    assert client.get(f"/v1/changes?since={followed['epoch']}.4").json["epoch"] == anew["epoch"]
    assert client.get(f"/v1/changes?since={followed['epoch']}.4").status_code == 409
    assert client.get(f"/v1/changes?since={anew['epoch']}.4").status_code == 200
    assert client.get("/v1/statements", headers={"If-None-Match": after.headers["ETag"]}).status_code == 304
    close_database()


def test_a_backup_under_load_holds_every_write_that_was_acknowledged_before(
    empty_database_url: str, tmp_path: Path
) -> None:
    with serving(empty_database_url) as server:
        acknowledged: list[str] = []
        ending = threading.Event()

        def write(writer: int) -> None:
            number = 0
            while not ending.is_set():
                number += 1
                answer = server.ask("POST", "/v1/statements", statement(text=f"Words {writer} {number}."))
                if answer.status == 201:
                    acknowledged.append(answer.json["id"])

        writers = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
        for each in writers:
            each.start()
        kept: list[tuple[Path, set[str]]] = []
        for number in range(3):
            # However slow the machine is, each backup has something before it that it must hold.
            until(lambda least=5 * (number + 1): len(acknowledged) > least)
            before = set(acknowledged)
            file = tmp_path / f"{number}.gz"
            onrecord(empty_database_url, "backup", str(file))
            kept.append((file, before))
        ending.set()
        for each in writers:
            each.join(20)
    for file, before in kept:
        with gzip.open(file) as lines:
            ids = {line[1] for line in map(orjson.loads, lines) if isinstance(line, list) and len(line) > 20}
        assert before <= ids
        onrecord(f"sqlite:///{tmp_path}/{file.name}.db", "restore", str(file), "--yes")


def test_a_backup_that_is_killed_leaves_nothing_that_looks_whole(filled: str, tmp_path: Path) -> None:
    random.seed(7)
    for number in range(6):
        file = tmp_path / f"{number}.gz"
        command = [sys.executable, "-c", "from api.cli import main; main()", "backup", str(file)]
        process = subprocess.Popen(command, env=environment(filled), cwd=ROOT, stdout=subprocess.DEVNULL)
        time.sleep(random.uniform(0.2, 0.7))
        process.send_signal(signal.SIGKILL)
        process.wait()
        if file.exists():
            backups.check(file, lambda done, total: None)


def bad_files(good: bytes, folder: Path) -> dict[str, Path]:
    """Return files that are no backups, by what is wrong with them."""
    lines = gzip.decompress(good).splitlines(keepends=True)
    header = json.loads(lines[0])

    def packed(*given: bytes) -> bytes:
        return gzip.compress(b"".join(given))

    def headed(**changes: Any) -> bytes:
        return packed(orjson.dumps({**header, **changes}) + b"\n", *lines[1:])

    middle = len(good) // 2
    contents = {
        "empty": b"",
        "no gzip": b"onrecord\n" * 100,
        "another gzip": gzip.compress(b"hello\n" * 1000),
        "another JSON": gzip.compress(b'{"hello": 1}\n' * 1000),
        "cut in half": good[:middle],
        "cut by a byte": good[:-1],
        "cut by its last line": packed(*lines[:-1]),
        "a line left out": packed(*lines[:5], *lines[6:]),
        "a line twice": packed(*lines[:5], *lines[4:]),
        "something behind": good + b"x",
        "another backup behind": good + good,
        "a changed byte": packed(*(line.replace(b"Votel", b"Votes") for line in lines)),
        "a flipped bit": good[:middle] + bytes([good[middle] ^ 4]) + good[middle + 1 :],
        "of a newer format": headed(version=2),
        "of a newer schema": headed(schema="9999_from_the_future"),
        "of another format": headed(format="other"),
        "a database": Path(folder / "file.db").read_bytes() if (folder / "file.db").exists() else b"SQLite format 3\0",
    }
    found = {}
    for name, content in contents.items():
        found[name] = folder / f"{name}.gz"
        found[name].write_bytes(content)
    return found


def test_a_bad_file_is_refused_and_the_live_data_stay(filled: str, tmp_path: Path) -> None:
    onrecord(filled, "backup", str(tmp_path / "good"))
    before = whole(filled)
    for name, file in bad_files((tmp_path / "good").read_bytes(), tmp_path).items():
        done = onrecord(filled, "restore", str(file), "--yes", check=False)
        assert done.returncode == 1, name
        assert "Traceback" not in done.stderr, name
        assert done.stderr.startswith("Error: "), name
    assert whole(filled) == before
    onrecord(filled, "verify")


@pytest.mark.thorough
def test_a_restore_that_is_killed_leaves_the_old_database_or_the_new_one(filled: str, tmp_path: Path) -> None:
    random.seed(8)
    file = tmp_path / "backup"
    onrecord(filled, "backup", str(file))
    restored = whole(filled)
    with serving(filled) as server:
        assert server.ask("POST", "/v1/statements", statement(text="Later than the backup.")).status == 201
    later = whole(filled)
    assert later != restored
    for _ in range(6):
        command = [sys.executable, "-c", "from api.cli import main; main()", "restore", "--yes", str(file)]
        process = subprocess.Popen(command, env=environment(filled), cwd=ROOT, stdout=subprocess.DEVNULL)
        time.sleep(random.uniform(0.3, 1.2))
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert whole(filled) in (later, restored)
    onrecord(filled, "restore", "--yes", str(file))
    assert whole(filled) == restored
    onrecord(filled, "verify")


def test_a_backup_of_changed_documents_is_refused_when_it_is_restored(filled: str, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    open_database(Settings(database=filled))
    db.execute_sql("UPDATE speaker SET document = replace(document, 'Votel', 'Vogel')")
    close_database()
    onrecord(filled, "backup", str(file))
    before = whole(filled)
    done = onrecord(filled, "restore", str(file), "--yes", check=False)
    assert done.returncode == 1
    assert "not as it was written" in done.stderr
    assert whole(filled) == before


@pytest.mark.parametrize("another_url", KINDS, indirect=True)
def test_what_is_sealed_is_restored_with_its_seals_on_either_database(
    database_url: str, alice: Client, another_url: str, tmp_path: Path
) -> None:
    made = furnished(alice)
    answer = {"Idempotency-Key": "key 1"}
    given = statement(text="Answer number 1.", speaker="Speaker 1", url="https://a.example/1")
    close_database()
    file = tmp_path / "backup"
    onrecord(database_url, "backup", str(file))
    onrecord(another_url, "restore", str(file), "--yes")
    assert json.loads(onrecord(another_url, "verify", "--json").stdout)["problems"] == []
    open_database(Settings(database=another_url))
    try:
        again = Client(create_app(Settings(database=another_url)), alice.key).post(
            "/v1/statements", given, headers=answer
        )
        assert again.headers["Idempotent-Replayed"] == "true"
        assert again.json["id"] == made["answer 1"]
        assert list(verify(Seen())) == []
    finally:
        close_database()


def test_a_key_that_had_rotted_keeps_nobody_from_restoring_and_is_still_named(
    database_url: str, alice: Client, tmp_path: Path
) -> None:
    made = furnished(alice)
    by_hand("UPDATE access_key SET scopes = 'admin' WHERE name = 'alice'")
    close_database()
    file = tmp_path / "backup"
    onrecord(database_url, "backup", str(file))
    onrecord(database_url, "restore", str(file), "--yes")
    found = json.loads(onrecord(database_url, "verify", "--json", check=False).stdout)["problems"]
    assert [each["about"] for each in found] == ["row"]
    assert "access_key" in found[0]["detail"]
    assert any(each["id"] == made["first"] for each in whole(database_url)["statements"])


def test_restoring_is_refused_while_a_server_runs(filled: str, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    onrecord(filled, "backup", str(file))
    with serving(filled) as server:
        done = onrecord(filled, "restore", str(file), "--yes", check=False)
        assert done.returncode == 1
        assert "in use" in done.stderr
        assert server.ask("POST", "/v1/statements", statement(text="Stays.")).status == 201
    assert onrecord(filled, "get", "/v1/statements?q=stays&limit=1").stdout.count('"text"') == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_restoring_replaces_a_damaged_database_and_keeps_it(filled: str, tmp_path: Path) -> None:
    file, live = tmp_path / "backup", Path(filled.removeprefix("sqlite:///"))
    onrecord(filled, "backup", str(file))
    before = whole(filled)
    content = live.read_bytes()
    live.write_bytes(content[:5000] + b"\xff" * 40_000 + content[45_000:])
    damaged = live.read_bytes()
    told = json.loads(onrecord(filled, "restore", str(file), "--yes", "--json").stdout)
    assert whole(filled) == before
    assert Path(told["replaced"]).stat().st_size == len(damaged)


def test_what_is_no_backup_is_not_overwritten_by_one(filled: str, tmp_path: Path) -> None:
    file = tmp_path / "precious.txt"
    file.write_text("precious")
    done = onrecord(filled, "backup", str(file), check=False)
    assert done.returncode == 1
    assert "choose another name" in done.stderr
    assert file.read_text() == "precious"
    onrecord(filled, "backup", str(tmp_path / "twice"))
    onrecord(filled, "backup", str(tmp_path / "twice"))
    done = onrecord(filled, "backup", str(tmp_path / "nowhere" / "x"), check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)


def test_every_table_is_an_index_or_in_the_backup(alice: Client) -> None:
    tables = {each for each in db.get_tables() if not each.startswith("statement_search")} - {"schema_migration"}
    assert tables == set(TABLES)
