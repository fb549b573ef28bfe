"""What becomes of a connection: an answer given early ends it and says so, and what is no request is answered, too."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.conftest import statement
from tests.servers import Server, serving
from tests.web.sockets import Connection, chunked, refused

DOCUMENT = json.dumps(statement()).encode()
JSON = "Content-Type: application/json"
NEVER = "onr_" + "x" * 43 + "_00000000"


@pytest.fixture(scope="module")
def server(shared_database_url: str) -> Iterator[Server]:
    with serving(shared_database_url, "--workers", "1") as running:
        yield running


def head(line: str, *headers: str) -> bytes:
    """Return the head of a request."""
    return "\r\n".join([line, "Host: record.example", *headers]).encode() + b"\r\n\r\n"


# --- answers that are given while the body is unread ------------------------------------------------------------

EARLY = [
    (401, "POST /v1/statements", "X: y", JSON),
    (401, "POST /v1/statements", f"Authorization: Bearer {NEVER}", JSON),
    (401, "POST /v1/statements/bulk", "X: y", "Content-Type: text/csv"),
    (401, "DELETE /v1/statements/stm_00000000000000000000000000", "X: y", JSON),
    (404, "POST /v1/nothing", "KEY", JSON),
    (404, "GET /v1/statements/stm_00000000000000000000000000", "KEY", JSON),
    (405, "PUT /v1/statements", "KEY", JSON),
    (415, "POST /v1/statements", "KEY", "Content-Type: text/plain"),
    (415, "POST /v1/statements", "KEY", f"{JSON}\r\nContent-Encoding: gzip"),
    (400, "POST /v1/statements/bulk?atomic=perhaps", "KEY", "Content-Type: text/csv"),
    (400, "POST /v1/statements?limit=1", "KEY", JSON),
    (400, "GET /v1/statements?limit=no", "KEY", JSON),
]


@pytest.mark.parametrize("framing", ["length", "chunks", "told beforehand"])
def test_an_answer_given_while_the_body_is_unread_ends_the_connection_and_says_so(server: Server, framing: str) -> None:
    told = {"length": f"Content-Length: {len(DOCUMENT)}", "chunks": "Transfer-Encoding: chunked"}
    body = chunked(DOCUMENT, 50) if framing == "chunks" else DOCUMENT
    for status, line, key, kind in EARLY:
        key = key.replace("KEY", f"Authorization: Bearer {server.key}")
        length = told.get(framing, f"{told['length']}\r\nExpect: 100-continue")
        # All of it is there, part of it, and none: the answer does not wait for the rest.
        for part in (body, body[:20], b""):
            with closing(Connection(server.port)) as connection:
                connection.send(head(f"{line} HTTP/1.1", key, kind, length) + part)
                refused(connection, status)


def test_a_body_that_nobody_asked_for_ends_the_connection_also_after_a_success(server: Server) -> None:
    for line in ("GET /livez", "GET /v1/statements", "OPTIONS /v1/statements"):
        with closing(Connection(server.port)) as connection:
            connection.send(head(f"{line} HTTP/1.1", "Content-Length: 2") + b"{}")
            answer = connection.answer()
            assert answer is not None
            assert answer[0] in (200, 204)
            assert answer[1]["connection"] == "close"
            assert connection.ended()


def test_an_answer_to_a_body_that_was_read_keeps_the_connection(server: Server) -> None:
    right = (f"Authorization: Bearer {server.key}", JSON, f"Content-Length: {len(DOCUMENT)}")
    with closing(Connection(server.port)) as connection:
        # The first is new, the second a double, the third and fourth are answered as before.
        for status, key in ((201, "kept"), (409, "other"), (201, "kept"), (201, "kept")):
            connection.send(head("POST /v1/statements HTTP/1.1", *right, f"Idempotency-Key: {key}") + DOCUMENT)
            answer = connection.answer()
            assert answer is not None
            assert (answer[0], answer[1]["connection"]) == (status, "keep-alive")
        connection.send(head("GET /livez HTTP/1.1", "Content-Length: 0"))
        answer = connection.answer()
        assert answer is not None
        assert (answer[0], answer[1]["connection"]) == (200, "keep-alive")


@pytest.mark.parametrize("size", [200, 200_000, 3_000_000])
def test_the_next_request_of_a_pooled_connection_never_fails(server: Server, size: int) -> None:
    body = DOCUMENT.ljust(size)
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)) as connection:
        for _, line, key, kind in EARLY:
            method, _, path = line.partition(" ")
            headers = dict(each.split(": ") for each in f"{key}\r\n{kind}".split("\r\n") if ": " in each)
            if key == "KEY":
                headers["Authorization"] = f"Bearer {server.key}"
            for _ in range(2):
                connection.request(method, path, body, headers)
                answer = connection.getresponse()
                assert answer.status in range(400, 500), line
                answer.read()
                connection.request("GET", "/livez")
                answer = connection.getresponse()
                assert answer.status == 200, line
                answer.read()


def test_who_has_asked_too_often_is_told_so_and_the_connection_ends(shared_database_url: str) -> None:
    with serving(shared_database_url, "--workers", "1", ONRECORD_RATE_LIMIT_ANONYMOUS="1/day") as limited:
        for status in (401, 429):
            with closing(Connection(limited.port)) as connection:
                length = f"Content-Length: {len(DOCUMENT)}"
                connection.send(head("POST /v1/statements HTTP/1.1", JSON, length) + DOCUMENT)
                refused(connection, status)


# --- how a body's length is told ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "status"),
    [
        (("Content-Length: 5", "Transfer-Encoding: chunked"), 400),
        (("Transfer-Encoding: chunked", "Content-Length: 5"), 400),
        (("Content-Length: 5", "Content-Length: 5"), 400),
        (("Content-Length: 5", "Content-Length: 6"), 400),
        (("Content-Length: 5, 5",), 400),
        (("Content-Length: +5",), 400),
        (("Content-Length: -5",), 400),
        (("Content-Length: 0x5",), 400),
        (("Content-Length: five",), 400),
        (("Content-Length:",), 400),
        (("Content-Length: " + "9" * 30,), 413),
        (("Content-Length: " + "9" * 5000,), 400),
        (("Transfer-Encoding: identity",), 400),
        (("Transfer-Encoding: gzip",), 400),
        (("Transfer-Encoding: gzip, chunked",), 415),
        (("Transfer-Encoding: gzip", "Transfer-Encoding: chunked"), 415),
        (("Transfer-Encoding: chunked, gzip",), 400),
        (("Transfer-Encoding: chunked, chunked",), 400),
        (("Transfer-Encoding: xchunked",), 501),
        (("Content-Length: 5", "Expect: a miracle"), 417),
        (("Content-Length: 5", "X: y\r\n z"), 400),
        (("Content-Length: 5", *(f"X-{number}: y" for number in range(200))), 431),
    ],
)
def test_a_body_of_which_the_length_is_not_clear_is_refused_as_a_problem(
    server: Server, told: tuple[str, ...], status: int
) -> None:
    before = server.ask("GET", "/v1/log/head").body
    with closing(Connection(server.port)) as connection:
        common = (f"Authorization: Bearer {server.key}", JSON)
        connection.send(head("POST /v1/statements HTTP/1.1", *common, *told) + b"5\r\n{    \r\n0\r\n\r\n")
        refused(connection, status)
    assert server.ask("GET", "/v1/log/head").body == before


def test_a_body_without_a_length_is_none(server: Server) -> None:
    for version, told in (("1.0", "X: y"), ("1.0", "Expect: 100-continue"), ("1.1", "X: y")):
        with closing(Connection(server.port)) as connection:
            line = f"POST /v1/statements HTTP/{version}"
            connection.send(head(line, f"Authorization: Bearer {server.key}", JSON, "Connection: close", told))
            assert "empty" in refused(connection, 400)["detail"]


# --- what is no request -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("GET /v1/statements?q=café HTTP/1.1", "/v1/statements"),
        ("GET /v1/caf\N{LATIN SMALL LETTER E WITH ACUTE} HTTP/1.1", "/v1/caf%C3%A9"),
        ("GET /v1/statements?q=two words HTTP/1.1", "/"),
        ("GET /v1/statements?q=\x7f HTTP/1.1", "/v1/statements"),
        ("get /v1/statements HTTP/1.1", "/"),
        ("GET /v1/statements HTTP/3.0", "/"),
        ("GET /v1/statements", "/v1/statements"),
        ("\x16\x03\x01\x02", "/"),
        ("", "/"),
    ],
)
def test_what_is_no_request_is_answered_with_a_problem(server: Server, line: str, path: str) -> None:
    with closing(Connection(server.port)) as connection:
        connection.send(b"\r\n" + head(line))
        problem = refused(connection, 400)
        assert problem["type"] == "/problems/malformed"
        assert problem["instance"] == path
        if "?" in line or "caf" in line:
            assert "--data-urlencode" in problem["detail"]


def of_length(length: int) -> str:
    """Return a request line of so many bytes, which asks for names that nobody has."""
    names = ",".join(["x" * 700] * (length // 701))
    line = f"GET /v1/statements?speaker={names} HTTP/1.1"
    return line.replace("?speaker=", f"?speaker={'y' * (length - len(line) - 1)},")


def test_a_request_line_may_have_8190_bytes_and_the_limit_is_told_beyond(server: Server) -> None:
    for length in (4_094, 4_095, 8_190):
        with closing(Connection(server.port)) as connection:
            connection.send(head(of_length(length)))
            answer = connection.answer()
            assert answer is not None
            assert answer[0] == 200, length
    for length in (8_191, 9_000, 200_000):
        with closing(Connection(server.port)) as connection:
            connection.send(head(of_length(length)))
            problem = refused(connection, 414)
            assert problem["type"] == "/problems/http"
            assert "8190 bytes" in problem["detail"]


def test_two_parameters_of_a_hundred_ids_fit(server: Server) -> None:
    ids = {kind: ",".join(f"{kind}_{number:026}" for number in range(100)) for kind in ("spk", "out")}
    answer = server.ask("GET", f"/v1/statements?speaker={ids['spk']}&outlet={ids['out']}")
    assert (answer.status, answer.json.get("data")) == (200, []), answer.body


def test_a_key_in_a_request_that_cannot_be_read_is_neither_repeated_nor_logged(server: Server) -> None:
    with closing(Connection(server.port)) as connection:
        connection.send(head(f"GET /v1/café/{server.key} HTTP/1.1", f"X\n{server.key}: y"))
        assert server.key not in json.dumps(refused(connection, 400))
    log = server.log.read_text()
    assert server.key not in log
    line = json.loads(next(each for each in reversed(log.splitlines()) if "unreadable" in each))
    assert line["status"] == 400
