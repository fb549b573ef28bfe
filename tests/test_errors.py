"""The shape of every error, for every route and every status that the OpenAPI document declares for it.

The cases are made from the document: a new route, or a new status of an old one, fails here until
`provoke` knows how to bring it about. RFC 9457 is what the shape follows.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from api.app import create_app
from api.settings import Settings
from tests.conftest import Client, statement
from tests.web.conftest import raw

PREFIXES = {
    "statements": "stm",
    "speakers": "spk",
    "outlets": "out",
    "sources": "src",
    "reviews": "rev",
    "relations": "rel",
    "keys": "key",
}
MEMBERS = {"type", "title", "status", "detail", "instance", "request_id"}
# What makes another of the smallest record of a kind, which nothing names, so that it can be withdrawn.
UNNAMED = {
    "statements": {"text": "Withdrawn."},
    "speakers": {"name": "Nobody in particular"},
    "outlets": {"name": "No paper in particular"},
    "relations": {"type": "updates"},
}
# What an operation takes where the body is not what an error is about.
RIGHT: dict[str, dict[str, Any]] = {
    "/v1/check": {"text": "Was this said?"},
    "/v1/statements/{id}/corrections": {"kind": "correction", "note": "It was five."},
    "/v1/speakers/{id}/merge": {"into": "spk_00000000000000000000000000"},
    "/v1/outlets/{id}/merge": {"into": "out_00000000000000000000000000"},
}
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}

MISSING_SPEAKER = "spk_00000000000000000000000000"


def assert_problem(answer: TestResponse, status: int, method: str = "GET") -> dict[str, Any]:
    """Assert that an answer is a problem in every respect that holds for all of them, and return it."""
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    assert len(answer.data) <= 65_536
    problem: dict[str, Any] = answer.get_json(force=True)
    assert problem.keys() >= MEMBERS
    assert problem["status"] == status
    assert problem["request_id"] == answer.headers["X-Request-Id"]
    assert re.fullmatch(r"/problems/[a-z-]+", problem["type"])
    assert problem["title"]
    assert problem["detail"]
    assert re.fullmatch(r"[A-Za-z0-9/._~!$&'()*+,;=:@%-]+", problem["instance"]), "a URI reference has only these"
    if status in (400, 422):
        for each in problem.get("errors", ()):
            assert each.keys() >= {"code", "detail"}
            assert ("pointer" in each) == (status == 422)
            assert ("parameter" in each) == (status == 400)
    listing = ("/problems/parameters", "/problems/invalid", "/problems/no-line-taken")
    assert ("errors" in problem) == (problem["type"] in listing)
    header = {401: "WWW-Authenticate", 405: "Allow", 429: "Retry-After", 503: "Retry-After"}.get(status)
    assert header is None or answer.headers[header]
    if status == 401:
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    if status in (429, 503):
        assert int(answer.headers["Retry-After"]) > 0
    if status == 415:
        # A body of many lines comes in other forms than one document.
        taken = "text/csv" if problem["instance"].endswith("/bulk") else "application/json"
        assert taken in answer.headers["Accept-Patch" if method == "PATCH" else "Accept-Post"]
    return problem


def assert_live(client: Client, type: str) -> None:
    """Assert that the page of a type of problem is there, as JSON and as a page."""
    answer = client.get(type)
    assert answer.status_code == 200
    assert answer.json["type"] == type
    page = client.get(type, headers=BROWSER)
    assert page.status_code == 200
    assert page.mimetype == "text/html"


# --- every route, every status -------------------------------------------------------------------------------


class World:
    """Records in every state that an error needs, and the people who ask for them."""

    def __init__(
        self, smallest: dict[str, dict[str, Any]], alice: Client, bob: Client, charlie: Client, dora: Client
    ) -> None:
        self.alice, self.bob, self.charlie, self.dora = alice, bob, charlie, dora
        self.ids: dict[str, str] = {}
        self.withdrawn: dict[str, str] = {}
        for collection, document in smallest.items():
            self.ids[collection] = alice.record(document, collection)["id"]
            unnamed = {**document, **UNNAMED.get(collection, {})}
            self.withdrawn[collection] = alice.record(unnamed, collection)["id"]
            alice.delete(f"/v1/{collection}/{self.withdrawn[collection]}", headers={"If-Match": "*"})
        self.relation = smallest["relations"]
        self.other_relation = alice.record({**self.relation, "type": "repeats"}, "relations")["id"]
        # One that was merged, and so cannot be changed or merged again.
        self.merged: dict[str, str] = {}
        for collection in ("speakers", "outlets"):
            self.merged[collection] = alice.record({"name": "Another name"}, collection)["id"]
            into = {"into": self.ids[collection]}
            answer = alice.post(f"/v1/{collection}/{self.merged[collection]}/merge", into, headers={"If-Match": "*"})
            assert answer.status_code == 200
        whole = alice.get(f"/v1/statements/{self.ids['statements']}").json
        self.named = {"speakers": whole["speaker"]["id"], "outlets": whole["outlet"]["id"]}
        alice.record(statement(text="Another.", external_id="taken"))

    def address(self, path: str, id: str | None = None) -> str:
        collection = path.split("/")[2] if path.startswith("/v1/") else ""
        missing = f"{PREFIXES.get(collection)}_00000000000000000000000000"
        values = {"id": id or self.ids.get(collection, missing), "version": "1", "name": "statement", "seq": "1"}
        return path.format(slug="not-found", **values)

    def provoke(self, status: int, method: str, path: str) -> TestResponse:
        """Send the request of an operation that brings a status about."""
        who = self.dora if path.startswith("/v1/keys") else self.alice
        collection = path.split("/")[2] if path.startswith("/v1/") else ""
        address = self.address(path)
        forced, right = {"If-Match": "*"}, RIGHT.get(path, {})
        if path.endswith("/bulk") and status in (413, 422):
            lines = b"{}\n" * (10_001 if status == 413 else 2)
            return who.open(method, address, data=lines, content_type="application/x-ndjson")
        match status:
            case 400:
                return who.open(method, f"{address}?nonsense=1", json={})
            case 401:
                return self.charlie.open(method, address, json={}, headers={"Authorization": "Bearer mistyped"})
            case 403:
                return self.bob.open(method, address, json={}, headers=forced)
            case 404:
                id = f"{PREFIXES.get(collection)}_00000000000000000000000000"
                values = {"id": id, "version": 1, "name": "nothing", "slug": "nothing", "seq": 999_999}
                return who.open(method, path.format(**values), json=right, headers=forced)
            case 409:
                return self.clash(method, path, collection)
            case 410:
                return who.open(method, self.address(path, self.withdrawn[collection]), json=right, headers=forced)
            case 412:
                id = self.ids[collection]
                return who.open(method, address, json=right, headers={"If-Match": f'"{id}.7-x"'})
            case 413:
                body = b" " * 1_048_577
                return who.open(method, address, data=body, content_type="application/json", headers=forced)
            case 415:
                return who.open(method, address, data=b"{}", content_type="text/plain", headers=forced)
            case 422 if (method, path) == ("GET", "/v1/check"):
                return who.get(address, query_string={"text": "Was this said?", "speaker": MISSING_SPEAKER})
            case 422:
                return who.open(method, address, json={"nonsense": 1, "another": 2}, headers=forced)
            case 428:
                return who.open(method, address, json={})
        raise NotImplementedError(f"{status} of {method} {path} is declared; say here how it comes about.")

    def clash(self, method: str, path: str, collection: str) -> TestResponse:
        if path == "/v1/changes":
            return self.alice.get(f"{path}?since={'0' * 16}.1")
        if collection == "relations":
            same = {name: self.relation[name] for name in ("subject", "type", "object")}
            address = path if method == "POST" else self.address(path, self.other_relation)
            return self.alice.open(method, address, json=same, headers={"If-Match": "*"})
        if (method, path) == ("POST", "/v1/statements"):
            return self.alice.post(path, statement())
        if (method, path) == ("PATCH", "/v1/statements/{id}"):
            return self.alice.patch(self.address(path), {"external_id": "taken", "version": 1})
        if path == "/v1/statements/{id}/corrections":
            return self.alice.post(self.address(path), {**RIGHT[path], "patch": {"external_id": "taken"}})
        if path.endswith("/unmerge"):
            return self.alice.post(self.address(path), {})
        if method in ("PATCH", "POST") and collection in self.merged:
            address = self.address(path, self.merged[collection])
            return self.alice.open(method, address, json=RIGHT.get(path, {}), headers={"If-Match": "*"})
        if method == "DELETE" and collection in self.named:
            return self.alice.delete(self.address(path, self.named[collection]), headers={"If-Match": "*"})
        if (method, collection) == ("DELETE", "sources"):
            appearance = {"outlet": "The Associated Press", "source": self.ids["sources"]}
            self.alice.record(statement(text="Named.", outlet=None, appearances=[appearance]))
            return self.alice.delete(self.address(path), headers={"If-Match": "*"})
        raise NotImplementedError(f"409 of {method} {path} is declared; say here how it comes about.")


@pytest.fixture
def world(smallest: dict[str, dict[str, Any]], alice: Client, bob: Client, charlie: Client, dora: Client) -> World:
    return World(smallest, alice, bob, charlie, dora)


def declared(client: Client) -> list[tuple[str, str, int]]:
    """Return every error that the document declares, as method, path and status."""
    paths = client.get("/openapi.json").json["paths"]
    return [
        (method.upper(), path, int(status))
        for path, operations in paths.items()
        for method, operation in operations.items()
        if isinstance(operation, dict)
        for status in operation.get("responses", ())
        if status.isdigit() and int(status) >= 400
    ]


def test_every_declared_error_of_every_route_has_the_one_shape(world: World, charlie: Client) -> None:
    # Of 429 every route is asked in tests/web/test_limits.py.
    errors = [each for each in declared(charlie) if each[2] not in (429, 503)]
    assert len(errors) > 100
    types = set()
    for method, path, status in errors:
        problem = assert_problem(world.provoke(status, method, path), status, method)
        assert problem["instance"].startswith(path.split("{")[0].rstrip("/") or "/")
        if status in (400, 422):
            assert problem["errors"]
        if status == 412:
            assert problem["current_version"] == 1
        types.add(problem["type"])
    for type in sorted(types):
        assert_live(charlie, type)


def test_every_route_answers_503_while_the_database_is_away(
    app: Flask, database_url: str, alice: Client, tmp_path: Path, world: World
) -> None:
    errors = [each for each in declared(alice) if each[2] == 503]
    away = "postgresql://nobody@127.0.0.1:1/nothing"
    if database_url.startswith("sqlite"):
        away = f"sqlite:///{tmp_path}/gone/onrecord.db"
    broken = create_app(Settings(database=away))
    if database_url.startswith("sqlite"):
        (tmp_path / "gone").rmdir()
    client = Client(broken, alice.key)
    for method, path, status in errors:
        problem = assert_problem(client.open(method, world.address(path), json={}), status, method)
        assert problem["type"] == "/problems/unavailable"
        assert "127.0.0.1" not in str(problem)
        assert str(tmp_path) not in str(problem)


def test_every_operation_of_the_application_is_in_the_document_with_its_errors(app: Flask, charlie: Client) -> None:
    """Otherwise this file would pass over it. The documentation's own pages are tested below."""
    known = {(method, path) for method, path, _ in declared(charlie)}
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:[^<>:]*:)?(\w+)>", r"{\1}", rule.rule)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            whole = path.removesuffix(".{suffix}")
            assert (method, whole) in known or path.startswith("/docs"), f"{method} {path}"


