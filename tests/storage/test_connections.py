"""What every connection to SQLite is like, whoever opens it: what is acknowledged has reached the disk."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest
from flask import Flask

from api.settings import Settings
from api.storage import db as storage
from api.storage.db import close_database, expect_much, hold, inspection, open_database, row, snapshot, writing

FULL = 2
PLACES: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "a query": nullcontext,
    "a write": writing,
    "a stream": snapshot,
    "a verification": inspection,
}
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def synchronous() -> int:
    found = row("PRAGMA synchronous")
    return int(found[0]) if found else -1


@pytest.mark.parametrize("place", PLACES)
def test_every_write_is_synced_before_it_is_acknowledged(app: Flask, place: str) -> None:
    with PLACES[place]():
        assert synchronous() == FULL
    assert synchronous() == FULL


def test_a_connection_of_every_thread_syncs_and_so_does_a_new_one_after_a_loss(app: Flask) -> None:
    def asked(_: int) -> list[int]:
        first = synchronous()
        close_database()
        second = synchronous()
        close_database()
        return [first, second]

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(asked, range(8))) == [[FULL, FULL]] * 8


def test_commands_and_imports_sync_as_well(database_url: str) -> None:
    settings = Settings(database=database_url)
    for opened in (open_database, hold):
        opened(settings)
        try:
            assert synchronous() == FULL
            expect_much()
            assert synchronous() == FULL
            storage.execute("CREATE TABLE other (n INTEGER)")
            storage.execute("DROP TABLE other")
        finally:
            close_database()
