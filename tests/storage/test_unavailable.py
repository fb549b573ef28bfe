"""A database that is busy, full or away: 503 with Retry-After, reads where they can be, and no residue."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest

from api.app import create_app
from api.domain.core import keys
from api.domain.history import log
from api.settings import Settings
from api.storage.db import close_database, db
from tests.conftest import Client, statement
from tests.faults.locks import write_lock


@pytest.fixture
def hasty(database_url: str) -> Iterator[Callable[[], Client]]:
    """Make clients of an application that waits for a quarter of a second only."""
    app = create_app(Settings(database=database_url, busy_timeout=0.25))
    key = keys.make("alice", ["write"])["key"]
    yield lambda: Client(app, key)
    close_database()


def test_while_another_writes_a_write_is_refused_and_reads_go_on(
    hasty: Callable[[], Client], database_url: str
) -> None:
    alice = hasty()
    record = alice.record(statement())
    position = log.position()
    with write_lock(database_url):
        for answer in (
            alice.post("/v1/statements", statement(text="More.")),
            alice.patch(f"/v1/statements/{record['id']}", {"place": "Kyiv", "version": 1}),
            alice.delete(f"/v1/statements/{record['id']}", {"version": 1}),
        ):
            assert answer.status_code == 503
            assert answer.mimetype == "application/problem+json"
            assert int(answer.headers["Retry-After"]) >= 1
        assert alice.get(f"/v1/statements/{record['id']}").json == record
        assert alice.get("/v1/statements").json["total"] == 1
        assert alice.get("/livez").status_code == 200
    assert log.position() == position
    assert alice.post("/v1/statements", statement(text="More.")).status_code == 201


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_connections_that_the_server_ends_are_replaced(hasty: Callable[[], Client], database_url: str) -> None:
    alice = hasty()
    alice.record(statement())
    mine = db.connection().info.backend_pid
    with psycopg.connect(database_url, autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(%s, 2000)", [mine])
    statuses = [alice.get("/v1/statements").status_code for _ in range(3)]
    assert statuses[0] in (200, 503)
    assert statuses[1:] == [200, 200]
    assert alice.post("/v1/statements", statement(text="More.")).status_code == 201


@pytest.mark.parametrize("url", ["postgresql://nobody@127.0.0.1:1/nothing"])
def test_a_server_that_is_away_is_503_and_never_500(url: str) -> None:
    app = create_app(Settings(database=url))
    charlie = Client(app)
    try:
        for address in ("/v1/statements", "/v1/speakers", "/readyz"):
            answer = charlie.get(address)
            assert answer.status_code == 503
            assert "Retry-After" in answer.headers
        assert charlie.get("/livez").status_code == 200
    finally:
        close_database()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_full_disk_refuses_the_write_and_leaves_nothing(
    hasty: Callable[[], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = hasty()
    alice.record(statement())
    pages = db.execute_sql("PRAGMA page_count").fetchone()[0]
    # SQLite answers as on a full disk once the file may not grow.
    db.execute_sql(f"PRAGMA max_page_count = {pages}")
    answers = [alice.post("/v1/statements", statement(text=f"{n} " + "long " * 1900)) for n in range(20)]
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) <= {201, 503}
    assert 503 in statuses
    assert alice.get("/v1/statements?limit=200").json["total"] == 1 + statuses.count(201)
    db.execute_sql(f"PRAGMA max_page_count = {pages * 100}")
    assert alice.post("/v1/statements", statement(text="Room again.")).status_code == 201