def test_every_type_of_problem_has_its_page(charlie: Client) -> None:
    from api.web.problems import TYPES

    for slug in TYPES:
        assert_live(charlie, f"/problems/{slug}")


# --- any address, any method ---------------------------------------------------------------------------------

UNKNOWN = (
    "/nope",
    "/v1",
    "/v2/statements",
    "/v1//statements",
    "/v1/statements//",
    "/v1/statements/%00",
    "/v1/statements/%ff",
    "/v1/statements/%ED%A0%80",
    "/v1/statements/%0A",
    "/v1/statements/%E2%80%AE",
    "/v1/statements/a/b",
    "/v1/statements/a%2Fb",
    "/v1/statements/%2e%2e/keys",
    "/v1/statements/stm_00000000000000000000000000/revisions/0",
    "/v1/statements/stm_00000000000000000000000000/revisions/-1",
    "/v1/statements/stm_00000000000000000000000000/revisions/1.5",
    "/v1/statements/stm_00000000000000000000000000/revisions/99999999999999999999999",
    "/v1/statements/spk_00000000000000000000000000",
    "/v1/statements/STM_00000000000000000000000000",
    "/v1/statements/'%20OR%201=1",
    "/v1/schemas/nope.json",
    "/v1/schemas/%00.json",
    "/problems/nope",
    "/problems/%3Cscript%3E",
    "/docs/nope",
    "/docs/%00",
    "/docs/%ff",
    "/docs/..%2F..%2Fsetup.cfg",
    "/docs/%2e%2e/setup.cfg",
    "/%00",
    "/%ff",
    "/%0d%0aX-Evil:%201",
    "/favicon.ico",
)


