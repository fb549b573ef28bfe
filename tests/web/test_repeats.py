"""A write that is sent again with its Idempotency-Key is answered again, not done again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from api.domain.core import keys
from api.domain.core.keys import later
from api.domain.writing import repeats
from api.domain.writing.repeats import LIFETIME
from api.storage.db import execute, rows
from tests.conftest import COLLECTIONS, Client, statement
from tests.servers import Server, serving
from tests.test_errors import assert_problem
from tests.web.conftest import stored

HEADER = "Idempotency-Key"
SAME = ("Content-Type", "Location", "ETag", "Vary", "Cache-Control")


def repeat(client: Client, address: str, body: Any, key: str = "first") -> TestResponse:
    return client.post(address, body, headers={HEADER: key})


def assert_replayed(answer: TestResponse, first: TestResponse) -> None:
    assert answer.headers["Idempotent-Replayed"] == "true"
    assert (answer.status_code, answer.data) == (first.status_code, first.data)
    assert [answer.headers.get(name) for name in SAME] == [first.headers.get(name) for name in SAME]


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_the_same_request_is_done_once_and_answered_alike(
    alice: Client, smallest: dict[str, Any], collection: str
) -> None:
    first = repeat(alice, f"/v1/{collection}", smallest[collection])
    assert first.status_code == 201
    assert "Idempotent-Replayed" not in first.headers
    before = stored()
    for _ in range(2):
        assert_replayed(repeat(alice, f"/v1/{collection}", smallest[collection]), first)
    assert stored() == before
    # Even when the record has moved on: it is the first answer that is repeated.
    alice.delete(f"/v1/{collection}/{first.json['id']}", headers={"If-Match": "*"})
    assert_replayed(repeat(alice, f"/v1/{collection}", smallest[collection]), first)


def test_quoted_and_bare_are_one_key_and_a_final_slash_is_no_other_path(alice: Client) -> None:
    first = repeat(alice, "/v1/statements", statement(), 'a "b" \\')
    assert_replayed(repeat(alice, "/v1/statements", statement(), '"a \\"b\\" \\\\"'), first)
    assert_replayed(repeat(alice, "/v1/statements/", statement(), ' a "b" \\ '), first)


def test_another_request_with_the_same_key_is_refused(alice: Client) -> None:
    repeat(alice, "/v1/statements", statement())
    before = stored()
    for body in (statement(text="Other words."), {}, {"nonsense": 1}):
        problem = assert_problem(repeat(alice, "/v1/statements", body), 422, "POST")
        assert problem["type"] == "/problems/reused-key"
    assert stored() == before


def test_a_key_counts_for_one_access_key_and_one_path(alice: Client, dora: Client) -> None:
    ids = {
        repeat(alice, "/v1/speakers", {"name": "One"}).json["id"],
        repeat(dora, "/v1/speakers", {"name": "One"}).json["id"],
        repeat(alice, "/v1/outlets", {"name": "One"}).json["id"],
        repeat(alice, "/v1/speakers", {"name": "One"}, "second").json["id"],
    }
    assert len(ids) == 4


@pytest.mark.parametrize(
    "key", ["", " ", '""', '"', '"a', '"a"b"', '"a\\b"', "x" * 256, '"' + "x" * 256 + '"', "é", "a\x7f", "a\tb"]
)
def test_what_is_no_key_is_refused(alice: Client, key: str) -> None:
    before = stored()
    answer = alice.open("POST", "/v1/statements", json=statement(), environ_overrides={"HTTP_IDEMPOTENCY_KEY": key})
    [error] = assert_problem(answer, 400, "POST")["errors"]
    assert error["parameter"] == HEADER
    assert stored() == before


def test_the_longest_key_is_taken(alice: Client) -> None:
    first = repeat(alice, "/v1/statements", statement(), "x" * 255)
    assert_replayed(repeat(alice, "/v1/statements", statement(), '"' + "x" * 255 + '"'), first)


def test_what_was_refused_is_not_remembered(alice: Client) -> None:
    held = alice.record(statement())
    before = stored()
    assert_problem(repeat(alice, "/v1/statements", statement()), 409, "POST")
    assert_problem(repeat(alice, "/v1/statements", {"kind": "quote"}), 422, "POST")
    assert stored() == before
    alice.delete(f"/v1/statements/{held['id']}", headers={"If-Match": "*"})
    assert repeat(alice, "/v1/statements", statement()).status_code == 201


def test_only_writes_by_post_look_at_the_header(alice: Client) -> None:
    id = repeat(alice, "/v1/statements", statement()).json["id"]
    before = stored()["remembered_answer"]
    address, headers = f"/v1/statements/{id}", {HEADER: "x" * 256, "If-Match": "*"}
    assert alice.get(address, headers=headers).status_code == 200
    assert alice.patch(address, {"place": "Brussels"}, headers=headers).status_code == 200
    assert alice.delete(address, headers=headers).status_code == 204
    assert stored()["remembered_answer"] == before


def test_after_a_day_the_request_is_new_and_what_has_expired_goes(alice: Client) -> None:
    for n in range(15):
        repeat(alice, "/v1/speakers", {"name": "One"}, f"key {n}")
    execute("UPDATE remembered_answer SET at = ?", (later(-LIFETIME),))
    first = repeat(alice, "/v1/speakers", {"name": "Two"}, "key 0")
    assert first.status_code == 201
    repeat(alice, "/v1/speakers", {"name": "Two"}, "another")
    assert [name for (name,) in rows("SELECT name FROM remembered_answer ORDER BY name")] == ["another", "key 0"]
    assert_replayed(repeat(alice, "/v1/speakers", {"name": "Two"}, "key 0"), first)


def test_a_replay_needs_the_permission_that_the_write_needed(app: Flask, alice: Client) -> None:
    made = keys.make("eve", ["write"])
    eve = Client(app, made["key"])
    repeat(eve, "/v1/statements", statement())
    execute("UPDATE access_key SET scopes = 'read' WHERE id = ?", (made["id"],))
    assert_problem(repeat(eve, "/v1/statements", statement()), 403, "POST")
    keys.revoke(made["id"])
    assert_problem(repeat(eve, "/v1/statements", statement()), 401, "POST")


def test_a_new_key_is_shown_again_to_who_asked_and_stands_nowhere(app: Flask, dora: Client) -> None:
    body = {"name": "newsroom", "scopes": ["write"]}
    first = repeat(dora, "/v1/keys", body)
    assert_replayed(repeat(dora, "/v1/keys", body), first)
    assert Client(app, first.json["key"]).get("/v1/me").json["name"] == "newsroom"
    [(kept,)] = rows("SELECT body FROM remembered_answer")
    assert first.json["key"] not in kept
    assert first.json["key"] not in bytes.fromhex(kept).decode("latin-1")
    assert [each["name"] for each in dora.get("/v1/keys").json["data"]].count("newsroom") == 1


def test_answers_that_name_a_record_can_be_forgotten(alice: Client) -> None:
    first, other = (repeat(alice, "/v1/statements", statement(text=text), text).json for text in ("One.", "Other."))
    repeats.forget(first["id"])
    assert [name for (name,) in rows("SELECT name FROM remembered_answer")] == ["Other."]
    repeats.forget(other["speaker"]["id"])
    assert rows("SELECT name FROM remembered_answer") == []


# --- with real servers ---------------------------------------------------------------------------------------


def test_fifty_at_once_with_one_key_make_one_record(empty_database_url: str) -> None:
    with serving(empty_database_url, "--workers", "3") as server, ThreadPoolExecutor(50) as many:
        body, header = statement(), {HEADER: "one"}
        answers = list(many.map(lambda _: server.ask("POST", "/v1/statements", body, **header), range(50)))
        assert {each.status for each in answers} == {201}
        assert len({(each.body, each.headers["etag"], each.headers["location"]) for each in answers}) == 1
        assert sum("idempotent-replayed" not in each.headers for each in answers) == 1
        assert server.ask("GET", "/v1/statements").json["total"] == 1


@contextmanager
def posting(server: Server) -> Iterator[dict[str, Any]]:
    """Keep posting with known keys until the server is gone; gives what was acknowledged."""
    acknowledged: dict[str, Any] = {}

    def post(writer: int) -> None:
        for n in range(1000):
            name = f"{writer} {n}"
            try:
                answer = server.ask("POST", "/v1/statements", statement(text=f"Words {name}."), **{HEADER: name})
            except Exception:
                acknowledged.setdefault(name, None)
                return
            assert answer.status == 201
            acknowledged[name] = answer.json

    with ThreadPoolExecutor(4) as writers:
        for writer in range(4):
            writers.submit(post, writer)
        yield acknowledged
        server.kill()


def test_after_a_kill_every_request_can_be_sent_again_and_is_there_once(empty_database_url: str) -> None:
    key = None
    sent: dict[str, Any] = {}
    for killed in range(3):
        with serving(empty_database_url, key=key) as server:
            key = server.key
            with posting(server) as acknowledged:
                while len(acknowledged) < (killed + 1) * 7:
                    time.sleep(0.002)
            sent |= {name: document for name, document in acknowledged.items() if document or name not in sent}
    with serving(empty_database_url, key=key) as server:
        for name, document in sent.items():
            answer = server.ask("POST", "/v1/statements", statement(text=f"Words {name}."), **{HEADER: name})
            assert answer.status == 201
            assert document is None or answer.json == document
        assert server.ask("GET", "/v1/statements?limit=1").json["total"] == len(sent)
