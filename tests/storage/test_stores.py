"""Two applications in one process, each with its own database: neither ever sees or writes what is the other's."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest
from pathlib import Path

import pytest

from api.app import STORE, create_app
from api.domain.core import keys
from api.settings import Settings
from api.storage import store
from api.storage.db import close_database, db, rows, writing
from tests.conftest import Client, statement
from tests.databases import KINDS, databases_for


class Pair:
    """Two applications with a client who may write to each."""

    def __init__(self, *urls: str) -> None:
        self.apps = [create_app(Settings(database=url)) for url in urls]
        self.stores = [app.extensions[STORE] for app in self.apps]
        self.clients = []
        for app, own in zip(self.apps, self.stores, strict=True):
            store.use(own)
            self.clients.append(Client(app, keys.make("alice", ["admin"])["key"]))

    def close(self) -> None:
        """Close what this thread has opened."""
        for own in self.stores:
            store.use(own)
            close_database()


@pytest.fixture(params=[(one, other) for one in KINDS for other in KINDS], ids="-".join)
def pair(request: pytest.FixtureRequest) -> object:
    kinds = request.param
    with_each = []
    for kind in kinds:
        request.param = kind
        with_each.append(databases_for(request).fresh())
    with with_each[0] as one, with_each[1] as other:
        made = Pair(one, other)
        yield made
        made.close()


def texts(client: Client, address: str = "/v1/statements.ndjson") -> list[str]:
    return [json.loads(line)["text"] for line in client.get(address).text.splitlines()]


def test_each_application_answers_from_its_own_database(pair: Pair) -> None:
    one, other = pair.clients
    for number in range(3):
        one.record(statement(text=f"One says {number}."))
        other.record(statement(text=f"The other says {number}."))
    assert sorted(texts(one)) == [f"One says {number}." for number in range(3)]
    assert sorted(texts(other)) == [f"The other says {number}." for number in range(3)]
    for client in pair.clients:
        # Three statements, with a speaker and an outlet that were made for the first.
        assert client.get("/v1/log/head").json["seq"] == 5
        assert client.get("/v1/statements?q=says").json["total"] == 3
        assert client.get("/readyz").status_code == 200
    # A key of one is unknown to the other.
    assert Client(pair.apps[1], one.key).get("/v1/me").status_code == 401


def test_streams_of_both_may_be_read_in_turns_by_one_thread(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.domain.finding.streams.BATCH", 2)
    one, other = pair.clients
    for number in range(9):
        one.record(statement(text=f"One says {number}."))
        other.record(statement(text=f"The other says {number}."))
    streams = [
        client.get("/v1/statements.ndjson?expand=speaker&sort=created_at", buffered=False) for client in pair.clients
    ]
    chunks: list[list[bytes]] = [[], []]
    for parts in zip_longest(*(iter(each.response) for each in streams)):
        for found, part in zip(chunks, parts, strict=True):
            found += [part] if part else []
    for each in streams:
        each.close()
    for found, who in zip(chunks, ("One", "The other"), strict=True):
        lines = [json.loads(line) for line in b"".join(found).splitlines()]
        assert [line["text"] for line in lines] == [f"{who} says {number}." for number in range(9)]
        assert all(line["speaker"]["version"] == 1 for line in lines)


def test_many_threads_may_serve_both(pair: Pair) -> None:
    def write(number: int) -> int:
        pair.clients[number % 2].record(statement(text=f"Number {number}."))
        found = len(texts(pair.clients[(number + 1) % 2]))
        pair.close()
        return found

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(24)))
    assert sorted(texts(pair.clients[0])) == sorted(f"Number {number}." for number in range(0, 24, 2))
    assert sorted(texts(pair.clients[1])) == sorted(f"Number {number}." for number in range(1, 24, 2))


def test_a_write_of_one_is_no_transaction_of_the_other(pair: Pair) -> None:
    store.use(pair.stores[0])
    with writing():
        assert db.in_transaction()
        store.use(pair.stores[1])
        assert not db.in_transaction()
        store.use(pair.stores[0])
    assert rows("SELECT count(*) FROM statement") == [(0,)]


def test_without_a_store_it_is_said_what_comes_first(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "_of_process", None)

        def ask() -> None:
            with pytest.raises(store.NoStore):
                rows("SELECT 1")

        with ThreadPoolExecutor(1) as pool:
            pool.submit(ask).result()