def test_an_unknown_address_answers_a_problem(charlie: Client) -> None:
    for address in UNKNOWN:
        problem = assert_problem(charlie.get(address), 404)
        assert problem["type"] == "/problems/not-found"


def test_a_path_as_the_server_hands_it_on_answers_a_problem(app: Flask) -> None:
    for path in ("*", "nope", "/\n", "/\x00", "/\x7f\x80\xff", "http://other.example/", "/v1/statements/\x00"):
        assert_problem(raw(app, path), 404)


def test_slashes_before_the_first_name_are_one(app: Flask) -> None:
    """The routing library reads them so; what matters is that no redirect leads to another host."""
    for path in ("//", "///", "//evil.example", "//evil.example/..", "//v1/statements"):
        answer = raw(app, path)
        assert answer.status_code in (200, 404)
        assert "Location" not in answer.headers


def test_very_long_paths_and_queries_answer_a_short_problem(charlie: Client) -> None:
    for address in ("/", "/v1/statements/", "/problems/", "/v1/schemas/", "/docs/"):
        assert_problem(charlie.get(address + "a" * 8000), 404)
    for query in ("a" * 8000, "a" * 8000 + "=1", "a=" + "b" * 8000, "&".join(["a=1"] * 2000)):
        assert_problem(charlie.get(f"/v1/statements?{query}"), 400)


