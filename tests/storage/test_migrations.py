"""Migrating: from nothing, again, by two at once, killed half-way, and a database from the future."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from peewee import PeeweeException

from api.settings import Settings
from api.storage.db import close_database, db, execute, insert_all, open_database, rows
from api.storage.migrating import HISTORY, NewerSchema, build, known, migrate, pending
from api.storage.tables import TABLES, columns, forget, key
from tests.conftest import Client
from tests.servers import ROOT, environment, onrecord
from tests.test_errors import assert_problem


@pytest.fixture
def opened(database_url: str) -> Iterator[str]:
    """A migrated database, open in this process."""
    open_database(Settings(database=database_url))
    yield database_url
    close_database()


def schema_of(url: str) -> list[str]:
    """Return the names of a database's tables."""
    open_database(Settings(database=url))
    try:
        return sorted(db.get_tables())
    finally:
        close_database()


def test_migrating_twice_changes_nothing_the_second_time(empty_database_url: str) -> None:
    assert migrate(empty_database_url) != []
    assert migrate(empty_database_url) == []


def test_two_processes_migrating_at_once_both_succeed(empty_database_url: str) -> None:
    command = [sys.executable, "-c", "from api.cli import main; main()", "migrate"]
    running = [
        subprocess.Popen(command, env=environment(empty_database_url), cwd=ROOT, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    outcomes = [(process.wait(30), process.stderr.read() if process.stderr else b"") for process in running]
    for process in running:
        if process.stderr:
            process.stderr.close()
    assert outcomes == [(0, b"")] * 3


# Ends the process at the given statement of the migration, as a power cut would.
KILLED = """
import os, sys
from peewee import Database
from api.storage.migrating import migrate
count, real = 0, Database.execute_sql
def execute_sql(self, sql, params=None, *rest, **named):
    global count
    count += 1
    if count == int(sys.argv[2]):
        os._exit(9)
    return real(self, sql, params, *rest, **named)
Database.execute_sql = execute_sql
migrate(sys.argv[1])
print(count)
"""


def test_a_migration_killed_anywhere_leaves_the_old_schema_or_the_new(empty_database_url: str) -> None:
    whole = None
    for moment in (3, 6, 9, 14, 21, 28, 34, 1000):
        done = subprocess.run(
            [sys.executable, "-c", KILLED, empty_database_url, str(moment)], cwd=ROOT, capture_output=True, timeout=60
        )
        assert done.returncode in (0, 9), done.stderr
        tables = schema_of(empty_database_url)
        assert "statement" not in tables or {"entry", "name", "access_key"} <= set(tables)
        if done.returncode == 0:
            whole = tables
            break
    assert whole is not None
    assert migrate(empty_database_url) == []


def test_a_database_from_the_future_is_refused(opened: str) -> None:
    execute("INSERT INTO schema_migration (name, applied) VALUES ('9999_from_the_future', '2030-01-01 00:00:00')")
    with pytest.raises(NewerSchema, match="9999_from_the_future"):
        pending()
    close_database()
    done = onrecord(opened, "migrate", check=False)
    assert done.returncode == 1
    assert "9999_from_the_future" in done.stderr


@pytest.mark.parametrize("missing", [1, 2, len(known())])
def test_a_server_is_not_ready_while_migrations_are_missing(app: Flask, charlie: Client, missing: int) -> None:
    assert charlie.get("/readyz").status_code == 200
    lacking = known()[-missing:]
    for name in lacking:
        execute("DELETE FROM schema_migration WHERE name = ?", (name,))
    answer = charlie.get("/readyz")
    assert_problem(answer, 503)
    assert [name for name in lacking if name not in answer.json["detail"]] == []
    assert "onrecord migrate" in answer.json["detail"]
    assert charlie.get("/livez").status_code == 200


def test_a_server_is_not_ready_on_a_database_of_the_future(app: Flask, charlie: Client) -> None:
    execute("INSERT INTO schema_migration (name, applied) VALUES ('9999_from_the_future', '2030-01-01 00:00:00')")
    answer = charlie.get("/readyz")
    assert_problem(answer, 503)
    assert "9999_from_the_future" in answer.json["detail"]


def test_the_tables_are_those_that_the_migrations_make_each_after_those_it_refers_to(opened: str) -> None:
    # The search index is the database's own, with tables inside that are nobody else's concern.
    held = {table for table in db.get_tables() if not table.startswith("statement_search")} - {HISTORY}
    assert held == set(TABLES)
    for place, table in enumerate(TABLES):
        named = {each.dest_table for each in db.get_foreign_keys(table)} - {table}
        assert named <= set(TABLES[:place]), table


def test_columns_and_keys_are_read_anew_once_the_schema_has_changed(opened: str) -> None:
    assert key("revision") == ["record", "version"]
    assert key("statement_url") == columns("statement_url") == ["statement", "url", "host"]
    assert columns("seal") == ["name", "held", "total"]
    execute("ALTER TABLE seal ADD COLUMN later INTEGER")
    assert "later" not in columns("seal")
    forget()
    assert columns("seal")[-1] == "later"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE entry SET note = 'changed'",
        "DELETE FROM entry",
        "UPDATE revision SET document = '{}'",
    ],
)
def test_the_database_itself_refuses_to_change_history(opened: str, change: str) -> None:
    execute("INSERT INTO entry VALUES (1, 't', 'create', 'speaker', 'spk_1', 1, 'x', NULL, 'a', 'b')")
    execute("INSERT INTO revision VALUES ('spk_1', 1, '{}', 's')")
    with pytest.raises(PeeweeException, match="append-only"):
        execute(change)
    assert rows("SELECT note FROM entry") == [(None,)]


def test_both_dialects_have_the_same_public_names() -> None:
    from inspect import signature

    from api.storage import postgres, sqlite

    def surface(module: Any) -> dict[str, str]:
        found = {name: getattr(module, name) for name in module.__all__}
        return {name: str(signature(each)) if callable(each) else type(each).__name__ for name, each in found.items()}

    assert surface(sqlite) == surface(postgres)
    assert set(sqlite.TYPES) == set(postgres.TYPES)


def test_an_older_database_keeps_its_rows_and_compares_texts_by_their_code_points(empty_database_url: str) -> None:
    open_database(Settings(database=empty_database_url))
    try:
        build("0005_imports")
        execute("INSERT INTO name (type, folded, record) VALUES ('speaker', 'ada', 'spk_1')")
        if empty_database_url.startswith("postgresql"):
            # As that version made it.
            execute("ALTER TABLE topic ALTER COLUMN label TYPE text")
            execute("ALTER TABLE name ALTER COLUMN type TYPE text")
        build()
        assert rows("SELECT type, folded, record FROM name") == [("speaker", "ada", "spk_1")]
        insert_all("name", ("type", "folded", "record"), [("speaker", each, "spk_2") for each in ("b", "B")])
        assert rows("SELECT min(folded), min(type) FROM name WHERE record = 'spk_2'") == [("B", "speaker")]
        if empty_database_url.startswith("postgresql"):
            sql = "SELECT collation_name FROM information_schema.columns WHERE table_name IN ('topic', 'name')"
            assert set(rows(f"{sql} AND data_type = 'text'")) == {("C",)}
    finally:
        close_database()
