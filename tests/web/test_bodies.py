"""Bodies that no parser likes, on every writing route: refused with the right status, cheaply, leaving nothing.

400 is for what is no JSON or what no honest encoder writes, 422 for JSON that breaks a rule, 413 for too
much, 415 for another kind of body. Depth counts objects and lists inside one another: 32 are taken, 33 not.
"""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask

from api.domain.history import log
from tests.conftest import Client, statement
from tests.test_errors import assert_problem
from tests.web.conftest import stored

MOST = 1 << 20
MOST_SECONDS = 1.0
MOST_ANSWER = 1 << 16
JSON = "application/json"
TEXTS = {
    "statements": "text",
    "speakers": "name",
    "outlets": "name",
    "sources": "title",
    "reviews": "claim_reviewed",
    "relations": "note",
}


@dataclass
class Write:
    """A writing route with somebody who may use it; `text` names a member that holds text."""

    client: Client
    method: str
    address: str
    text: str
    headers: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.method} {self.address}"

    def refuses(self, status: int, body: bytes, content_type: str | None = JSON, **headers: str) -> dict[str, Any]:
        """Send a body that must be refused, and return the problem."""
        before = log.position()
        began = time.process_time()
        given = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        answer = self.client.open(self.method, self.address, data=body, content_type=content_type, headers=given)
        spent = time.process_time() - began
        about = f"{self} {body[:60]!r} answers {answer.status_code} {answer.text[:300]}"
        assert answer.status_code == status, about
        assert spent <= MOST_SECONDS, about
        assert len(answer.data) <= MOST_ANSWER, about
        assert log.position() == before, about
        return assert_problem(answer, status, self.method)


@pytest.fixture
def writes(app: Flask, alice: Client, dora: Client, smallest: dict[str, dict[str, Any]]) -> Iterator[list[Write]]:
    """Every route that takes a body; what they would change is the same at the end."""
    found = [Write(dora, "POST", "/v1/keys", "name")]
    records = []
    for collection, document in smallest.items():
        address = f"/v1/{collection}/{alice.record(document, collection)['id']}"
        records.append(address)
        found.append(Write(alice, "POST", f"/v1/{collection}", TEXTS[collection]))
        found.append(Write(alice, "PATCH", address, TEXTS[collection], {"If-Match": "*"}))
        found.append(Write(alice, "DELETE", address, "reason", {"If-Match": "*"}))
        if collection in ("speakers", "outlets"):
            found.append(Write(alice, "POST", f"{address}/merge", "into", {"If-Match": "*"}))
            found.append(Write(alice, "POST", f"{address}/unmerge", "version"))
        if collection == "statements":
            found.append(Write(alice, "POST", f"{address}/corrections", "note"))
    found.append(Write(alice, "POST", "/v1/check", "text"))
    rules = [rule for rule in app.url_map.iter_rules() if {"POST", "PATCH"} & (rule.methods or set())]
    # Bodies of many lines have tests of their own.
    rules = [rule for rule in rules if not rule.rule.endswith("/bulk")]
    assert len([write for write in found if write.method != "DELETE"]) == len(rules), "a route is missing here"
    before = [alice.get(address).data for address in records], stored()
    yield found
    assert ([alice.get(address).data for address in records], stored()) == before


def patches(writes: list[Write]) -> list[Write]:
    return [write for write in writes if write.method == "PATCH"]


# --- 400: no JSON, or JSON that no honest encoder writes -----------------------------------------------------


def nested(depth: int, inside: str = "") -> bytes:
    """Return JSON of objects and lists inside one another, as deep as said."""
    opened = ['{"a":' if level % 2 else "[" for level in range(depth)]
    closed = ["}" if level % 2 else "]" for level in reversed(range(depth))]
    return ("".join(opened) + (inside or ("0" if depth % 2 == 0 else "")) + "".join(closed)).encode()


