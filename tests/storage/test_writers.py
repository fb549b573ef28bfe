"""Many writers at once, against a running server with two workers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from api.domain.history.chain import GENESIS, Entry
from api.settings import Settings
from api.storage.db import close_database, open_database, rows
from tests.conftest import statement
from tests.servers import Server, onrecord, serving

WRITERS, EACH = 8, 15


def write(server: Server, writer: int) -> list[tuple[int, dict[str, Any]]]:
    """Record statements, some of which two writers send alike, and revise each."""
    outcomes = []
    for number in range(EACH):
        name = f"shared {number}" if number % 3 == 0 else f"{writer} {number}"
        document = statement(text=f"Words {name}.", speaker=f"Speaker {number % 4}", external_id=name)
        answer = server.ask("POST", "/v1/statements", document)
        outcomes.append((answer.status, answer.json))
        if answer.status == 201:
            patch = {"place": "Brussels", "version": 1}
            outcomes.append((server.ask("PATCH", f"/v1/statements/{answer.json['id']}", patch).status, {}))
    return outcomes


def test_eight_writers_lose_nothing_and_leave_no_gap(empty_database_url: str) -> None:
    with serving(empty_database_url) as server:
        with ThreadPoolExecutor(WRITERS) as writers:
            outcomes = [each for some in writers.map(lambda n: write(server, n), range(WRITERS)) for each in some]
        shared = len(range(0, EACH, 3))
        made = WRITERS * (EACH - shared) + shared
        assert sorted({status for status, _ in outcomes}) == [200, 201, 409]
        assert [status for status, _ in outcomes].count(201) == made
        listed = server.ask("GET", "/v1/statements?limit=200").json
        assert listed["total"] == made
        assert {each["version"] for each in listed["data"]} == {2}
        assert server.ask("GET", "/v1/speakers").json["total"] == 4
    open_database(Settings(database=empty_database_url))
    try:
        found = rows("SELECT seq, at, op, type, record, version, by, note, sha256, hash FROM entry ORDER BY seq")
    finally:
        close_database()
    assert [each[0] for each in found] == list(range(1, 2 * made + 4 + 1 + 1))
    previous = GENESIS
    for *fields, link in found:
        assert Entry(*fields).hash(previous) == link
        previous = link


def test_a_revoked_key_is_refused_at_once_by_every_worker(empty_database_url: str) -> None:
    with serving(empty_database_url, "--workers", "3") as server:
        assert {server.ask("GET", "/v1/keys").status for _ in range(12)} == {200}
        [key] = server.ask("GET", "/v1/keys").json["data"]
        onrecord(empty_database_url, "keys", "revoke", key["id"])
        assert {server.ask("GET", "/v1/statements").status for _ in range(12)} == {401}


def test_what_was_acknowledged_survives_a_kill(empty_database_url: str) -> None:
    with serving(empty_database_url) as server:
        answers = [server.ask("POST", "/v1/statements", statement(text=f"Words {n}.")) for n in range(20)]
        server.kill()
        key = server.key
    with serving(empty_database_url, key=key) as server:
        for answer in answers:
            assert server.ask("GET", f"/v1/statements/{answer.json['id']}").body == answer.body
