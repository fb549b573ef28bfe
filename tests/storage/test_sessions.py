"""PostgreSQL whose defaults are not what we need: it is served all the same, and doctor tells; and waits for locks."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import quote, urlsplit

import psycopg
import pytest

from api.app import create_app
from api.domain.core import keys
from api.domain.keeping.verification import Seen, verify
from api.settings import Settings
from api.storage.db import close_database, db, row
from tests.conftest import Client, statement
from tests.faults.locks import write_lock
from tests.servers import onrecord

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

# What a server, a database or an account may have set, and whether doctor has to tell.
DEFAULTS = {
    "default_transaction_isolation": ("serializable", True),
    "default_transaction_deferrable": ("on", True),
    "statement_timeout": ("1", True),
    "lock_timeout": ("1", True),
    "idle_in_transaction_session_timeout": ("1", True),
    "idle_session_timeout": ("100", True),
    "transaction_timeout": ("1", True),
    "synchronous_commit": ("off", True),
    "standard_conforming_strings": ("off", True),
    "transform_null_equals": ("on", True),
    "search_path": ("elsewhere", True),
    "client_encoding": ("LATIN1", True),
    "extra_float_digits": ("-15", True),
    "timezone": ("Asia/Kathmandu", False),
    "datestyle": ("SQL, DMY", False),
    "bytea_output": ("escape", False),
    "intervalstyle": ("sql_standard", False),
    "default_text_search_config": ("pg_catalog.german", False),
    "jit": ("on", False),
}


@contextmanager
def administering(url: str) -> Iterator[psycopg.Connection]:
    """Give a connection that none of these defaults hinders."""
    freed = " ".join(f"-c {name}=0" for name in ("statement_timeout", "lock_timeout"))
    with psycopg.connect(url, autocommit=True, options=freed, client_encoding="UTF8") as admin:
        yield admin


def change(url: str, *settings: str) -> list[str]:
    """Set defaults of the database, by name and value, and return those that this server knows."""
    database = urlsplit(url).path.removeprefix("/")
    with administering(url) as admin:
        known = {name.lower() for (name,) in admin.execute("SELECT name FROM pg_settings").fetchall()}
        for name in (each for each in settings if each in known):
            value = DEFAULTS[name][0] if name != "search_path" else "elsewhere"
            admin.execute(f"ALTER DATABASE {database} SET {name} = '{value}'")
    return [each for each in settings if each in known]


def served(url: str, **settings: float) -> Client:
    """Return a client who may write, of a new application."""
    app = create_app(Settings(database=url, **settings))  # type: ignore[arg-type]
    return Client(app, keys.make("alice", ["write"])["key"])


def use(alice: Client) -> None:
    """Do a bit of everything."""
    text = "Größe \\ ' 戦争 🕊, said at 12:00."
    record = alice.record(
        statement(text=text, url="https://news.example/戦争", figures=[{"name": "killed", "value": 0.1}])
    )
    assert alice.get(f"/v1/statements/{record['id']}").json == record
    changed = alice.patch(f"/v1/statements/{record['id']}", {"place": "Kyiv", "version": 1})
    assert changed.status_code == 200, changed.text
    time.sleep(0.3)
    for asked in ("q=戦争", "figure.gte=0.1&figure.lte=0.1", "from=2022-03-23&to=2022-03-23", "medium.exists=false"):
        found = alice.get(f"/v1/statements?{quote(asked, safe='=&')}").json
        assert found["total"] == 1, (asked, found)
    assert len(alice.get("/v1/statements.ndjson").text.splitlines()) == 1

    def post(number: int) -> int:
        try:
            return alice.post("/v1/statements", statement(text=f"Number {number}.")).status_code
        finally:
            close_database()

    with ThreadPoolExecutor(4) as several:
        assert set(several.map(post, range(16))) == {201}
    assert list(verify(Seen())) == []


@pytest.mark.parametrize("name", DEFAULTS)
def test_each_default_of_a_database_leaves_the_service_as_it_is(database_url: str, name: str) -> None:
    if not change(database_url, name):
        pytest.skip(f"This server knows no {name}.")
    try:
        use(served(database_url))
    finally:
        close_database()


def test_all_defaults_at_once_leave_the_service_as_it_is_and_doctor_tells(database_url: str) -> None:
    changed = change(database_url, *DEFAULTS)
    with administering(database_url) as admin:
        admin.execute("CREATE SCHEMA elsewhere CREATE TABLE entry (seq text) CREATE TABLE name (folded int)")
    try:
        use(served(database_url))
        assert row("SHOW transaction_isolation") == ("read committed",)
        assert row("SHOW synchronous_commit") == ("on",)
    finally:
        close_database()
    done = onrecord(database_url, "doctor", "--json", check=False)
    told = " ".join(each["detail"] for each in json.loads(done.stdout)["findings"] if each["level"] == "warning")
    assert [name for name in changed if DEFAULTS[name][1] and f"{name} is" not in told] == []
    assert [name for name in changed if not DEFAULTS[name][1] and name in told] == []


def test_what_the_address_asks_of_a_session_is_kept(database_url: str) -> None:
    try:
        use(served(f"{database_url}?options={quote('-c work_mem=5MB -c default_transaction_isolation=serializable')}"))
        assert row("SHOW work_mem") == ("5MB",)
        assert row("SHOW transaction_isolation") == ("read committed",)
    finally:
        close_database()


def test_a_database_told_to_write_nothing_writes_again_on_every_connection_once_it_may(database_url: str) -> None:
    database = urlsplit(database_url).path.removeprefix("/")
    alice = served(database_url)
    alice.record(statement())
    close_database()
    with administering(database_url) as admin, ThreadPoolExecutor(4) as several:
        admin.execute(f"ALTER DATABASE {database} SET default_transaction_read_only = on")
        try:
            # Each thread opens a connection of its own, and keeps it.
            answers = [several.submit(alice.get, "/v1/statements").result() for _ in range(4)]
            assert [answer.json["total"] for answer in answers] == [1] * 4
            refused = list(several.map(lambda n: alice.post("/v1/statements", statement(text=f"{n}")), range(8)))
            assert {answer.status_code for answer in refused} == {503}
            assert all("written" in answer.json["detail"] for answer in refused)
            done = onrecord(database_url, "doctor", "--json", check=False)
            assert done.returncode == 1
            assert "default_transaction_read_only" in done.stdout
            admin.execute(f"ALTER DATABASE {database} RESET default_transaction_read_only")
            written = list(several.map(lambda n: alice.post("/v1/statements", statement(text=f"{n}")), range(16)))
            assert [answer.status_code for answer in written] == [201] * 16
        finally:
            list(several.map(lambda _: (time.sleep(0.05), close_database()), range(8)))
            close_database()


# --- waiting for a lock ------------------------------------------------------------------------------------------


def refused_for_a_lock(alice: Client, method: str, address: str, given: object = None) -> float:
    """Return after how many seconds a request is refused, which must be since somebody else writes."""
    begun = time.monotonic()
    answer = alice.open(method, address, json=given)
    assert answer.status_code == 503, answer.text
    assert "Somebody else is writing" in answer.json["detail"]
    assert int(answer.headers["Retry-After"]) >= 1
    return time.monotonic() - begun


@pytest.mark.parametrize(("busy", "query"), [(1.5, 0.4), (0.4, 1.5)])
def test_a_write_waits_for_another_as_long_as_it_is_told_to(database_url: str, busy: float, query: float) -> None:
    alice = served(database_url, busy_timeout=busy, query_timeout=query)
    try:
        with write_lock(database_url):
            assert refused_for_a_lock(alice, "POST", "/v1/statements", statement()) >= busy
        with administering(database_url) as admin, admin.transaction():
            admin.execute("LOCK TABLE entry IN EXCLUSIVE MODE")
            assert refused_for_a_lock(alice, "POST", "/v1/statements", statement()) >= busy * 0.9
        with administering(database_url) as admin, admin.transaction():
            admin.execute("LOCK TABLE statement IN ACCESS EXCLUSIVE MODE")
            refused_for_a_lock(alice, "GET", "/v1/statements")
        alice.record(statement())
        assert db.execute_sql("SHOW statement_timeout").fetchone() == (f"{int(query * 1000)}ms",)
    finally:
        close_database()
