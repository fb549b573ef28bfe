"""A database that keeps its queries waiting: they end at their deadline, and a server answers others meanwhile."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path

import pytest

from api.settings import Settings
from api.storage.db import Unavailable, close_database, execute, execute_many, open_database, rows, writing
from api.storage.places import Crowded, Places
from tests.conftest import statement
from tests.faults.locks import write_lock
from tests.servers import Answer, Server, serving

# Nothing is ever found in it, but finding that out takes for ever.
ENDLESS = """
    CREATE VIEW figure_word AS
    WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 9000)
    SELECT 'kill' AS word, a.x AS figure FROM c a, c b, c d, c e WHERE a.x + b.x + d.x + e.x < 0
"""
SLOW = "/v1/figures?name=killed"
COUNTED = statement(figures=[{"name": "killed", "value": 7}])


def make_slow(url: str) -> None:
    open_database(Settings(database=url))
    try:
        execute("ALTER TABLE figure_word RENAME TO figure_word_as_it_was")
        execute(ENDLESS)
    finally:
        close_database()


def at_once(server: Server, pool: ThreadPoolExecutor, count: int, *request: object) -> list[Future[Answer]]:
    futures = [pool.submit(server.ask, *request) for _ in range(count)]  # type: ignore[arg-type]
    # Until all have arrived.
    time.sleep(0.5)
    return futures


@pytest.mark.thorough
def test_slow_queries_end_at_their_deadline_and_keep_nobody_else_waiting(empty_database_url: str) -> None:
    with serving(empty_database_url, "--workers", "1", ONRECORD_QUERY_TIMEOUT="5") as server:
        record = server.ask("POST", "/v1/statements", COUNTED).json
        make_slow(empty_database_url)
        with ThreadPoolExecutor(8) as pool:
            slow = at_once(server, pool, 8, "GET", SLOW)
            assert server.ask("GET", "/livez").status == 200
            assert server.ask("GET", f"/v1/statements/{record['id']}").json == record
            assert server.ask("GET", "/v1/statements").json["total"] == 1
            assert not any(each.done() for each in slow)
            answers = [each.result() for each in slow]
        assert {answer.status for answer in answers} == {503}
        for answer in answers:
            assert int(answer.headers["retry-after"]) >= 1
            assert "took too long" in answer.json["detail"], server.log.read_text()
        assert server.ask("GET", "/v1/statements").status == 200


@pytest.mark.thorough
def test_more_slow_queries_than_places_are_refused_but_the_process_answers(empty_database_url: str) -> None:
    with serving(empty_database_url, "--workers", "1", "--threads", "2", ONRECORD_QUERY_TIMEOUT="5") as server:
        server.ask("POST", "/v1/statements", COUNTED)
        make_slow(empty_database_url)
        with ThreadPoolExecutor(3) as pool:
            slow = at_once(server, pool, 3, "GET", SLOW)
            time.sleep(1)
            refused = server.ask("GET", "/v1/statements")
            assert server.ask("GET", "/livez").status == 200
            assert not any(each.done() for each in slow)
        assert refused.status == 503
        assert "Too many" in refused.json["detail"]
        assert server.ask("GET", "/v1/statements").status == 200


def write_slowly() -> None:
    with writing():
        execute("INSERT INTO topic (statement, folded, label) SELECT figure, word, word FROM figure_word")


@pytest.mark.parametrize("slowly", [lambda: rows("SELECT count(*) FROM figure_word"), write_slowly])
def test_a_deadline_ends_reads_and_writes_alike(database_url: str, slowly: Callable[[], object]) -> None:
    make_slow(database_url)
    open_database(Settings(database=database_url, query_timeout=0.3))
    try:
        with pytest.raises(Unavailable) as refused:
            slowly()
        assert "took too long" in refused.value.reason
        # The connection is as good as before.
        with writing():
            execute("UPDATE index_state SET version = version")
    finally:
        close_database()


def test_many_rows_at_once_have_the_time_of_a_query_whatever_was_before(database_url: str) -> None:
    open_database(Settings(database=database_url, query_timeout=2))
    # Long enough for the clock to be looked at.
    count = "(WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 100000) SELECT count(*) FROM c)"
    try:
        with writing():
            [before] = rows("SELECT version FROM index_state")
            # As checking many lines does.
            time.sleep(2.1)
            execute_many(f"UPDATE index_state SET version = version + 1 WHERE {count} > ?", [(n,) for n in range(3)])
        assert rows("SELECT version FROM index_state") == [(before[0] + 3,)]
    finally:
        close_database()


def test_writers_who_wait_for_somebody_else_leave_threads_for_reading(empty_database_url: str) -> None:
    with serving(empty_database_url, "--workers", "1", ONRECORD_BUSY_TIMEOUT="3") as server:
        record = server.ask("POST", "/v1/statements", statement()).json
        with ThreadPoolExecutor(12) as pool, write_lock(empty_database_url):
            writes = at_once(server, pool, 12, "POST", "/v1/statements", statement(text="More."))
            assert server.ask("GET", "/livez").status == 200
            assert server.ask("GET", f"/v1/statements/{record['id']}").json == record
            assert not all(each.done() for each in writes)
            answers = [each.result() for each in writes]
        assert {answer.status for answer in answers} == {503}
        assert all(int(answer.headers["retry-after"]) >= 1 for answer in answers)
        assert server.ask("GET", "/v1/statements").json["total"] == 1
        assert server.ask("POST", "/v1/statements", statement(text="More.")).status == 201


@pytest.mark.parametrize("empty_database_url", ["sqlite"], indirect=True)
def test_a_process_that_dies_in_its_turn_gives_it_back(empty_database_url: str) -> None:
    with serving(empty_database_url, "--workers", "2", ONRECORD_BUSY_TIMEOUT="3") as server:
        children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
        if not children.exists():
            pytest.skip("reads /proc")
        with ThreadPoolExecutor(4) as pool:
            numbers = iter(range(10**6))

            def write(_: int) -> list[int]:
                statuses = []
                for _ in range(25):
                    try:
                        answer = server.ask("POST", "/v1/statements", statement(text=f"Words {next(numbers)}."))
                        statuses.append(answer.status)
                    except (OSError, HTTPException):
                        # The process died before the answer, or in the midst of it.
                        statuses.append(0)
                return statuses

            writing = pool.map(write, range(4))
            time.sleep(0.1)
            os.kill(int(children.read_text().split()[0]), signal.SIGKILL)
            statuses = [status for some in writing for status in some]
        assert set(statuses) <= {0, 201}
        assert server.ask("GET", "/v1/statements").json["total"] >= statuses.count(201)


def test_places_are_given_back_and_refused_where_none_comes_free() -> None:
    places = Places(1, patience=0.05)
    with places, places:
        refused: list[bool] = []

        def enter() -> None:
            try:
                with places:
                    refused.append(False)
            except Crowded:
                refused.append(True)

        other = threading.Thread(target=enter)
        other.start()
        other.join()
        assert refused == [True]
    enter()
    assert refused == [True, False]


def test_as_long_as_places_come_free_everybody_gets_one() -> None:
    places = Places(2, patience=5)
    inside: list[int] = []

    def enter(number: int) -> int:
        with places:
            inside.append(1)
            assert len(inside) <= 2
            time.sleep(0.005)
            inside.pop()
        return number

    with ThreadPoolExecutor(12) as pool:
        assert list(pool.map(enter, range(60))) == list(range(60))