NOT_JSON = [
    b" \t\r\n ",
    b"\xef\xbb\xbf",
    b"\xef\xbb\xbf\xef\xbb\xbf{}",
    b"\x00",
    b"{}\x00",
    b'{"a":\x00}',
    b'{"a":"\x00"}',
    b'{"\x00":1}',
    b'{"a":"\x1f"}',
    b'{"a":"\n"}',
    b'{"a":"\xff"}',
    b'{"a":"\xc0\x80"}',
    b'{"a":"\xe2\x82"}',
    b'{"a":"\xed\xa0\x80"}',
    b'{"\xed\xa0\x80":1}',
    b'{"a":"\xf4\x90\x80\x80"}',
    "{}".encode("utf-16"),
    "{}".encode("utf-16-le"),
    "{}".encode("utf-16-be"),
    "{}".encode("utf-32"),
    "\u00a0{}".encode(),
    b"\x0c{}",
    b"{",
    b"}",
    b'{"a"}',
    b'{"a":}',
    b'{"a":1,}',
    b"[1,]",
    b"{'a':1}",
    b"{a:1}",
    b'{"a":1}{"a":1}',
    b'{"a":1} // why not',
    b'{"a":01}',
    b'{"a":+1}',
    b'{"a":.5}',
    b'{"a":1.}',
    b'{"a":1e}',
    b'{"a":0x1F}',
    b'{"a":1_000}',
    b'{"a":True}',
    b'{"a":undefined}',
    b'{"a":"\\x41"}',
    b'{"a":"\\u12"}',
    b'{"a":"unfinished',
    b"name=alice&text=yes",
    b"<statement/>",
]
DISHONEST = [
    *(f'{{"a":{word}}}'.encode() for word in ("NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1E400", "1e+400")),
    *(f'{{"a":[{{"b":{word}}}]}}'.encode() for word in ("NaN", "-Infinity", "1e999")),
    b"NaN",
    b'{"a":' + b"9" * 5000 + b"}",
    b'{"a":-' + b"9" * 5000 + b"}",
    b'{"a":' + b"9" * 4301 + b"}",
    b'{"a":1.' + b"3" * 5000 + b"}",
    b'{"a":0.' + b"0" * 5000 + b"1}",
    b'{"a":1e' + b"9" * 5000 + b"}",
    b'{"a":' + b"9" * 1_000_000 + b"}",
    b'{"a":1,"a":1}',
    b'{"a":1,"b":2,"a":null}',
    b'{"a":1,"\\u0061":2}',
    b'{"\\ud800":1,"\\ud800":2}',
    b'{"":1,"":2}',
    b'[{"a":1,"a":2}]',
    b'{"x":{"y":[{"a":1,"a":2}]}}',
    b'{"a":' * 30 + b'{"b":1,"b":2}' + b"}" * 30,
]
TOO_DEEP = [
    nested(33),
    nested(33, "0"),
    b"[" * 33 + b"]" * 33,
    b'{"a":' * 33 + b"1" + b"}" * 33,
    b'{"b":1,"a":' + b"[" * 32 + b"]" * 32 + b"}",
    b"[" * 100_000,
    b"[" * 100_000 + b"]" * 100_000,
    b'{"a":' * 100_000,
    b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    b"[{" * 100_000,
    b'[{"a":' * 100_000 + b"1" + b"}]" * 100_000,
]


@pytest.mark.parametrize("family", ["NOT_JSON", "DISHONEST", "TOO_DEEP"])
def test_what_is_no_honest_json_answers_400(writes: list[Write], family: str) -> None:
    for write in writes:
        for body in globals()[family]:
            if len(body) <= MOST:
                problem = write.refuses(400, body)
                assert problem["type"] == "/problems/malformed"


