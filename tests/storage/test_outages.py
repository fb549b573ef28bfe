"""Servers and databases that go away in the middle of writing and come back: nothing acknowledged is lost."""

from __future__ import annotations

import resource
import secrets
import signal
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from api.app import create_app
from api.domain.core import ids, keys
from api.settings import Settings
from api.storage.db import close_database, db
from tests.conftest import Client, statement
from tests.databases import NoPostgres
from tests.faults.cluster import Cluster, cluster
from tests.faults.load import Load, lost
from tests.servers import Server, onrecord, serving, until


def writes(server: Server) -> int:
    """Return the status of one more write."""
    document = statement(text=f"Written at {time.monotonic()}.", external_id=f"{time.monotonic()}")
    return server.ask("POST", "/v1/statements", document).status


# --- the server is ended ---------------------------------------------------------------------------------------


@pytest.mark.thorough
def test_killed_again_and_again_it_keeps_what_it_acknowledged(empty_database_url: str) -> None:
    load, key = Load(), None
    for _ in range(4):
        with serving(empty_database_url, key=key) as server:
            load.retry(server)
            with load.running(server, 6):
                time.sleep(0.6)
                server.kill()
            key = server.key
    with serving(empty_database_url, key=key) as server:
        load.retry(server)
        assert lost(load, server) == []
        assert not load.open
    assert set(load.statuses) <= {0, 201}
    assert load.statuses.count(201) > 20
    assert onrecord(empty_database_url, "verify").returncode == 0


@pytest.mark.parametrize("signal_", [signal.SIGTERM, signal.SIGHUP])
def test_told_to_end_or_to_start_anew_it_answers_what_it_has_begun(
    empty_database_url: str, signal_: signal.Signals
) -> None:
    load = Load()
    with serving(empty_database_url) as server:
        with load.running(server, 6):
            time.sleep(0.5)
            server.process.send_signal(signal_)
            if signal_ == signal.SIGTERM:
                assert server.process.wait(35) == 0
            else:
                time.sleep(2)
                until(lambda: server.ask("GET", "/readyz").status == 200)
        key = server.key
    assert set(load.statuses) <= {0, 201}
    with serving(empty_database_url, key=key) as server:
        # Not even what had no answer was stored: nobody was cut off in the middle.
        assert server.ask("GET", "/v1/statements").json["total"] == len(load.acknowledged)
        assert lost(load, server) == []


# --- the database is ended -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def own_cluster() -> Iterator[Cluster]:
    """A PostgreSQL server that may be stopped."""
    try:
        with cluster() as made:
            made.start()
            yield made
    except NoPostgres as missing:
        pytest.skip(str(missing))


