"""Pages of other sites: any may read every answer, only those that the settings name may write."""

from __future__ import annotations

import logging

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from api.app import create_app
from api.domain.core import keys
from api.settings import BadSetting, Rate, Settings
from tests.conftest import Client, statement
from tests.web.conftest import raw
from tests.web.test_permissions import TABLE

NEWSROOM, OTHER = "https://newsroom.example", "https://other.example"
READABLE = {"etag", "link", "location", "retry-after", "ratelimit", "ratelimit-policy", "x-request-id"} | {
    *("idempotent-replayed", "www-authenticate", "allow")
}
SENT = {"authorization", "content-type", "if-match", "if-none-match", "idempotency-key", "x-request-id"}
ORIGIN, CREDENTIALS = "Access-Control-Allow-Origin", "Access-Control-Allow-Credentials"


@pytest.fixture
def listing(app: Flask, database_url: str) -> Flask:
    """The application, where the pages of one other site may write."""
    return create_app(Settings(database=database_url, cors_origins=(NEWSROOM,)))


def listed(answer: TestResponse, name: str) -> set[str]:
    """Return what a header lists, in small letters."""
    return {each.strip().lower() for each in ",".join(answer.headers.getlist(name)).split(",")} - {""}


def preflight(client: Client, method: str, origin: str = OTHER, address: str = "/v1/statements") -> TestResponse:
    asked = {"Origin": origin, "Access-Control-Request-Method": method}
    asked["Access-Control-Request-Headers"] = "authorization,content-type"
    answer = client.open("OPTIONS", address, headers=asked)
    assert answer.status_code == 204
    assert answer.data == b""
    assert listed(answer, "Vary") >= {"origin", "access-control-request-method", "access-control-request-headers"}
    assert CREDENTIALS not in answer.headers
    return answer


def may(answer: TestResponse, method: str, origin: str = OTHER) -> bool:
    """Whether a browser goes on to send a request of that method after this answer to its preflight."""
    named = answer.headers.getlist(ORIGIN)
    allowed = named in ([origin], ["*"]) and method.lower() in listed(answer, "Access-Control-Allow-Methods")
    assert allowed == (listed(answer, "Access-Control-Allow-Headers") >= SENT)
    assert not allowed or int(answer.headers["Access-Control-Max-Age"]) > 0
    return allowed


# --- reading -------------------------------------------------------------------------------------------------


def test_any_page_may_read_whatever_the_answer(app: Flask, database_url: str, alice: Client, charlie: Client) -> None:
    def broken() -> None:
        raise RuntimeError

    app.add_url_rule("/broken", view_func=broken)
    address = f"/v1/statements/{alice.record(statement())['id']}"
    tag = charlie.get(address).headers["ETag"]
    strict = Client(create_app(Settings(database=database_url, rate_limit_anonymous=Rate(1, 86400))))
    strict.get("/")

    answers = {
        200: [charlie.get("/v1/statements"), charlie.get(address), alice.get("/v1/me"), charlie.get("/docs")],
        304: [charlie.get(address, headers={"If-None-Match": tag})],
        400: [charlie.get("/v1/statements?nonsense=1")],
        401: [charlie.get("/v1/keys"), raw(app, "/", HTTP_AUTHORIZATION="x")],
        403: [alice.get("/v1/keys")],
        404: [charlie.get("/nope"), charlie.open("HEAD", "/nope"), charlie.open("OPTIONS", "/nope")],
        429: [strict.get("/v1/statements")],
        500: [charlie.get("/broken")],
    }
    answers[200] += [
        charlie.open("HEAD", address),
        charlie.get("/v1/statements.csv", buffered=True),
        charlie.get("/livez"),
    ]
    for status, each in answers.items():
        for answer in each:
            assert answer.status_code == status
            assert answer.headers.getlist(ORIGIN) == ["*"]
            assert listed(answer, "Access-Control-Expose-Headers") >= READABLE
            assert CREDENTIALS not in answer.headers


def test_every_header_that_the_description_names_may_be_read(charlie: Client) -> None:
    named = {name.lower() for name in charlie.get("/openapi.json").json["components"]["headers"]}
    assert named <= listed(charlie.get("/livez"), "Access-Control-Expose-Headers")


def test_an_answer_does_not_depend_on_which_page_reads_it(charlie: Client) -> None:
    """Otherwise caches would have to keep one for each."""
    for origin in (OTHER, NEWSROOM, "null", "nonsense"):
        answer = charlie.get("/v1/statements", headers={"Origin": origin})
        assert answer.headers.getlist(ORIGIN) == ["*"]
        assert "origin" not in listed(answer, "Vary")


