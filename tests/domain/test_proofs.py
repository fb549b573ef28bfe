"""What `verify` finds of anything that the database holds: each value, each row, each part of the schema."""

from __future__ import annotations

import random
from typing import Any

import pytest
from flask import Flask

from api.domain.core import keys
from api.domain.importing import progress
from api.domain.keeping import erasures, indexes
from api.domain.keeping.verification import Problem, Seen, verify
from api.storage.db import db, execute, row, rows, writing
from tests.conftest import Client, statement
from tests.tampering import Records, another, by_hand, columns, furnished, on_sqlite, tables, unguarded


@pytest.fixture
def records(app: Flask, alice: Client) -> Records:
    """Records of every kind, and whatever else there may be."""
    return furnished(alice)


def problems() -> list[Problem]:
    return list(verify(Seen()))


def told() -> str:
    return "\n".join(f"{each.about} {each.id} {each.detail}" for each in problems())


def test_a_store_with_something_of_every_kind_has_no_problem(records: Records) -> None:
    assert [table for table in tables() if not rows(f"SELECT 1 FROM {table}")] == []
    assert problems() == []


def restored(table: str, names: list[str], before: list[tuple[Any, ...]]) -> None:
    """Put the rows of a table back as they were."""
    with unguarded():
        execute(f"DELETE FROM {table}")
        marks = ", ".join("?::tsvector" if name == "words" else "?" for name in names)
        for each in before:
            execute(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", each)


def where(names: list[str], values: tuple[Any, ...]) -> tuple[str, list[Any]]:
    """Return the condition that is true of one row alone, and its parameters."""
    held = [(name, value) for name, value in zip(names, values, strict=True) if value is not None]
    return " AND ".join(f"{name} = ?" for name, _ in held), [value for _, value in held]


def named(table: str, names: list[str], values: tuple[Any, ...], said: str) -> bool:
    """Tell whether what is said names a row: by its table, or by the id of the record that it is of."""
    facts = dict(zip(names, values, strict=True))
    ids = [facts[name] for name in ("id", "record") if name in facts]
    if "statement" in facts and isinstance(facts["statement"], int):
        ids += [id for (id,) in rows("SELECT id FROM statement WHERE n = ?", (facts["statement"],))]
    if table == "seal":
        return facts["name"] in said
    return table in said or any(str(id) in said for id in ids)


def test_each_value_and_each_row_that_is_another_is_named(records: Records) -> None:
    chance = random.Random(20221122)
    # On PostgreSQL a look takes ten times as long; the rules are the same.
    every = 1 if on_sqlite() else 4
    silent: list[str] = []
    for table in tables():
        names = columns(table)
        before = rows(f"SELECT {', '.join(names)} FROM {table}")
        for column in [None, *names]:
            if column is not None and chance.randrange(every):
                continue
            chosen = chance.choice(before)
            value = None if column is None else chosen[names.index(column)]
            if table == "statement_search" and column == "words":
                continue
            condition, parameters = where(names, chosen)
            if column is None:
                by_hand(f"DELETE FROM {table} WHERE {condition}", parameters)
            else:
                new = 1 if value is None and whole(table, column) else another(value)
                by_hand(f"UPDATE {table} SET {column} = ? WHERE {condition}", (new, *parameters))
            said = told()
            if not named(table, names, chosen, said):
                silent.append(f"{table}.{column or 'row'}: {said or 'nothing'}")
            restored(table, names, before)
    assert silent == []
    assert problems() == []


def whole(table: str, column: str) -> bool:
    (found,) = (each for each in db.get_columns(table) if each.name == column)
    return any(kind in found.data_type.lower() for kind in ("int", "real", "double"))


SCHEMAS = {
    "a guard that is gone": "DROP TRIGGER entry_refuses_delete{on entry}",
    "a guard of the history that is gone": "DROP TRIGGER revision_refuses_update{on revision}",
    "an index that is gone": "DROP INDEX topic_folded_statement",
    "an index too much": "CREATE UNIQUE INDEX another ON speaker (reference)",
    "a column too much": "ALTER TABLE review ADD COLUMN another text",
    "a column of another name": "ALTER TABLE relation RENAME COLUMN object TO other",
    "a table that is gone": "DROP TABLE mention",
}
ON_SQLITE = {
    "a trigger too much": "CREATE TRIGGER x AFTER INSERT ON statement BEGIN DELETE FROM topic; END",
    "a version of somebody's": "PRAGMA user_version = 7",
    "a setting of the search index": "INSERT INTO statement_search (statement_search, rank) VALUES ('automerge', 7)",
}
ON_POSTGRESQL = {
    "a guard that is off": "ALTER TABLE entry DISABLE TRIGGER entry_refuses_update",
    "a guard that does nothing": "CREATE OR REPLACE FUNCTION entry_is_append_only() RETURNS trigger LANGUAGE plpgsql "
    "AS $$ BEGIN RETURN OLD; END $$",
    "references that are off": "ALTER TABLE topic DISABLE TRIGGER ALL",
    "a rule": "CREATE RULE x AS ON INSERT TO topic DO INSTEAD NOTHING",
    "another kind of text": "ALTER TABLE review ALTER COLUMN statement TYPE varchar(90)",
    "a table that a crash empties": "ALTER TABLE import_state SET UNLOGGED",
    "a constraint that is gone": "ALTER TABLE access_key DROP CONSTRAINT access_key_sha256_key",
}


@pytest.mark.parametrize("which", [*SCHEMAS, *ON_SQLITE, *ON_POSTGRESQL])
def test_a_part_of_the_schema_that_is_another_is_named(app: Flask, alice: Client, which: str) -> None:
    own = {**SCHEMAS, **(ON_SQLITE if on_sqlite() else ON_POSTGRESQL)}
    if which not in own:
        pytest.skip("the other database's")
    alice.record(statement())
    sql = own[which]
    for table in ("entry", "revision"):
        sql = sql.replace(f"{{on {table}}}", "" if on_sqlite() else f" ON {table}")
    db.execute_sql(sql)
    assert "schema" in {each.about for each in problems()}, which


def test_tables_of_somebody_else_are_left_alone(alice: Client) -> None:
    alice.record(statement())
    db.execute_sql("CREATE TABLE somebody_elses (n integer)")
    db.execute_sql("CREATE INDEX somebody_elses_too ON somebody_elses (n)")
    assert problems() == []


def test_a_migration_that_was_applied_by_nobody_or_lost_is_named(app: Flask) -> None:
    execute("DELETE FROM schema_migration WHERE name = '0003_repeats_and_mergers'")
    assert "0003_repeats_and_mergers" in told()


def test_a_row_that_had_rotted_is_not_made_right_by_the_next_change_of_it(app: Flask) -> None:
    id = keys.make("desk", ["read"])["id"]
    by_hand("UPDATE access_key SET scopes = 'admin' WHERE id = ?", (id,))
    keys.revoke(id)
    assert [(each.about, each.id) for each in problems()] == [("row", id)]


def test_what_comes_and_goes_keeps_its_seals(database_url: str, app: Flask, alice: Client) -> None:
    for n in range(12):
        given = {"Idempotency-Key": f"{n % 5}"}
        alice.post("/v1/statements", statement(text=f"Number {n % 5}."), headers=given)
    assert problems() == []
    execute("UPDATE remembered_answer SET at = '2020-01-01T00:00:00.000Z'")
    for n in range(3):
        alice.post("/v1/speakers", {"name": f"Speaker {n}"}, headers={"Idempotency-Key": f"later {n}"})
    assert row("SELECT count(*) FROM remembered_answer") == (3,)
    assert problems() == []
    erasures.erase(alice.record(statement(text="A secret."))["id"], "An order.", by="operator")
    with writing():
        for line in range(3):
            progress.note("f", progress.Progress(line=line))
        progress.forget("f")
    assert problems() == []
    indexes.rebuild(lambda done, total: None)
    assert problems() == []