@contextmanager
def served_by(cluster: Cluster, name: str, *arguments: str) -> Iterator[tuple[Server, psycopg.Connection]]:
    """Serve a new database of a cluster, as a user who is no superuser."""
    with psycopg.connect(cluster.url(), autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {name} LOGIN")
        admin.execute(f"CREATE DATABASE {name} OWNER {name}")
        with serving(cluster.url(name, name), *arguments, ONRECORD_BUSY_TIMEOUT="2") as server:
            yield server, admin


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_database_server_that_ends_and_comes_back_is_503_meanwhile(own_cluster: Cluster, how: str) -> None:
    load = Load()
    with served_by(own_cluster, f"{how}ped") as (server, _):
        with load.running(server):
            time.sleep(0.6)
            getattr(own_cluster, how)()
            assert server.ask("GET", "/livez").status == 200
            assert {server.ask("GET", "/v1/statements").status for _ in range(8)} == {503}
            own_cluster.start()
            until(lambda: writes_one(load, server))
        load.retry(server)
        assert lost(load, server) == []
        assert {server.ask("GET", "/v1/statements").status for _ in range(16)} == {200}
    assert set(load.statuses) <= {201, 503}
    assert load.statuses.count(503)


def writes_one(load: Load, server: Server) -> bool:
    """Tell whether a write has gone through since the last look at it."""
    before = len(load.acknowledged)
    time.sleep(0.1)
    return len(load.acknowledged) > before


def test_without_a_free_connection_it_is_503_until_there_is_one(own_cluster: Cluster) -> None:
    with served_by(own_cluster, "exhausted", "--workers", "1") as (server, admin):
        admin.execute("ALTER ROLE exhausted CONNECTION LIMIT 2")
        admin.execute("SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity WHERE usename = 'exhausted'")
        url = own_cluster.url("exhausted", "exhausted")
        with psycopg.connect(url), psycopg.connect(url):
            answer = server.ask("GET", "/v1/statements")
            assert answer.status == 503
            assert int(answer.headers["retry-after"]) >= 1
            assert "connection" in answer.json["detail"]
            assert writes(server) == 503
        until(lambda: server.ask("GET", "/v1/statements").status == 200)
        assert writes(server) == 201


def test_of_several_database_servers_the_one_that_takes_writes_is_used(own_cluster: Cluster) -> None:
    with psycopg.connect(own_cluster.url(), autocommit=True) as admin:
        admin.execute("CREATE DATABASE several")
    # Nobody listens at the first.
    several = own_cluster.url("several").replace("@", "@127.0.0.1:1,")
    with serving(several, "--workers", "1") as server:
        assert writes(server) == 201
        own_cluster.stop()
        assert writes(server) == 503
        own_cluster.start()
        until(lambda: writes(server) == 201)
        own_cluster.stop()
        own_cluster.start(default_transaction_read_only="on")
        assert writes(server) == 503
        own_cluster.stop()
        own_cluster.start()
        until(lambda: writes(server) == 201)


def test_a_database_that_may_only_be_read_refuses_writes_and_goes_on_reading(database_url: str) -> None:
    app = create_app(Settings(database=database_url))
    try:
        alice = Client(app, keys.make("alice", ["write"])["key"])
        record = alice.record(statement())
        for value in ("on", "off"):
            if database_url.startswith("postgresql"):
                db.execute_sql(f"SET default_transaction_read_only = {value}")
            else:
                db.execute_sql(f"PRAGMA query_only = {value}")
            answer = alice.post("/v1/statements", statement(text=f"While it is {value}."))
            assert answer.status_code == (503 if value == "on" else 201), answer.text
            assert value == "off" or "written" in answer.json["detail"]
            assert alice.get(f"/v1/statements/{record['id']}").status_code == 200
    finally:
        close_database()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_dead_connection_is_replaced_without_anybody_noticing(database_url: str) -> None:
    app = create_app(Settings(database=database_url))
    try:
        alice = Client(app, keys.make("alice", ["write"])["key"])
        for ask in (lambda: alice.get("/v1/statements"), lambda: alice.post("/v1/statements", statement())):
            mine = db.connection().info.backend_pid
            with psycopg.connect(database_url, autocommit=True) as admin:
                admin.execute("SELECT pg_terminate_backend(%s, 2000)", [mine])
            assert ask().status_code in (200, 201)
    finally:
        close_database()


# --- the disk --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("empty_database_url", ["sqlite"], indirect=True)
@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="limits another process")
def test_a_file_that_may_not_grow_refuses_writes_until_it_may(empty_database_url: str) -> None:
    with serving(empty_database_url, "--workers", "1") as server:
        assert writes(server) == 201
        children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
        # The log of the server is a file, too, and shorter.
        file = Path(empty_database_url.removeprefix("sqlite:///") + "-wal")
        for child in children:
            resource.prlimit(int(child), resource.RLIMIT_FSIZE, (file.stat().st_size, resource.RLIM_INFINITY))
        answer = server.ask("POST", "/v1/statements", statement(text="Too long. " * 900))
        assert answer.status == 503
        assert "disk" in answer.json["detail"]
        assert server.ask("GET", "/v1/statements").json["total"] == 1
        for child in children:
            resource.prlimit(int(child), resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        until(lambda: writes(server) == 201, 5)
        assert server.ask("GET", "/v1/statements").json["total"] == 2


# --- the clock -------------------------------------------------------------------------------------------------


def test_a_clock_that_jumps_changes_the_times_and_nothing_else(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(Settings(database=database_url))
    try:
        alice = Client(app, keys.make("alice", ["write"])["key"])
        made = []
        for days in (0, -2, 365, 0):
            with monkeypatch.context() as clock:
                moved = time.time_ns() + days * 86_400 * 10**9
                clock.setattr(ids, "datetime", Moved(moved))
                clock.setattr(ids, "uuid7", lambda moved=moved: uuid7(moved))
                record = alice.record(statement(text=f"{days} days away, {len(made)}."))
                made.append(record["id"])
                changed = alice.patch(f"/v1/statements/{made[0]}", {"place": f"{days}", "version": len(made)})
                assert changed.status_code == 200
                for address in ("/v1/statements?limit=1", "/v1/statements?sort=created_at&limit=1", "/v1/changes"):
                    assert alice.get(address).status_code == 200
        feed = alice.get("/v1/changes").json["changes"]
        assert [each["seq"] for each in feed] == list(range(1, len(feed) + 1))
        assert [each["id"] for each in feed if each["op"] == "create" and each["type"] == "statement"] == made
        versions = alice.get(f"/v1/statements/{made[0]}/revisions").json["data"]
        assert sorted(each["version"] for each in versions) == [1, 2, 3, 4, 5]
        for sort in ("created_at", "-created_at", "said_on"):
            assert sorted(paged(alice, sort)) == sorted(made)
    finally:
        close_database()


def paged(reader: Client, sort: str) -> list[str]:
    """Return the ids of all statements, a page of one at a time."""
    found, address = [], f"/v1/statements?sort={sort}&limit=1"
    while address:
        page = reader.get(address).json
        found += [each["id"] for each in page["data"]]
        address = page["next_url"]
    return found


class Moved:
    """A clock that shows another time."""

    def __init__(self, nanoseconds: int) -> None:
        self.nanoseconds = nanoseconds

    def now(self, zone: object) -> object:
        """Return its time."""
        from datetime import UTC, datetime

        assert zone is UTC
        return datetime.fromtimestamp(self.nanoseconds / 10**9, UTC)


def uuid7(nanoseconds: int) -> uuid.UUID:
    """Return an id as of another time (RFC 9562, section 5.7)."""
    return uuid.UUID(int=nanoseconds // 10**6 << 80 | 7 << 76 | 2 << 62 | secrets.randbits(62))
