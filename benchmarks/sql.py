"""The SQL of requests, taken down as the service runs it, and run by itself in a loop."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from api.app import create_app
from api.settings import Settings
from api.storage import sqlite
from api.storage.db import close_database, db
from benchmarks.apart import apart, together
from benchmarks.load import Load, Refused
from benchmarks.store import Store

Statements = list[tuple[str, Sequence[Any]]]


def taken_down(store: Store, paths: list[str]) -> list[Statements]:
    """Return the SQL that each of these requests makes the service run."""
    return apart(_taken_down, store, paths)


def _taken_down(store: Store, paths: list[str]) -> list[Statements]:
    client = create_app(store.settings).test_client()
    found: list[Statements] = []
    run = db.obj.execute_sql

    def noted(sql: str, params: Any = None) -> Any:
        found[-1].append((sql, tuple(params or ())))
        return run(sql, params)

    # The first request also reads what is the same for all, once.
    client.get(paths[0])
    db.obj.execute_sql = noted
    for path in paths:
        found.append([])
        if (answer := client.get(path)).status_code != 200:
            raise Refused(f"{path}: {answer.status_code} {answer.text[:300]}")
    close_database()
    return found


def loop(store: Store, requests: list[Statements], seconds: float, *, processes: int, start: int = 0) -> Load:
    """Run the SQL of requests in turn for so many seconds, in as many processes as the service has workers."""
    share = [lambda first=n: _loop(store, requests, seconds, start + first, processes) for n in range(processes)]
    parts = together(share)
    return Load(seconds, [each for part in parts for each in part.times], sum(part.asked for part in parts))


def _loop(store: Store, requests: list[Statements], seconds: float, start: int, step: int) -> Load:
    # The connection is the service's own, with its settings.
    run = sqlite.open_database(Settings(database=store.url)).connection().execute
    times, clock, at = [], time.perf_counter, start
    counted_from = clock() + seconds / 10
    until = counted_from + seconds
    while (began := clock()) < until:
        for sql, parameters in requests[at % len(requests)]:
            run(sql, parameters).fetchall()
        at += step
        if began >= counted_from:
            times.append(clock() - began)
    return Load(seconds, times, (at - start) // step)


def ask_database(store: Store, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Return the rows of a query, run in a process of its own."""
    return apart(_ask, store, sql, parameters)


def _ask(store: Store, sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    connection = sqlite.open_database(Settings(database=store.url)).connection()
    return [tuple(each) for each in connection.execute(sql, parameters).fetchall()]


def loop_documents(store: Store, seconds: float) -> float:
    """Return how many bytes of documents a second can be read, with the names that are put into them."""
    return apart(_loop_documents, store, seconds)


def _loop_documents(store: Store, seconds: float) -> float:
    connection = sqlite.open_database(Settings(database=store.url)).connection()
    cursor = connection.execute(
        "SELECT t.document, s.reference, o.reference FROM statement t LEFT JOIN speaker s ON s.n = t.speaker "
        "LEFT JOIN outlet o ON o.n = t.outlet ORDER BY t.said_lower DESC, t.id DESC"
    )
    size, began = 0, time.perf_counter()
    while (took := time.perf_counter() - began) < seconds and (found := cursor.fetchmany(500)):
        size += sum(len(document) for document, _, _ in found)
    return size / took