@pytest.mark.parametrize("family", ["NOT_JSON", "DISHONEST", "TOO_DEEP"])
def test_among_many_lines_what_is_no_honest_json_is_told_and_the_others_go_in(alice: Client, family: str) -> None:
    """A line of a bulk is read as strictly as a body; what it holds is told by its number."""
    bad = [body for body in globals()[family] if len(body) <= MOST and body.strip() and not {10, 13} & set(body)]
    assert len(bad) > 5
    for number, body in enumerate(bad):
        lines = json.dumps(statement(text=f"{family} {number}")).encode() + b"\n" + body
        answer = alice.open("POST", "/v1/statements/bulk", data=lines, content_type="application/x-ndjson")
        assert (answer.status_code, answer.json["created"], answer.json["failed"]) == (207, 1, 1), body[:60]
        (told,) = answer.json["errors"]
        assert (told["line"], told["status"]) == (2, 400), body[:60]


def test_a_body_that_is_missing_answers_400_where_one_is_needed(writes: list[Write]) -> None:
    for write in writes:
        if write.method != "DELETE" and not write.address.endswith("/unmerge"):
            assert write.refuses(400, b"")["type"] == "/problems/malformed"


def test_the_detail_says_where_the_json_breaks(alice: Client) -> None:
    answer = alice.open("POST", "/v1/statements", data=b'{"a": 1,\n "b": }', content_type=JSON)
    assert "line 2, column 7" in answer.json["detail"]


# --- 422: JSON that breaks a rule ----------------------------------------------------------------------------

NO_OBJECTS = [b"null", b"[]", b"[{}]", b'"text"', b'""', b"0", b"1", b"-1.5e3", b"true", b"false", b"[[[]]]"]
NO_TEXTS = [
    '"\\u0000"',
    '"a\\u0000b"',
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '"\\ud800\\ud800"',
    '"\\u0007"',
    '"\\u0085"',
    '"\\u007f"',
    '""',
    '" "',
    '"\\u200b"',
    "9223372036854775808",
    "18446744073709551616",
    "-9223372036854775809",
    "9" * 400,
    "1.5",
    "-0.0",
    "1e-999",
    "true",
    "[]",
    "{}",
    '["\\ud800"]',
    '{"\\ud800": "\\u0000"}',
    '"' + "a" * 600_000 + '"',
    '"' + "\\ud800" * 100_000 + '"',
]
STRANGE_KEYS = [
    '"\\u0000"',
    '"\\ud800"',
    '"\\udfff\\ud800"',
    '""',
    '" "',
    '"a/b~c%"',
    '"__proto__"',
    '"_schema"',
    '"a\\nb"',
]


def test_json_that_is_no_object_answers_422_with_a_pointer_to_the_whole(writes: list[Write]) -> None:
    for write in writes:
        for body in NO_OBJECTS:
            (error,) = write.refuses(422, body)["errors"]
            assert (error["pointer"], error["code"]) == ("#", "type"), f"{write} {body!r}"


def test_values_that_are_no_text_answer_422_with_a_pointer_to_them(writes: list[Write]) -> None:
    for write in writes:
        for value in NO_TEXTS:
            errors = write.refuses(422, f'{{"{write.text}": {value}}}'.encode())["errors"]
            pointers = [error["pointer"] for error in errors]
            assert any(pointer.startswith(f"#/{write.text}") for pointer in pointers), f"{write} {value}"


def test_members_with_odd_names_answer_422(writes: list[Write]) -> None:
    for write in writes:
        for name in STRANGE_KEYS:
            errors = write.refuses(422, f"{{{name}: 1}}".encode())["errors"]
            assert "unknown" in [error["code"] for error in errors], f"{write} {name}"


