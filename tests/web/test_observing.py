"""Around every request: its id, one valid line of JSON in the log, and the headers that every answer has."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api.app import create_app
from api.settings import Settings
from api.web.observing import JSONLine
from tests.conftest import Client, statement
from tests.servers import serving
from tests.web.conftest import Lines, raw

ID = re.compile(r"[0-9a-f]{16}")
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Permitted-Cross-Domain-Policies": "none",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
# Whoever is reached by plain HTTP must not be told to come by HTTPS only.
UNWANTED = ("Server", "X-Powered-By", "Set-Cookie", "Strict-Transport-Security")
# What ends a line somewhere, or makes a terminal do things.
CONTROLS = "\n\r\x00\x07\x08\x0b\x0c\x1b[31m\x1c\x1d\x1e\x7f\x80\x85\x9b\xa0\xff\"\\'"


# --- the request's id ----------------------------------------------------------------------------------------


def test_a_request_without_an_id_is_given_one_of_its_own(charlie: Client) -> None:
    made = [charlie.get(address).headers["X-Request-Id"] for address in ("/livez", "/nope", "/livez") for _ in range(5)]
    assert all(ID.fullmatch(each) for each in made)
    assert len(set(made)) == len(made)


def test_a_request_keeps_the_id_it_came_with(charlie: Client, lines: Lines) -> None:
    for given in ("a", "7b0c2b4e-7f4e-4c1c-9a0e-2b9d1c0a5f11", "A.b_c-9", "x" * 128):
        for address in ("/livez", "/nope"):
            answer = charlie.get(address, headers={"X-Request-Id": given})
            assert answer.headers["X-Request-Id"] == given
            assert lines()[-1]["request_id"] == given
        assert answer.json is None or answer.get_json(force=True)["request_id"] == given


def test_an_id_that_is_no_plain_word_is_replaced(app: Flask) -> None:
    for given in (
        "",
        " ",
        "a b",
        "a\nb",
        "a\r\nX-Evil: 1",
        "x" * 129,
        "é",
        "\x00",
        '"',
        "<b>",
        "a;b",
        "a,b",
        "a/b",
        "{}",
    ):
        for path in ("/livez", "/nope"):
            assert ID.fullmatch(raw(app, path, HTTP_X_REQUEST_ID=given).headers["X-Request-Id"]), given


# --- the log -------------------------------------------------------------------------------------------------


def test_a_request_makes_one_line_that_says_what_it_was(alice: Client, charlie: Client, lines: Lines) -> None:
    record = alice.record(statement())
    charlie.get(f"/v1/statements/{record['id']}/?utm_source=x")
    charlie.open("HEAD", "/nope")
    posted, read, missed = lines()
    assert (posted["method"], posted["route"], posted["status"]) == ("POST", "/v1/statements", 201)
    assert posted["key"] == alice.get("/v1/me").json["id"]
    assert (read["path"], read["route"]) == (f"/v1/statements/{record['id']}/", "/v1/statements/<id:id>")
    assert (read["status"], read["key"]) == (200, None)
    assert (missed["method"], missed["route"], missed["status"]) == ("HEAD", "unmatched", 404)
    for line in (posted, read, missed):
        assert line["event"] == "request"
        assert line["level"] == "info"
        assert 0 <= line["ms"] < 60_000
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line["time"])


def test_what_a_client_sends_stays_inside_one_line(app: Flask, lines: Lines) -> None:
    requests = [{"path": f"/{char}x"} for char in CONTROLS] + [{"path": "/" + CONTROLS}, {"path": "/" + "x" * 8000}]
    requests += [{"path": "/v1/statements/" + CONTROLS}, {"path": '/","level":"error","x":"'}]
    requests += [{"method": f"GET{char}"} for char in CONTROLS] + [{"method": "X" * 8000}]
    for name in (
        "HOST",
        "USER_AGENT",
        "REFERER",
        "ACCEPT",
        "AUTHORIZATION",
        "X_REQUEST_ID",
        "X_FORWARDED_FOR",
        "COOKIE",
    ):
        requests.append({f"HTTP_{name}": CONTROLS})
    requests += [{"REMOTE_ADDR": CONTROLS}, {"QUERY_STRING": CONTROLS}, {"CONTENT_TYPE": CONTROLS}]
    for request in requests:
        answer = raw(app, **request)
        assert answer.status_code < 500
        assert answer.headers["X-Request-Id"] == lines()[-1]["request_id"]
    assert [line["event"] for line in lines()] == ["request"] * len(requests)
    assert lines()[len(CONTROLS)]["path"].startswith("/\n\r\x00")


def test_what_a_proxy_hands_on_stays_inside_one_line_too(app: Flask, database_url: str, lines: Lines) -> None:
    behind = create_app(Settings(database=database_url, proxies=1, cors_origins=("https://newsroom.example",)))
    names = ("X_FORWARDED_FOR", "X_FORWARDED_PROTO", "ORIGIN", "ACCESS_CONTROL_REQUEST_METHOD", "IDEMPOTENCY_KEY")
    requests = [(method, {f"HTTP_{name}": CONTROLS}) for method in ("GET", "OPTIONS", "POST") for name in names]
    for method, request in requests:
        answer = raw(behind, "/v1/statements", method, **request)
        assert answer.status_code < 500
        assert answer.headers["X-Request-Id"] == lines()[-1]["request_id"]
        assert "\n" not in "".join(value for _, value in answer.headers)
    assert [line["event"] for line in lines()] == ["request"] * len(requests)
    assert lines()[0]["address"] == CONTROLS.strip()


def test_a_line_is_ascii_so_that_no_reader_and_no_terminal_takes_it_for_more() -> None:
    hard = CONTROLS + "\u2028\u2029\u202e\u200b\ud800\N{GRINNING FACE}"
    record = logging.LogRecord("onrecord", logging.ERROR, __file__, 1, "%s", (hard,), None)
    vars(record).update(path=hard, number=10**30, odd={"a": hard}, thing=Path("x"))
    line = JSONLine().format(record)
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line)["path"] == hard


def test_a_defect_is_logged_with_its_trace_in_one_line(app: Flask, charlie: Client, lines: Lines) -> None:
    def broken() -> None:
        raise RuntimeError("two\nlines")

    app.add_url_rule("/broken", view_func=broken)
    answer = charlie.get("/broken")
    defect, request = lines()
    assert defect["event"] == "internal error"
    assert defect["level"] == "error"
    assert "RuntimeError: two\nlines" in defect["trace"]
    assert defect["request_id"] == request["request_id"] == answer.headers["X-Request-Id"]
    assert request["status"] == 500


def test_a_database_that_is_away_is_logged_with_its_reason(
    database_url: str, alice: Client, lines: Lines, tmp_path: Path
) -> None:
    away = "postgresql://somebody:secret@127.0.0.1:1/nothing"
    if database_url.startswith("sqlite"):
        away = f"sqlite:///{tmp_path}/gone/onrecord.db"
    app = create_app(Settings(database=away))
    if database_url.startswith("sqlite"):
        (tmp_path / "gone").rmdir()
    assert Client(app).get("/v1/statements").status_code == 503
    warning, request = lines()
    assert warning["event"] == "unavailable"
    assert warning["reason"]
    assert "secret" not in str(warning)
    assert warning["request_id"] == request["request_id"]


# --- headers -------------------------------------------------------------------------------------------------


def assert_secure(answer: TestResponse) -> None:
    for name, value in HEADERS.items():
        assert answer.headers.getlist(name) == [value]
    (policy,) = answer.headers.getlist("Content-Security-Policy")
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-eval" not in policy
    assert "http" not in policy
    assert len(answer.headers.getlist("X-Request-Id")) == 1
    assert len(answer.headers.getlist("Cache-Control")) == 1
    for name in UNWANTED:
        assert name not in answer.headers


def test_every_answer_has_the_security_headers(app: Flask, alice: Client, charlie: Client) -> None:
    id = alice.record(statement())["id"]
    address = f"/v1/statements/{id}"
    tag = charlie.get(address).headers["ETag"]
    page = {"Accept": "text/html"}
    answers = {
        200: [
            charlie.get(each)
            for each in ("/", "/livez", "/readyz", "/openapi.json", "/v1/statements", address, "/docs")
        ],
        304: [
            charlie.get(address, headers={"If-None-Match": tag}),
            charlie.get("/v1/speakers", headers={"If-None-Match": "*"}),
        ],
        400: [charlie.get("/livez?x=1"), charlie.get("/livez?x=1", headers=page), raw(app, "/", HTTP_HOST="a..b")],
        401: [charlie.post("/v1/statements", {}), charlie.get("/v1/keys", headers=page)],
        403: [alice.get("/v1/keys")],
        404: [charlie.get("/nope"), charlie.get("/docs/nope"), raw(app, "/\x00"), charlie.get("/nope", headers=page)],
        405: [charlie.post("/livez", {}), raw(app, "/docs", "BREW")],
        412: [alice.patch(address, {}, headers={"If-Match": '"x"'})],
        413: [alice.post("/v1/statements", data=b" " * 1_048_577, content_type="application/json")],
        415: [alice.post("/v1/statements", data=b"{}", content_type="text/plain")],
        422: [alice.post("/v1/statements", {})],
        428: [alice.patch(address, {})],
    }
    files = [
        charlie.get(f"/docs/{file}", buffered=True) for file in ("start.js", "swagger-ui.css", "swagger-ui-bundle.js")
    ]
    answers[200] += [*files, charlie.open("HEAD", "/livez"), charlie.open("OPTIONS", "/v1/statements")]
    answers[200] += [charlie.get("/problems/gone"), charlie.get("/problems/gone", headers=page)]
    unchanged = {"If-None-Match": files[1].headers["ETag"]}
    answers[304].append(charlie.get("/docs/swagger-ui.css", headers=unchanged, buffered=True))
    answers[201] = [alice.post("/v1/statements", statement(text="Another."))]
    answers[204] = [alice.delete(address, headers={"If-Match": "*"})]
    answers[410] = [charlie.get(address)]
    for status, each in answers.items():
        for answer in each:
            assert answer.status_code == status, answer.request.path
            assert_secure(answer)


def test_what_does_not_say_how_long_it_keeps_is_not_kept(alice: Client, dora: Client, charlie: Client) -> None:
    address = f"/v1/statements/{alice.record(statement())['id']}"
    kept = {"/v1/statements": "no-cache", address: "no-cache", "/docs/swagger-ui.css": "public, max-age=86400"}
    for each, expected in kept.items():
        assert charlie.get(each, buffered=True).headers["Cache-Control"] == expected
    for each in ("/", "/docs", "/openapi.json", "/v1/me", "/nope", "/problems/gone", "/livez"):
        assert alice.get(each).headers["Cache-Control"] == "no-store"
    # The one answer with a key in it.
    assert dora.post("/v1/keys", {"name": "x", "scopes": ["read"]}).headers["Cache-Control"] == "no-store"


def test_browsers_are_kept_to_https_where_that_is_the_address(database_url: str) -> None:
    for url, expected in (("https://record.example", "max-age=63072000"), ("http://record.example", None), ("", None)):
        app = create_app(Settings(database=database_url, url=url))
        for address in ("/", "/nope"):
            assert Client(app).get(address).headers.get("Strict-Transport-Security") == expected


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_real_server_sends_them_too_and_does_not_say_which_it_is(database_url: str) -> None:
    with serving(database_url) as server:
        for path in ("/", "/nope", "/v1/statements", "/v1/statements.ndjson", "/docs/swagger-ui.css"):
            answer = server.ask("GET", path)
            for name, value in HEADERS.items():
                assert answer.headers[name.lower()] == value
            assert "server" not in answer.headers
            assert answer.headers["date"]
        assert "gunicorn" not in str(server.ask("GE T", "/").headers)


def test_the_documentation_loads_nothing_from_another_host(charlie: Client) -> None:
    page = charlie.get("/docs").text
    sources = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(sources) >= 3
    for source in sources:
        assert source == "data:," or charlie.get(source, buffered=True).status_code == 200
    assert "<script>" not in page


def test_an_answer_with_cookies_in_the_request_is_the_same_without(app: Flask) -> None:
    client: FlaskClient = app.test_client()
    client.set_cookie("session", "x")
    assert client.get("/v1/statements").headers["ETag"] == app.test_client().get("/v1/statements").headers["ETag"]