def test_what_is_asked_for_stands_in_instance_percent_encoded(charlie: Client) -> None:
    problem = assert_problem(charlie.get("/v1/statements/%C3%A9%20%22%3C%0A"), 404)
    assert unquote(problem["instance"]) == '/v1/statements/é "<\n'


ADDRESSES = (
    "/",
    "/livez",
    "/readyz",
    "/openapi.json",
    "/docs",
    "/docs/start.js",
    "/problems/gone",
    "/v1/me",
    "/v1/keys",
)
UNKNOWN_METHODS = ("PUT", "TRACE", "CONNECT", "PROPFIND", "BREW", "G\x00T", "GET\nX: 1", "<b>", "É", "X" * 5000)


def test_a_method_that_an_address_does_not_take_answers_405_with_allow(app: Flask, charlie: Client) -> None:
    for path in (*ADDRESSES, "/v1/statements", "/v1/statements/stm_1", "/v1/speakers/spk_1/revisions"):
        for method in UNKNOWN_METHODS:
            answer = raw(app, path, method)
            problem = assert_problem(answer, 405)
            assert problem["type"] == "/problems/method-not-allowed"
            allowed = set(answer.headers["Allow"].split(", "))
            assert allowed == set(charlie.open("OPTIONS", path).headers["Allow"].split(", "))
    for path in ("/livez", "/docs", "/docs/nope", "/problems/gone"):
        answer = charlie.post(path, {})
        assert_problem(answer, 405)
        assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert_live(charlie, "/problems/method-not-allowed")


def test_a_method_nobody_knows_answers_404_where_nothing_is(app: Flask) -> None:
    for method in UNKNOWN_METHODS:
        assert_problem(raw(app, "/nope", method), 404)


def test_a_host_that_cannot_be_one_never_gives_500(app: Flask, alice: Client) -> None:
    hosts = (
        "",
        "xn--",
        "xn--a",
        "a b",
        "a..b",
        "é",
        "\xff",
        "[::1",
        "a:b",
        "a:99999",
        "user@a",
        "<b>",
        "a" * 300,
        "\x00",
    )
    alice.record(statement())
    for host in hosts:
        for path in ("/livez", "/v1/statements", "/v1/statements?limit=1", "/nope"):
            path, _, query = path.partition("?")
            answer = raw(app, path, HTTP_HOST=host, QUERY_STRING=query)
            assert answer.status_code in (200, 400, 404), (host, path)
            if answer.status_code >= 400:
                assert_problem(answer, answer.status_code)