def test_a_page_may_read_with_a_key_and_conditions(charlie: Client) -> None:
    for method in ("GET", "HEAD"):
        for address in ("/v1/statements", "/v1/keys", "/nope", "/v1/statements/stm_1"):
            assert may(preflight(charlie, method, address=address), method)


def test_options_without_a_preflight_lists_the_methods(charlie: Client) -> None:
    for headers in ({}, {"Origin": OTHER}, {"Access-Control-Request-Method": "GET"}):
        answer = charlie.open("OPTIONS", "/v1/statements", headers=headers)
        assert answer.status_code == 200
        assert listed(answer, "Allow") == {"get", "head", "options", "post"}


# --- writing -------------------------------------------------------------------------------------------------


def test_only_pages_of_listed_origins_may_write(listing: Flask) -> None:
    client = Client(listing)
    writing = [(method, path) for (method, path), who in TABLE.items() if who in ("writers", "administrators")]
    for method, path in writing:
        address = path.replace("{id}", "stm_1")
        assert may(preflight(client, method, NEWSROOM, address), method, NEWSROOM)
        # Administrators' lists are read, and reading is everybody's who has the key.
        assert may(preflight(client, method, OTHER, address), method) == (method == "GET")
        for near in (
            "https://newsroom.example.evil.example",
            "https://evilnewsroom.example",
            "http://newsroom.example",
            "https://newsroom.example:444",
            "https://NEWSROOM.example",
            "https://newsroom.example/",
            "null",
        ):
            assert may(preflight(client, method, near, address), method, near) == (method == "GET")


def test_nobody_elses_pages_may_write_unless_the_settings_say_so(charlie: Client) -> None:
    for method in ("POST", "PATCH", "DELETE", "PUT", "BREW"):
        for origin in (NEWSROOM, OTHER, "null"):
            for address in ("/v1/statements", "/v1/statements/stm_1", "/nope"):
                assert not may(preflight(charlie, method, origin, address), method, origin)


def test_a_listed_page_reads_what_became_of_its_write(listing: Flask) -> None:
    client = Client(listing, keys.make("alice", ["write"])["key"])
    nobody = Client(listing)
    for origin, shown in ((NEWSROOM, [NEWSROOM]), (OTHER, []), (None, [])):
        headers = {"Origin": origin} if origin else {}
        answers = [
            client.post("/v1/statements", statement(text=f"For {origin}."), headers=headers),
            client.post("/v1/statements", {}, headers=headers),
            client.post("/nope", {}, headers=headers),
            client.post("/livez", {}, headers=headers),
            client.patch("/v1/statements/stm_1", {}, headers=headers),
            nobody.delete("/v1/statements/stm_1", headers=headers),
        ]
        assert [answer.status_code for answer in answers] == [201, 422, 404, 405, 428, 401]
        for answer in answers:
            assert answer.headers.getlist(ORIGIN) == shown
            assert "origin" in listed(answer, "Vary")
            assert ("Access-Control-Expose-Headers" in answer.headers) == bool(shown)
            assert CREDENTIALS not in answer.headers


def test_every_page_may_write_where_the_settings_say_so_and_the_log_warns(
    app: Flask, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "onrecord"):
        open_to_all = create_app(Settings(database=database_url, cors_origins=("*",)))
    assert "ONRECORD_CORS_ORIGINS is *" in caplog.text
    client = Client(open_to_all, keys.make("alice", ["write"])["key"])
    assert may(preflight(client, "POST"), "POST")
    answer = client.post("/v1/statements", statement(), headers={"Origin": OTHER})
    assert answer.headers.getlist(ORIGIN) == ["*"]


# --- settings ------------------------------------------------------------------------------------------------


def test_origins_are_read() -> None:
    text = " https://newsroom.example , http://localhost:3000,https://[::1]:8443 ,, "
    origins = Settings.from_environment({"ONRECORD_CORS_ORIGINS": text}).cors_origins
    assert origins == (NEWSROOM, "http://localhost:3000", "https://[::1]:8443")
    assert Settings.from_environment({"ONRECORD_CORS_ORIGINS": "*"}).cors_origins == ("*",)


@pytest.mark.parametrize(
    "text",
    ["newsroom.example", f"{NEWSROOM}/", f"{NEWSROOM}/a", "https://News.example", "null", "https://*.example", "a, *"],
)
def test_what_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(BadSetting, match="ONRECORD_CORS_ORIGINS takes origins"):
        Settings.from_environment({"ONRECORD_CORS_ORIGINS": text})
