"""Slow clients: who takes an answer too slowly is cut off, gives back what it held, and keeps nobody else waiting."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from api.settings import Settings
from api.storage.db import close_database, execute, open_database, rows, writing
from tests.conftest import statement
from tests.servers import Server, serving, until
from tests.web.test_streams import fill, peak

# More than fits into what the systems of both sides hold.
MANY = 6000
# By this speed a client has to take some of what is sent within a third of a second.
FAST = {"ONRECORD_STREAM_SPEED": "1000000"}
STREAM, PAGE = "/v1/statements.ndjson", "/v1/statements?limit=200&sort=created_at"


@pytest.fixture(scope="module")
def large(shared_database_url: str) -> str:
    """The address of a database with many statements, the oldest of them so long that a page of them is, too."""
    open_database(Settings(database=shared_database_url, query_timeout=0))
    fill(MANY)
    longer = "replace(document, 'It was long. ', 'It was a good deal longer. ')"
    with writing():
        for _ in range(4):
            execute(f"UPDATE statement SET document = {longer} WHERE n > 3 AND n <= 1000")
            execute("UPDATE statement SET document = replace(document, 'It was', 'It was It was') WHERE n <= 1000")
    execute("ANALYZE")
    close_database()
    return shared_database_url


@contextmanager
def asking(server: Server, path: str) -> Iterator[socket.socket]:
    """Ask for something on a connection whose buffer is small, and leave the answer unread."""
    with closing(socket.socket()) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(20)
        connection.connect(("127.0.0.1", server.port))
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.key}\r\n\r\n".encode())
        yield connection


def said(server: Server, words: str) -> int:
    """Return how often a server's log has some words."""
    return server.log.read_bytes().count(words.encode())


def rest(connection: socket.socket) -> tuple[bytes, bool]:
    """Return what still comes, and whether the connection was broken."""
    found = b""
    try:
        while part := connection.recv(2**20):
            found += part
    except ConnectionError:
        return found, True
    return found, False


def test_who_takes_a_stream_too_slowly_is_cut_off_and_can_tell(large: str) -> None:
    with serving(large, "--workers", "1", **FAST) as server, asking(server, STREAM) as slow:
        assert slow.recv(64).startswith(b"HTTP/1.1 200")
        until(lambda: said(server, "taken too slowly") == 1)
        found, _ = rest(slow)
        assert not found.endswith(b"0\r\n\r\n")
        until(lambda: not reading(large))
        # What is taken in time is all there.
        answer = server.ask("GET", STREAM, timeout=60)
        assert answer.body.count(b"\n") == MANY + 3
        assert said(server, "taken too slowly") == 1
        assert "Traceback" not in server.log.read_text()


def reading(url: str) -> bool:
    """Tell whether anybody reads an older state of the data."""
    open_database(Settings(database=url))
    try:
        if url.startswith("sqlite"):
            # As long as somebody does, the log cannot be emptied.
            return bool(rows("PRAGMA wal_checkpoint(TRUNCATE)")[0][0])
        here = "datname = current_database() AND pid <> pg_backend_pid()"
        return bool(rows(f"SELECT pid FROM pg_stat_activity WHERE {here} AND xact_start IS NOT NULL"))
    finally:
        close_database()


@pytest.mark.parametrize("shared_database_url", ["sqlite"], indirect=True)
def test_a_stream_has_a_longest_life_however_fast_it_is_taken(large: str) -> None:
    with serving(large, "--workers", "1", ONRECORD_STREAM_TIMEOUT="1.5") as server:
        with asking(server, STREAM) as steady:
            found = b""
            while said(server, "taken too slowly") == 0:
                found += steady.recv(8192)
                time.sleep(0.02)
            found += rest(steady)[0]
            assert not found.endswith(b"0\r\n\r\n")
        assert said(server, "taken too slowly") == 1


@pytest.mark.parametrize("shared_database_url", ["sqlite"], indirect=True)
def test_streams_beyond_their_number_are_refused_and_others_are_served(large: str) -> None:
    with serving(large, "--workers", "1", "--threads", "4") as server, ExitStack() as held:
        slow = [held.enter_context(asking(server, STREAM)) for _ in range(40)]
        statuses = [each.recv(64).split()[1] for each in slow]
        assert statuses.count(b"200") == 3
        assert statuses.count(b"503") == 37
        refused = server.ask("GET", STREAM)
        assert (refused.status, refused.headers["retry-after"]) == (503, "10")
        assert "Too many lists" in refused.json["detail"]
        # One that is not sent takes no place.
        assert server.ask("HEAD", PAGE).status == 200
        assert server.ask("GET", "/livez").status == 200
        assert server.ask("POST", "/v1/statements", statement()).status == 201
        held.close()
        until(lambda: server.ask("GET", STREAM, timeout=60).status == 200)


@pytest.mark.parametrize("shared_database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("path", [PAGE, STREAM])
def test_a_hundred_who_never_read_leave_threads_for_the_others(large: str, path: str) -> None:
    with serving(large, "--workers", "1", **FAST) as server, ExitStack() as held:
        for _ in range(100):
            held.enter_context(asking(server, path))
        for _ in range(5):
            assert server.ask("GET", "/livez", timeout=10).status == 200
            assert server.ask("GET", "/v1/statements?limit=1", timeout=10).status == 200
        until(lambda: said(server, "taken too slowly") >= 4)
        until(lambda: server.ask("GET", path, timeout=60).status == 200)


@pytest.mark.thorough
@pytest.mark.parametrize("shared_database_url", ["sqlite"], indirect=True)
def test_slow_streams_end_before_the_write_ahead_log_is_large(large: str) -> None:
    log = Path(f"{large.removeprefix('sqlite:///')}-wal")
    with serving(large, "--workers", "2") as server, ExitStack() as held:
        slow = [held.enter_context(asking(server, STREAM)) for _ in range(20)]
        sent = [each.recv(64).split()[1] for each in slow].count(b"200")
        open_database(Settings(database=large))
        largest = 0
        for _ in range(20):
            with writing():
                execute("UPDATE statement SET document = document || ' ' WHERE n % 6 = 0")
            largest = max(largest, log.stat().st_size)
            time.sleep(0.2)
        close_database()
        assert said(server, "taken too slowly") == sent >= 6
        assert 12 * 2**20 < largest < 64 * 2**20


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_six_streams_at_once_take_little_memory_however_long_the_records(large: str) -> None:
    with serving(large, "--workers", "1") as server, ThreadPoolExecutor(6) as pool:
        paths = [STREAM, "/v1/statements.csv", f"{STREAM}?expand=speaker,outlet&sort=created_at"] * 2
        answers = list(pool.map(lambda path: server.ask("GET", path, timeout=60), paths))
        assert {answer.status for answer in answers} == {200}
        assert all(answer.body.count(b"\n") >= MANY + 3 for answer in answers)
        assert peak(server) < 120
