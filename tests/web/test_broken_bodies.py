"""Bodies that do not come whole, over sockets to a real server: refused, and as if they had never been sent.

Every cut, at every byte, of a body with a length and of one in chunks; chunks that are none; bodies over their limit
however they are sent. After each the whole body, sent again with the same Idempotency-Key, is taken as new.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import count

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.conftest import statement
from tests.drawing import drawn
from tests.servers import Server, serving
from tests.web.sockets import Connection, chunked, refused

MEBIBYTE = 1 << 20
BULK = "/v1/statements/bulk"
_numbers = count()
real = settings(max_examples=drawn(15), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@dataclass(frozen=True)
class Target:
    """An address, what it takes, how it answers that, and how many statements there are more then."""

    path: str
    kind: str
    body: Callable[[int], bytes]
    status: int
    made: int


def _lines(number: int) -> bytes:
    return b"".join(json.dumps(statement(text=f"{word} {number}.")).encode() + b"\n" for word in ("One", "Two"))


def _csv(number: int) -> bytes:
    lines = ("kind,speaker,outlet,text", f"quote,Ada,AP,We will never {number}.", f"quote,Ada,AP,We pay {number}.")
    return "\r\n".join(lines).encode() + b"\r\n"


TARGETS = (
    Target(
        "/v1/statements",
        "application/json",
        lambda number: json.dumps(statement(text=f"We are {number}.")).encode(),
        201,
        1,
    ),
    Target(
        "/v1/check", "application/json", lambda number: b'{"text": "We are on record, number %d."}' % number, 200, 0
    ),
    Target(f"{BULK}?atomic=true", "text/csv", _csv, 200, 2),
    Target(BULK, "text/csv", _csv, 200, 2),
    Target(BULK, "application/x-ndjson", _lines, 200, 2),
)


@pytest.fixture(scope="module")
def server(shared_database_url: str) -> Iterator[Server]:
    with serving(shared_database_url, "--workers", "1") as running:
        yield running


def held(server: Server) -> tuple[int, int]:
    """Return how many statements there are, and how far the log goes."""
    total = server.ask("GET", "/v1/statements?limit=1").json["total"]
    return total, server.ask("GET", "/v1/log/head").json["seq"]


def head(server: Server, target: Target, *headers: str) -> bytes:
    """Return the head of a request with a body of which `headers` say how long it is."""
    common = ["Host: record.example", f"Content-Type: {target.kind}", f"Authorization: Bearer {server.key}"]
    return "\r\n".join([f"POST {target.path} HTTP/1.1", *common, *headers]).encode() + b"\r\n\r\n"


def sent(server: Server, target: Target, body: bytes, framing: int, key: str) -> tuple[bytes, bytes]:
    """Return the head and the body as they are sent: in chunks of a size, or for 0 with a length."""
    told = "Transfer-Encoding: chunked" if framing else f"Content-Length: {len(body)}"
    return head(server, target, told, f"Idempotency-Key: {key}"), chunked(body, framing) if framing else body


def taken(server: Server, target: Target, body: bytes, key: str, framing: int = 0) -> None:
    """Send a body whole, with the key of one that was refused, and have it taken as new."""
    before, _ = held(server)
    with closing(Connection(server.port)) as connection:
        connection.send(b"".join(sent(server, target, body, framing, key)))
        answer = connection.answer()
    assert answer is not None
    status, headers, body = answer
    assert status == target.status, body
    assert "idempotent-replayed" not in headers, "the broken one was remembered"
    assert held(server)[0] == before + target.made


# --- cut off -------------------------------------------------------------------------------------------------


@real
@given(target=st.sampled_from(TARGETS), framing=st.integers(0, 20), cut=st.integers(0), ends=st.booleans())
@example(target=TARGETS[2], framing=0, cut=70, ends=True)
@example(target=TARGETS[3], framing=9, cut=-3, ends=True)
def test_a_body_cut_at_any_byte_leaves_nothing_and_may_be_sent_again(
    server: Server, target: Target, framing: int, cut: int, ends: bool
) -> None:
    number, before = next(_numbers), held(server)
    body, key = target.body(number), f"cut-{number}"
    start, rest = sent(server, target, body, framing, key)
    with closing(Connection(server.port)) as connection:
        connection.send(start + rest[: cut % len(rest)])
        if ends:
            connection.end()
            problem = refused(connection, 400)
            assert problem["type"] == "/problems/malformed"
            assert "send it again" in problem["detail"] or "chunks" in problem["detail"]
            assert held(server) == before
        else:
            connection.reset()
    taken(server, target, body, key, framing)


# --- chunks that are none --------------------------------------------------------------------------------------

SIZES = [b"zz", b"-1", b"+1", b"", b" ", b"0x1", b"1_0", b"1 ", b" 1", b"1\t", b"\0", b"1\0", b"\xc2\xb9", b"g", b"1,1"]
EXTENSIONS = [b";\0", b";a=\0", b";a=\r", b";=", b';a="', b";a b", b";;", b";" + b"x" * 20_000]
ENDS = [b"", b"\n", b"\r", b"\r\r", b"\n\r", b"x\r\n", b"\0\r\n"]
TRAILERS = [b"x", b": x\r\n\r\n", b"a b: x\r\n\r\n", b"a: \0\r\n\r\n", b"a: x\n\n", b"Content-Length: 3\r\n\r\n"]


@st.composite
def malformed(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    """Return what puts a body into chunks, one of which is wrong in its size, its extension, its end, or behind it."""
    which, at, size = draw(st.sampled_from(["size", "extension", "end", "trailer"])), draw(st.integers(0)), draw(SIZE)
    wrong = draw(st.sampled_from({"size": SIZES, "extension": EXTENSIONS, "end": ENDS, "trailer": TRAILERS}[which]))

    def write(body: bytes) -> bytes:
        pieces = [body[start : start + size] for start in range(0, len(body), size)]
        made = [[b"%x" % len(each), b"", each, b"\r\n"] for each in pieces]
        made.append([b"0", b"", b"", b"\r\n"])
        if which == "trailer":
            made[-1][3] = wrong
        else:
            # The last chunk has no end of its own, but the end of the whole.
            made[at % (len(made) - (which == "end"))][["size", "extension", "", "end"].index(which)] = wrong
        return b"".join(a + b + b"\r\n" + c + d for a, b, c, d in made)

    return write


SIZE = st.integers(1, 60)


@real
@given(target=st.sampled_from(TARGETS), write=malformed())
def test_malformed_chunks_answer_400_and_leave_nothing(
    server: Server, target: Target, write: Callable[[bytes], bytes]
) -> None:
    number, before = next(_numbers), held(server)
    body, key = target.body(number), f"chunks-{number}"
    with closing(Connection(server.port)) as connection:
        connection.send(head(server, target, "Transfer-Encoding: chunked", f"Idempotency-Key: {key}") + write(body))
        connection.end()
        assert refused(connection, 400)["type"] == "/problems/malformed"
    assert held(server) == before
    taken(server, target, body, key)


@real
@given(
    target=st.sampled_from(TARGETS),
    size=SIZE,
    form=st.sampled_from([b"%x", b"%X", b"000%x", b"%x;a", b"%x ; a=b", b'%x;a="\xc3\xa9 \\"";b']),
    trailer=st.sampled_from([b"", b"Digest: x\r\n", b"A: b\r\nC: d\r\n"]),
)
def test_chunks_of_every_right_form_are_taken_and_the_connection_serves_the_next_request(
    server: Server, target: Target, size: int, form: bytes, trailer: bytes
) -> None:
    number = next(_numbers)
    body = target.body(number)
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    chunks = b"".join(form % len(each) + b"\r\n" + each + b"\r\n" for each in pieces)
    with closing(Connection(server.port)) as connection:
        for _ in range(2):
            told = ("Transfer-Encoding: chunked", f"Idempotency-Key: form-{number}")
            connection.send(head(server, target, *told) + chunks + b"0\r\n" + trailer + b"\r\n")
            answer = connection.answer()
            assert answer is not None
            assert answer[0] == target.status
            assert answer[1]["connection"] == "keep-alive"


def test_a_body_in_hundreds_of_thousands_of_tiny_chunks_is_refused_and_one_in_large_ones_is_not(server: Server) -> None:
    target, number = TARGETS[0], next(_numbers)
    body = target.body(number).ljust(MEBIBYTE)
    with closing(Connection(server.port)) as connection:
        connection.send(b"".join(sent(server, target, body, 1, f"tiny-{number}")))
        assert "chunks" in refused(connection, 400)["detail"]
    taken(server, target, body, f"tiny-{number}", 64)


# --- too large ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("framing", [0, 1 << 14])
def test_a_document_over_its_limit_answers_413_and_one_of_just_the_limit_is_taken(server: Server, framing: int) -> None:
    target, number = TARGETS[0], next(_numbers)
    body, key = target.body(number), f"large-{number}"
    before = held(server)
    with closing(Connection(server.port)) as connection:
        connection.send(b"".join(sent(server, target, body.ljust(MEBIBYTE + 1), framing, key)))
        assert refused(connection, 413)["type"] == "/problems/too-large"
    assert held(server) == before
    taken(server, target, body.ljust(MEBIBYTE), key, framing)


@pytest.mark.parametrize("framing", [0, 1 << 16])
def test_lines_over_their_limit_answer_413_and_none_of_them_is_stored(server: Server, framing: int) -> None:
    target, number = TARGETS[3], next(_numbers)
    line = b"quote,Ada,AP," + b"x" * 9_000 + b" %06d\r\n"
    body = target.body(number) + b"".join(line % each for each in range(66 * MEBIBYTE // 9_000))
    before = held(server)
    with closing(Connection(server.port)) as connection:
        connection.send(b"".join(sent(server, target, body, framing, f"lines-{number}")))
        assert refused(connection, 413)["type"] == "/problems/too-large"
    assert held(server) == before
    taken(server, target, target.body(number), f"lines-{number}", framing)
