"""Indexes made anew from the command line: when somebody asks, and when the program has newer ones."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson

from api.app import create_app
from api.domain.core.kinds import Kind
from api.domain.evidence.statements import STATEMENT
from api.domain.indexing import names
from api.domain.keeping import indexes
from api.domain.parties.outlets import OUTLET
from api.domain.parties.speakers import SPEAKER
from api.settings import Settings
from api.storage import db as storage
from api.storage.db import close_database, db, execute, insert, open_database, rows, writing
from api.storage.migrating import FOLDER, HISTORY
from tests.conftest import Client, statement
from tests.servers import ROOT, START, environment, onrecord, serving

# Each is answered from another index.
QUESTIONS = (
    "/v1/statements?q=record",
    "/v1/statements?q=blinken",
    "/v1/statements?topic=war&lang=en&form=direct&terms=on_record",
    "/v1/statements?published_from=2022-03-24&published_to=2022-03-24",
    "/v1/statements?figure=general&figure.gte=6",
    "/v1/figures?name=generals",
    "/v1/speakers?q=blink",
    "/v1/outlets?q=press",
)


def recorded() -> dict[str, Any]:
    return statement(topics=["War"], figures=[{"name": "generals", "value": 6}], published_on="2022-03-24")


def found(client: Client) -> list[int]:
    """Return how much each question finds, and how often the speaker is cited."""
    totals = [client.get(each).json["total"] for each in QUESTIONS]
    (speaker,) = client.get("/v1/speakers?q=blink").json["data"] or [{"statements_count": 0}]
    return [*totals, speaker["statements_count"]]


def forget_indexes() -> None:
    """Leave the documents and nothing of what they are found by."""
    with writing():
        for table in ("figure_word", "figure", "topic", "name_word"):
            execute(f"DELETE FROM {table}")
        execute("UPDATE statement SET form = '', lang = '', terms = '', published_lower = 0, published_upper = 0")
        execute("UPDATE speaker SET cited = 0")
        storage.dialect.forget_all_words(db)


def test_reindexing_makes_every_index_anew_and_tells_of_how_many_records(
    database_url: str, alice: Client, charlie: Client
) -> None:
    alice.record(recorded())
    before = found(charlie)
    assert before == [1] * len(before)
    forget_indexes()
    assert found(charlie) == [0] * len(before)
    assert json.loads(onrecord(database_url, "reindex", "--json").stdout) == {"records": 3}
    assert found(charlie) == before
    assert onrecord(database_url, "reindex").stdout == "Indexed 3 records.\n"
    assert found(charlie) == before


def test_reindexing_what_is_not_set_up_says_what_to_run(empty_database_url: str) -> None:
    done = onrecord(empty_database_url, "reindex", "--json", check=False)
    assert done.returncode == 1
    assert "onrecord migrate" in done.stderr


def test_migrating_makes_older_indexes_anew_once(database_url: str, alice: Client, charlie: Client) -> None:
    alice.record(recorded())
    forget_indexes()
    execute("UPDATE index_state SET version = 0")
    assert json.loads(onrecord(database_url, "migrate", "--json").stdout)["applied"] == []
    assert rows("SELECT version FROM index_state") == [(indexes.VERSION,)]
    assert set(found(charlie)) == {1}
    # What is as new as the program is left alone.
    forget_indexes()
    onrecord(database_url, "migrate")
    assert set(found(charlie)) == {0}


def test_a_database_of_the_first_schema_is_indexed_by_migrating_it(empty_database_url: str, tmp_path: Path) -> None:
    shutil.copy(FOLDER / "0001_records_and_log.py", tmp_path)
    make_as_before(empty_database_url, tmp_path)
    done = json.loads(onrecord(empty_database_url, "migrate", "--json").stdout)
    assert done["applied"] == sorted(path.stem for path in FOLDER.glob("0*.py") if not path.stem.startswith("0001"))
    try:
        assert set(found(Client(create_app(Settings(database=empty_database_url))))) == {1}
        assert rows("SELECT version FROM index_state") == [(indexes.VERSION,)]
    finally:
        close_database()


def make_as_before(url: str, migrations: Path) -> None:
    """Make a database as the first program left it, with a statement of its speaker and outlet."""
    from playhouse.migrations import Runner

    open_database(Settings(database=url))
    db.connect()
    try:
        list(Runner(db.obj, str(migrations), table_name=HISTORY).up())
        speaker, outlet = (f"{prefix}_01kayv5q3mf8r8d2xq1n6z0t4w" for prefix in ("spk", "out"))
        numbers = {
            "speaker": inserted("speaker", as_before(SPEAKER, speaker, {"name": "Antony Blinken"})),
            "outlet": inserted("outlet", as_before(OUTLET, outlet, {"name": "The Associated Press"})),
        }
        fields = recorded() | {"speaker": speaker, "outlet": outlet}
        columns = as_before(STATEMENT, "stm_01kayv5q3nf8r8d2xq1n6z0t4y", fields)
        inserted("statement", {**columns, **numbers})
    finally:
        close_database()


def inserted(table: str, columns: dict[str, object]) -> int:
    (n,) = storage.numbers(table, 1)
    insert(table, {"n": n, **columns})
    return n


def as_before(kind: Kind, id: str, fields: dict[str, Any]) -> dict[str, object]:
    """Return the columns that the first schema had of a record."""
    time = "2022-03-24T00:00:00.000Z"
    document = {"id": id, "version": 1, **kind.takes.load(fields)}
    document.update(created_at=time, updated_at=time, recorded_by="newsroom")
    row = {"id": id, "version": 1, "salt": "0" * 32, "created_at": time}
    if kind is STATEMENT:
        document.update(outlet=document["appearances"][0]["outlet"], corrections=[])
        row.update(
            kind="quote", status="published", said_lower=20220323, said_upper=20220323, fingerprint=1, mentions=0
        )
    else:
        row["reference"] = names.reference(document)
        execute(
            "INSERT INTO name (type, folded, record) VALUES (?, ?, ?)", (kind.name, document["name"].casefold(), id)
        )
    return {**row, "document": orjson.dumps(document).decode()}


def test_nobody_who_writes_beside_a_running_reindex_is_refused(empty_database_url: str) -> None:
    # Who has to wait longer than this to write is refused.
    with serving(empty_database_url, ONRECORD_BUSY_TIMEOUT="2") as server:
        lines = [statement(text=f"Words {n} of many others.", speaker=f"Speaker {n % 7}") for n in range(400)]
        body = b"".join(orjson.dumps(each) + b"\n" for each in lines)
        headers = {"Content-Type": "application/x-ndjson"}
        assert server.ask("POST", "/v1/statements/bulk", body, **headers).status == 200
        command = [sys.executable, "-c", START, "reindex", "--json"]
        statuses, totals = [], []
        with subprocess.Popen(
            command, env=environment(empty_database_url), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as running:
            while running.poll() is None or len(statuses) < 20:
                made = server.ask("POST", "/v1/statements", statement(text=f"Meanwhile {len(statuses)}."))
                patch = server.ask("PATCH", f"/v1/statements/{made.json['id']}", {"topics": ["War"], "version": 1})
                statuses += [made.status, patch.status]
                totals.append(server.ask("GET", "/v1/statements?q=words&limit=1").json["total"])
            output, errors = running.communicate()
        assert running.returncode == 0, errors
        assert set(statuses) == {200, 201}
        assert set(totals) == {400}
        assert json.loads(output)["records"] >= 400 + 7 + 1
        assert json.loads(onrecord(empty_database_url, "verify", "--json").stdout)["ok"]
        # The server goes on with what was made.
        assert server.ask("GET", "/v1/statements?q=meanwhile&limit=1").json["total"] == len(statuses) // 2