def test_numbers_beyond_what_databases_hold_answer_422(writes: list[Write]) -> None:
    numbers = ["9223372036854775807", "9223372036854775808", "18446744073709551616", "-9223372036854775809", "1e308"]
    start = '{{"appearances": [{{"outlet": "AP", "start": {0}, "end": {0}}}]}}'
    for write in writes:
        if "/statements" in write.address and write.text == "text":
            for number in numbers:
                errors = write.refuses(422, start.format(number).encode())["errors"]
                assert "#/appearances/0/start" in [error["pointer"] for error in errors]
    for write in patches(writes):
        write.headers = {}
        for number in [*numbers, "2147483648", "0", "-1"]:
            (error,) = write.refuses(422, f'{{"version": {number}}}'.encode())["errors"]
            assert (error["pointer"], error["code"]) == ("#/version", "range")


def test_a_version_that_is_no_whole_number_answers_422(writes: list[Write]) -> None:
    for write in writes:
        if write.method == "POST":
            continue
        write.headers = {}
        for value in ("1.5", "true", "false", '"1"', "null", "[1]", "{}", '""', "1e-5"):
            (error,) = write.refuses(422, f'{{"version": {value}}}'.encode())["errors"]
            assert error["pointer"] == "#/version"
            assert error["code"] == ("required" if value == "null" else "type")


def test_depth_32_is_read(writes: list[Write]) -> None:
    """What is read has its rules broken by then, which is another answer than too deep."""
    for write in writes:
        for body in (nested(32), b"[" * 32 + b"]" * 32, b'{"a":' * 32 + b"1" + b"}" * 32):
            write.refuses(422, body)


def test_an_object_of_thousands_of_strangers_is_counted_not_listed(writes: list[Write]) -> None:
    strangers = json.dumps({f"k{i}": i for i in range(50_000)}).encode()
    for write in writes:
        assert len(write.refuses(422, strangers)["errors"]) <= 100


MANY: dict[str, list[dict[str, Any]]] = {
    "/v1/statements": [
        {"topics": [1] * 50_000},
        {"appearances": [{}] * 50_000},
        {"appearances": [{f"k{i}": 1 for i in range(200)}] * 100},
        {"figures": [{f"k{i}": 1 for i in range(200)}] * 100},
        {"topics": [""] * 50, "attributions": [{"speaker": {"aliases": [""] * 100}}] * 50},
    ],
    "/v1/speakers": [{"aliases": [1] * 50_000}, {"roles": [{f"k{i}": 1 for i in range(200)}] * 100}],
    "/v1/outlets": [{"same_as": [1] * 50_000}, {"aliases": [""] * 100}],
    "/v1/sources": [{"byline": [1] * 50_000}, {"byline": [""] * 50}],
}


# The database never hears of these.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_of_thousands_of_mistakes_a_hundred_are_listed(writes: list[Write]) -> None:
    for write in writes:
        for document in MANY.get(write.address, ()):
            assert 1 <= len(write.refuses(422, json.dumps(document).encode())["errors"]) <= 100


# --- 413 and 415 ---------------------------------------------------------------------------------------------


def test_more_than_a_mebibyte_answers_413(writes: list[Write]) -> None:
    for write in writes:
        for body in (b" " * (MOST + 1), b"{" + b" " * MOST + b"}", b"\x00" * (2 * MOST)):
            assert write.refuses(413, body)["type"] == "/problems/too-large"


def test_a_body_of_just_a_mebibyte_is_read(alice: Client) -> None:
    document = json.dumps(statement()).encode()
    answer = alice.open("POST", "/v1/statements", data=document.ljust(MOST), content_type=JSON)
    assert answer.status_code == 201


def test_a_length_that_lies_is_believed_or_refused_before_the_body_is_read(alice: Client) -> None:
    for length, status in (("0", 400), ("", 400), ("-1", 400), ("two", 400), ("2.0", 400), ("9" * 20, 413)):
        given = {"environ_overrides": {"CONTENT_LENGTH": length}, "content_type": JSON}
        answer = alice.open("POST", "/v1/statements", data=json.dumps(statement()), **given)
        assert_problem(answer, status, "POST")
    assert alice.get("/v1/statements").json["total"] == 0


