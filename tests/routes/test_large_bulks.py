"""Bulks as large as may be, sent to a real server: in bounded memory, and each line once however it is killed."""

from __future__ import annotations

import http.client
import json
import threading
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path

from tests.conftest import statement
from tests.faults.locks import write_lock
from tests.servers import Answer, Server, serving

KEY = {"Content-Type": "application/x-ndjson", "Idempotency-Key": "morning-wire"}
MIB = 1 << 20


def send(server: Server, body: bytes) -> Answer:
    return server.ask("POST", "/v1/statements/bulk", body, timeout=120, **KEY)


def most_memory(server: Server) -> int:
    """Return how many MiB the server's worker has had at most."""
    [worker] = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    lines = Path(f"/proc/{worker}/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM"))


def test_a_body_of_60_mib_is_taken_in_little_more_memory_than_it_has(database_url: str) -> None:
    line = json.dumps(statement(text="%d", context="word " * 1000)).encode()
    # JSON lets spaces stand between its values.
    body = b"".join(line.replace(b"%d", b"%d" % n).ljust(MIB - 1) + b"\n" for n in range(60))
    with serving(database_url, "--workers", "1") as server:
        server.ask("POST", "/v1/statements", statement())
        before = most_memory(server)
        answer = send(server, body)
        assert (answer.status, answer.json["created"]) == (200, 60)
        assert most_memory(server) - before < 60 + 64


def test_a_bulk_whose_server_is_killed_is_there_once_when_it_is_sent_again(database_url: str) -> None:
    lines = [statement(text=f"Sentence {n}.") if n % 100 else {} for n in range(1, 4001)]
    body = b"".join(json.dumps(each).encode() + b"\n" for each in lines)
    with serving(database_url, "--workers", "1") as server:
        key = server.key

        def sender() -> None:
            with suppress(OSError, http.client.HTTPException):
                send(server, body)

        thread = threading.Thread(target=sender)
        thread.start()
        while thread.is_alive() and not server.ask("GET", "/v1/statements?limit=1").json["total"]:
            pass
        server.kill()
        thread.join()
    with serving(database_url, key=key) as server:
        stored = server.ask("GET", "/v1/statements.ndjson").body.splitlines()
        assert len(stored) < 3960, "it was not killed in the midst"
        answer = send(server, body)
        assert (answer.status, answer.json["received"], answer.json["created"]) == (207, 4000, 3960)
        assert [each["line"] for each in answer.json["errors"]] == list(range(100, 4001, 100))
        texts = [json.loads(each)["text"] for each in server.ask("GET", "/v1/statements.ndjson").body.splitlines()]
        assert sorted(texts) == sorted(each["text"] for each in lines if each)
        again = send(server, body)
        assert (again.headers["idempotent-replayed"], again.body) == ("true", answer.body)


def test_of_two_large_bodies_one_is_worked_on_and_the_other_may_come_again(database_url: str) -> None:
    def body(name: str) -> bytes:
        return b"".join(
            json.dumps(statement(text=f"{name} {n}.", context="word " * 500)).encode() + b"\n" for n in range(600)
        )

    bodies = {name: body(name) for name in ("One", "Another")}
    assert all(MIB < len(each) < 2 * MIB for each in bodies.values())
    with serving(database_url, "--workers", "1", ONRECORD_BUSY_TIMEOUT="60") as server:

        def post(name: str) -> Answer:
            headers = {"Content-Type": "application/x-ndjson", "Idempotency-Key": name}
            return server.ask("POST", "/v1/statements/bulk", bodies[name], timeout=120, **headers)

        with ThreadPoolExecutor(2) as pool:
            # Nobody can write, so that whichever comes first is still worked on when the other gives up.
            with write_lock(database_url):
                sent = {pool.submit(post, name): name for name in bodies}
                done, left = wait(sent, return_when=FIRST_COMPLETED)
                assert server.ask("GET", "/v1/statements").json["total"] == 0
            (refused,), (taken,) = done, left
        answer = refused.result()
        assert (answer.status, answer.headers["retry-after"]) == (503, "10")
        assert "large bodies" in answer.json["detail"]
        assert (taken.result().status, taken.result().json["created"]) == (200, 600)
        again = post(sent[refused])
        assert (again.status, again.json["created"]) == (200, 600)
        assert server.ask("GET", "/v1/statements?limit=1").json["total"] == 1200