def test_an_address_is_whole_where_the_host_is_known_and_a_path_where_not(app: Flask, alice: Client) -> None:
    for text in ("One.", "Two."):
        alice.record(statement(text=text))
    for host, base in (("a.example", "http://a.example"), ("xn--a:80", "http://xn--a"), ("a b", ""), ("", "")):
        page = raw(app, "/v1/statements", HTTP_HOST=host, QUERY_STRING="limit=1")
        following = page.get_json()["next_url"]
        assert following.startswith(f"{base}/v1/statements?limit=1&cursor=")
        assert page.headers["Link"] == f'<{following}>; rel="next"'


def test_head_answers_an_error_without_a_body(charlie: Client) -> None:
    for address in ("/nope", "/livez?nonsense=1", "/v1/keys", "/docs/nope", "/v1/statements/stm_1"):
        head, get = charlie.open("HEAD", address), charlie.get(address)
        assert head.status_code == get.status_code >= 400
        assert head.data == b""
        assert head.content_type == get.content_type == "application/problem+json"


# --- people --------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """The tags of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)


EVIL = "<script>alert(1)</script>"


def test_a_browser_gets_a_page_that_escapes_what_it_repeats(alice: Client, app: Flask) -> None:
    answers = [
        alice.get(f"/v1/statements/{EVIL}", headers=BROWSER),
        alice.get(f"/problems/{EVIL}", headers=BROWSER),
        alice.get(f"/v1/schemas/{EVIL}.json", headers=BROWSER),
        alice.get(f"/v1/statements?{EVIL}=1&kind={EVIL}&from={EVIL}", headers=BROWSER),
        alice.post("/v1/statements", statement(**{EVIL: 1, "kind": EVIL, "speaker": {EVIL: EVIL}}), headers=BROWSER),
        alice.post(
            "/v1/statements", data=f'{{"{EVIL}":1,"{EVIL}":2}}', content_type="application/json", headers=BROWSER
        ),
        alice.post("/v1/statements", data="{}", content_type=EVIL, headers=BROWSER),
        raw(app, "/livez", EVIL, HTTP_ACCEPT="text/html"),
    ]
    for answer in answers:
        assert 400 <= answer.status_code < 500
        assert answer.content_type == "text/html; charset=utf-8"
        assert answer.headers["Vary"] == "Accept, Authorization"
        assert answer.text.startswith("<!doctype html>")
        assert "script" not in Page(answer.text).tags
        assert EVIL not in answer.text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_gets_a_page_and_who_gets_json(charlie: Client) -> None:
    pages = ("text/html", "text/html, */*", "text/html;q=0.9, application/json;q=0.8", BROWSER["Accept"])
    jsons = (
        None,
        "",
        "*/*",
        "application/json",
        "application/problem+json, text/html;q=0.5",
        "application/json, text/html;q=0.9",
        "text/html;q=0",
        "text/*",
        "image/png",
        "nonsense",
        ";;;,,,",
        "text/html;q=nonsense;q=0",
    )
    for accept in pages:
        answer = charlie.get("/nope", headers={"Accept": accept})
        assert answer.mimetype == "text/html", accept
        assert answer.status_code == 404
    for accept in jsons:
        answer = charlie.get("/nope", headers={"Accept": accept} if accept is not None else {})
        assert answer.mimetype == "application/problem+json", accept


# --- defects -------------------------------------------------------------------------------------------------


def test_a_defect_answers_500_that_tells_nothing_but_its_request_id(app: Flask, charlie: Client) -> None:
    def broken() -> None:
        raise RuntimeError("the secret of /etc/passwd")

    app.add_url_rule("/broken", view_func=broken)
    problem = assert_problem(charlie.get("/broken"), 500)
    assert problem["type"] == "/problems/internal"
    assert "secret" not in str(problem)
    assert_live(charlie, problem["type"])