def test_a_body_shorter_than_its_length_answers_400_however_good_it_looks(writes: list[Write]) -> None:
    whole = json.dumps({"text": "We will never"}).encode()
    for write in writes:
        given = {"content_type": JSON, "environ_overrides": {"CONTENT_LENGTH": str(len(whole) + 9)}}
        before = stored()
        answer = write.client.open(write.method, write.address, data=whole, headers=write.headers, **given)
        assert f"after {len(whole)} of" in assert_problem(answer, 400, write.method)["detail"]
        assert stored() == before


OTHER_TYPES = [
    None,
    "",
    "text/plain",
    "text/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/xml",
    "application/json5",
    "application/jsonx",
    "application/vnd.api+json",
    "application/x-ndjson",
    "application/json, application/json",
    "json",
    "*/*",
    "application/*",
    "application/json; charset=utf-16",
    "application/json; charset=utf-16le",
    "application/json; charset=iso-8859-1",
    "application/json; charset=utf-7",
    "application/json; charset=rot13",
    "application/json; charset=" + "x" * 5000,
    "a" * 5000,
    "<b>/\x7f",
]
GOOD_TYPES = [
    "application/json",
    "Application/JSON",
    "application/json;charset=utf-8",
    'application/json; charset="UTF-8"',
    "application/json; charset=utf8",
    "application/json; charset=us-ascii",
    "application/json; profile=x",
    "application/json;",
]


def test_another_kind_of_body_answers_415(writes: list[Write]) -> None:
    for write in writes:
        for content_type in OTHER_TYPES:
            problem = write.refuses(415, b"{}", content_type)
            assert problem["type"] == "/problems/unsupported-media-type"
        if write.method != "PATCH":
            write.refuses(415, b"{}", "application/merge-patch+json")


def test_a_body_in_utf_16_answers_415_where_it_says_so_and_400_where_not(writes: list[Write]) -> None:
    for write in writes:
        for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32"):
            body = json.dumps({write.text: "x"}).encode(encoding)
            write.refuses(415, body, f"application/json; charset={encoding}")
            write.refuses(400, body)


def test_a_compressed_body_answers_415_however_small_it_is(writes: list[Write]) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    for write in writes:
        for coding in ("gzip", "GZIP", "deflate", "br", "zstd", "gzip, gzip", "x"):
            assert "compressed" in write.refuses(415, bomb, Content_Encoding=coding)["detail"]
        write.refuses(400, bomb)


def test_a_good_type_is_taken_in_every_spelling(alice: Client) -> None:
    for number, content_type in enumerate(GOOD_TYPES):
        body = json.dumps(statement(text=f"Spelling {number}.")).encode()
        answer = alice.open("POST", "/v1/statements", data=body, content_type=content_type)
        assert answer.status_code == 201, content_type
        patch = f'{{"context": "{number}"}}'.encode()
        for given in (content_type, "application/merge-patch+json", "application/merge-patch+json; charset=utf-8"):
            address = f"/v1/statements/{answer.json['id']}"
            patched = alice.open("PATCH", address, data=patch, content_type=given, headers={"If-Match": "*"})
            assert patched.status_code == 200, given


def test_a_byte_order_mark_before_utf_8_is_let_pass(alice: Client) -> None:
    body = b"\xef\xbb\xbf" + json.dumps(statement()).encode()
    assert alice.open("POST", "/v1/statements", data=body, content_type=JSON).json["text"] == statement()["text"]


def test_withdrawing_needs_no_body_and_no_type(alice: Client) -> None:
    for number, content_type in enumerate((None, JSON, "text/plain")):
        record = alice.record(statement(text=f"Withdrawn {number}."))
        address = f"/v1/statements/{record['id']}"
        answer = alice.open("DELETE", address, content_type=content_type, headers={"If-Match": "*"})
        assert answer.status_code == 204
        assert answer.data == b""
