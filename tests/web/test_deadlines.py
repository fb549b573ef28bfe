"""The time of a request: whoever asks for too much work is told so, and nothing goes on working for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import orjson
import pytest

from api import deadlines
from api.app import create_app
from api.deadlines import TooLong
from api.domain.core import keys
from api.domain.core.keys import ANONYMOUS
from api.domain.evidence.statements import STATEMENT
from api.domain.finding import views
from api.settings import Settings
from api.storage.db import close_database, row
from api.text import quotations
from api.text.alignment import align
from tests.conftest import Client, statement
from tests.storage.test_standing_still import COUNTED, SLOW, make_slow

WORDS = quotations.read("We will never give up, and nobody will make us.").words


@pytest.fixture
def hurried(database_url: str) -> Iterator[Client]:
    """May write, and is given next to no time for reading."""
    app = create_app(Settings(database=database_url, request_timeout=1e-9))
    yield Client(app, keys.make("hurried", ["write"])["key"])
    close_database()


def test_a_read_that_takes_too_long_says_what_to_do_and_a_write_is_never_given_up(hurried: Client) -> None:
    record = hurried.record(statement())
    patched = hurried.patch(f"/v1/statements/{record['id']}", {"place": "Kyiv", "version": 1})
    assert patched.status_code == 200
    for path in ("statements", f"statements/{record['id']}", "statements/counts?by=day", "check?text=We+are+on+record"):
        refused = hurried.get(f"/v1/{path}")
        assert refused.status_code == 503, path
        assert refused.headers["Retry-After"] == "1"
        assert "Ask for less" in refused.json["detail"]
    assert hurried.post("/v1/check", {"text": "We are on record."}).status_code == 503
    assert hurried.get("/livez").status_code == 200


@pytest.mark.parametrize(
    "work",
    [
        lambda: row("SELECT 1"),
        lambda: align(WORDS, WORDS, frozenset()),
        lambda: align(WORDS, WORDS, {3}),
        lambda: views.shaped(
            STATEMENT, orjson.dumps(statement()).decode(), {"highlight": True, "q": "record", "lang": None}, ANONYMOUS
        ),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_all_that_may_go_on_for_long_looks_at_the_time(hurried: Client, work: Callable[[], object]) -> None:
    with deadlines.within(-1), pytest.raises(TooLong):
        work()


def test_the_time_is_that_of_one_request_alone() -> None:
    with deadlines.within(-1):
        with deadlines.within(60):
            deadlines.look()
        with pytest.raises(TooLong):
            deadlines.look()
    deadlines.look()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_query_ends_with_the_time_of_its_request(database_url: str) -> None:
    app = create_app(Settings(database=database_url, query_timeout=300, request_timeout=0.5))
    try:
        Client(app, keys.make("writer", ["write"])["key"]).record(COUNTED)
        make_slow(database_url)
        # Making it slow has opened the database by other settings.
        app = create_app(Settings(database=database_url, query_timeout=300, request_timeout=0.5))
        refused = Client(app).get(SLOW)
        assert refused.status_code == 503
        assert "took too long" in refused.json["detail"]
    finally:
        close_database()
