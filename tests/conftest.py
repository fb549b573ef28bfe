"""Fixtures for every test.

Policy: tests run against the real application on a real database, each on SQLite and on PostgreSQL
(`databases.py`); nothing of our own is mocked. alice may write, bob may read, dora administers, and
charlie has no key. What a test needs stored it stores itself, through the API, with `statement()` and
`smallest` giving the smallest valid documents to build on.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api.app import create_app
from api.domain.core import keys
from api.settings import Settings
from api.storage.db import close_database
from tests.drawing import drawn

pytest_plugins = ["tests.databases"]

NEVER = "stm_00000000000000000000000000"
COLLECTIONS = ("statements", "speakers", "outlets", "sources", "reviews", "relations")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark by what a test's module imports: who imports from `tests.servers` starts processes, and who draws draws."""
    imported = [*vars(getattr(item, "module", None) or object).values()]
    if any(getattr(each, "__module__", None) == "tests.servers" for each in imported):
        item.add_marker("processes")
        # Most of what they are about is the same on both databases, and to start servers takes long.
        if "postgresql" in map(str, getattr(getattr(item, "callspec", None), "params", {}).values()):
            item.add_marker("thorough")
    if any(each is drawn for each in imported):
        item.add_marker("drawn")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that take longest, so that several processes come to their end together."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture
def app(database_url: str) -> Iterator[Flask]:
    """The application on a fresh database."""
    yield create_app(Settings(database=database_url))
    close_database()


@pytest.fixture
def another(request: pytest.FixtureRequest, database_url: str) -> Iterator[str]:
    """A second, empty database of the same kind."""
    databases = request.getfixturevalue(f"{database_url.split(':')[0]}_databases")
    with databases.fresh() as url:
        yield url


class Client:
    """Somebody who uses the API, with a key or without."""

    def __init__(self, app: Flask, key: str | None = None) -> None:
        self.key = key
        self._client: FlaskClient = app.test_client()
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}

    def open(self, method: str, address: str, *, headers: dict[str, str] | None = None, **given: Any) -> TestResponse:
        """Send a request, with the key in its header."""
        return self._client.open(address, method=method, headers={**self._headers, **(headers or {})}, **given)

    def get(self, address: str, **given: Any) -> TestResponse:
        """GET an address."""
        return self.open("GET", address, **given)

    def post(self, address: str, json: Any = None, **given: Any) -> TestResponse:
        """POST a document."""
        return self.open("POST", address, json=json, **given)

    def patch(self, address: str, json: Any = None, **given: Any) -> TestResponse:
        """PATCH a record."""
        return self.open("PATCH", address, json=json, **given)

    def delete(self, address: str, json: Any = None, **given: Any) -> TestResponse:
        """DELETE a record; without a body unless one is given."""
        return self.open("DELETE", address, **({"json": json} if json is not None else {}), **given)

    def record(self, json: dict[str, Any], collection: str = "statements") -> dict[str, Any]:
        """POST a document that must be accepted and return the record."""
        answer = self.post(f"/v1/{collection}", json)
        assert answer.status_code == 201, answer.text
        return dict(answer.json)


@pytest.fixture
def alice(app: Flask) -> Client:
    """May write."""
    return Client(app, keys.make("alice", ["write"])["key"])


@pytest.fixture
def bob(app: Flask) -> Client:
    """May read."""
    return Client(app, keys.make("bob", ["read"])["key"])


@pytest.fixture
def dora(app: Flask) -> Client:
    """Administers."""
    return Client(app, keys.make("dora", ["admin"])["key"])


@pytest.fixture
def charlie(app: Flask) -> Client:
    """Has no key."""
    return Client(app)


def statement(**changes: Any) -> dict[str, Any]:
    """Return the smallest valid statement, with changes."""
    smallest = {
        "kind": "quote",
        "text": "We are on record.",
        "speaker": "Antony Blinken",
        "outlet": "The Associated Press",
        "said_on": "2022-03-23",
    }
    return {**smallest, **changes}


@pytest.fixture
def smallest(alice: Client) -> dict[str, dict[str, Any]]:
    """The smallest valid document of every collection; the statements that some of them name are stored."""
    one, other = (alice.record(statement(text=text))["id"] for text in ("One side.", "The other side."))
    return {
        "statements": statement(),
        "speakers": {"name": "Joseph L. Votel"},
        "outlets": {"name": "Reuters"},
        "sources": {"url": "https://news.example/article"},
        "reviews": {"statement": one, "author": {"name": "Example Facts"}, "rating": {"alternate_name": "True"}},
        "relations": {"subject": one, "type": "disagrees_with", "object": other},
    }
