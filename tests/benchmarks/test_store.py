"""The store of the benchmarks holds exactly what the service itself would have written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.domain.core.kinds import Document
from api.domain.evidence.statements import STATEMENT
from api.domain.history import chain
from api.domain.keeping import indexes
from api.domain.parties.outlets import OUTLET
from api.domain.parties.speakers import SPEAKER
from api.domain.writing import records
from api.settings import Settings
from api.storage.db import close_database, db, open_database, rows
from api.storage.migrating import migrate
from benchmarks import store
from benchmarks.fiction import Press, Statements

SIZE = 300


@pytest.fixture
def press() -> Press:
    return Press(SIZE, store.SEED)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> store.Store:
    return store.make(tmp_path_factory.mktemp("bench") / "bulk.db", SIZE)


@pytest.fixture
def in_bulk(made: store.Store) -> Iterator[None]:
    """A store made in bulk, open."""
    open_database(Settings(database=made.url))
    yield
    close_database()


def everything() -> dict[str, list[Any]]:
    """Return the rows of every table but those of keys and of chance, and every word that the search index holds."""
    tables = [
        name
        for name in db.get_tables()
        if not name.startswith("statement_search") and name not in ("access_key", "history", "seal")
    ]
    found = {name: sorted(rows(f"SELECT * FROM {name}")) for name in tables if name != "schema_migration"}
    db.execute_sql("CREATE VIRTUAL TABLE temp.held USING fts5vocab(main, statement_search, instance)")
    return {**found, "words": sorted(rows("SELECT * FROM temp.held"))}


def statements(press: Press) -> list[Document]:
    ids = [[id for (id,) in rows(f"SELECT id FROM {kind} ORDER BY n")] for kind in ("speaker", "outlet")]
    return Statements(press, *ids).between(0, SIZE)


def test_what_is_made_in_bulk_is_what_the_write_path_writes(in_bulk: None, press: Press, tmp_path: Path) -> None:
    expected = everything()
    close_database()
    migrate(url := f"sqlite:///{tmp_path}/one-by-one.db")
    open_database(Settings(database=url))
    indexes.mark_current()
    for kind, invented in ((SPEAKER, press.invent_speakers()), (OUTLET, press.invent_outlets())):
        with store.from_seed(press, kind, 0):
            for each in invented:
                records.store(kind, dict(kind.takes.load(each)), by=store.BY)
    with store.from_seed(press, STATEMENT, 0):
        for each in statements(press):
            records.store(STATEMENT, each, by=store.BY)
    found = everything()
    assert {name: len(held) for name, held in found.items()} == {name: len(held) for name, held in expected.items()}
    assert found == expected
    assert len(expected["statement"]) == SIZE
    assert all(expected[name] for name in ("topic", "figure", "statement_url", "mention", "words"))


def test_statements_are_as_the_schema_would_give_them(in_bulk: None, press: Press) -> None:
    for each in statements(press):
        assert STATEMENT.takes.load(each) == each


def test_the_log_is_chained(in_bulk: None) -> None:
    link = chain.GENESIS
    for *fields, found in rows("SELECT seq, at, op, type, record, version, by, note, sha256, hash FROM entry"):
        link = chain.Entry(*fields).hash(link)
        assert link == found
