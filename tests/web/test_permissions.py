"""Who may do what: every route for every role, from a table of this file's own, and what happens to bad keys.

The table is drawn from the contract, not from the code: reading published records needs no key, writing a
key with `write`, keys themselves one with `admin`. A route that is missing from it fails.
"""

from __future__ import annotations

import base64
import logging
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from api.app import create_app
from api.domain import keys
from api.settings import Settings
from api.storage.db import close_database, db, rows
from tests.conftest import COLLECTIONS, Client, statement
from tests.test_errors import assert_problem
from tests.web.conftest import Lines, raw, stored

# What each operation needs, and what it answers to whoever may, where nothing else is right with the request.
NOTHING, READ, WRITE, ADMIN = range(4)
RECORDS = {
    ("GET", "/v1/{}"): (READ, 200),
    ("POST", "/v1/{}"): (WRITE, 422),
    ("GET", "/v1/{}.<suffix>"): (READ, 200),
    ("GET", "/v1/{}/<id>"): (READ, 200),
    ("GET", "/v1/{}/<id>.<suffix>"): (READ, 200),
    ("PATCH", "/v1/{}/<id>"): (WRITE, 428),
    ("DELETE", "/v1/{}/<id>"): (WRITE, 428),
    ("GET", "/v1/{}/<id>/revisions"): (READ, 200),
    ("GET", "/v1/{}/<id>/revisions/<version>"): (READ, 200),
}
TABLE = {
    ("GET", "/"): (NOTHING, 200),
    ("GET", "/livez"): (NOTHING, 200),
    ("GET", "/readyz"): (NOTHING, 200),
    ("GET", "/openapi.json"): (NOTHING, 200),
    ("GET", "/v1/schemas/<name>.json"): (NOTHING, 200),
    ("GET", "/problems/<slug>"): (NOTHING, 200),
    ("GET", "/v1/me"): (NOTHING, 200),
    ("GET", "/v1/keys"): (ADMIN, 200),
    ("POST", "/v1/keys"): (ADMIN, 422),
    ("DELETE", "/v1/keys/<id>"): (ADMIN, 404),
    **{(method, path.format(kind)): allowed for (method, path), allowed in RECORDS.items() for kind in COLLECTIONS},
    ("GET", "/v1/statements/counts"): (READ, 200),
    ("POST", "/v1/statements/<id>/corrections"): (WRITE, 422),
    ("POST", "/v1/statements/bulk"): (WRITE, 415),
    **{("POST", f"/v1/{kind}/<id>/merge"): (WRITE, 428) for kind in ("speakers", "outlets")},
    **{("POST", f"/v1/{kind}/<id>/unmerge"): (WRITE, 409) for kind in ("speakers", "outlets")},
    ("GET", "/v1/figures"): (READ, 200),
    ("GET", "/v1/changes"): (READ, 200),
    ("GET", "/v1/log/head"): (READ, 200),
    ("GET", "/v1/log/entries/<seq>"): (READ, 200),
}
# Whoever watches over the service has no key, and one that is sent is not looked at.
HEALTH = {("GET", "/livez"), ("GET", "/readyz")}
# Files for the browser, which sends no key along and is not asked for one.
FILES = {("GET", "/docs"), ("GET", "/docs/<file>")}
HOLDS = {"nobody": NOTHING, "read": READ, "write": WRITE, "admin": ADMIN}


@pytest.fixture
def addresses(app: Flask, alice: Client, smallest: dict[str, dict[str, Any]]) -> dict[tuple[str, str], str]:
    """Every operation of the application with an address for it; the records are there."""
    ids = {kind: alice.record(document, kind)["id"] for kind, document in smallest.items()}
    ids["keys"] = "key_00000000000000000000000000"
    values = {"slug": "gone", "name": "statement", "version": 1, "file": "swagger-ui.css", "suffix": "json", "seq": 1}
    found = {}
    for rule in app.url_map.iter_rules():
        kind = rule.rule.split("/")[2] if rule.rule.startswith("/v1/") else ""
        given = {**values, "id": ids.get(kind)}
        _, address = rule.build({name: given[name] for name in rule.arguments}) or ("", "")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            path = rule.rule
            for name in rule.arguments:
                path = path.replace(path[path.rfind("<", 0, path.index(f"{name}>")) : path.index(f"{name}>")], "<")
            found[method, path] = address
    return found


def ask(client: Client, method: str, address: str, **headers: str) -> int:
    """Send a request that is right in little but its key, and return the status."""
    # What is counted has to be said.
    query = "?by=kind" if address.endswith("/counts") else ""
    answer = client.open(method, f"{address}{query}", json=None if method == "GET" else {}, headers=headers)
    if answer.status_code in (401, 403):
        assert_problem(answer, answer.status_code, method)
    return answer.status_code


def test_the_table_has_every_route_and_no_other(addresses: dict[tuple[str, str], str]) -> None:
    assert addresses.keys() == TABLE.keys() | FILES


def test_every_role_on_every_route(app: Flask, addresses: dict[tuple[str, str], str]) -> None:
    roles = {role: Client(app, keys.make(role, [role])["key"]) for role in ("read", "write", "admin")}
    roles["nobody"] = Client(app)
    before = stored()
    for operation, (needs, allowed) in TABLE.items():
        for role, client in roles.items():
            expected = allowed
            # Reading what is published needs no key.
            if needs > READ and HOLDS[role] < needs:
                expected = 401 if role == "nobody" else 403
            assert ask(client, operation[0], addresses[operation]) == expected, (operation, role)
    assert stored() == before


def test_without_public_reading_every_record_needs_a_key(
    database_url: str, addresses: dict[tuple[str, str], str]
) -> None:
    private = create_app(Settings(database=database_url, public_read=False))
    reader = Client(private, keys.make("reader", ["read"])["key"])
    for operation, (needs, allowed) in TABLE.items():
        expected = allowed if needs == NOTHING else 401
        assert ask(Client(private), operation[0], addresses[operation]) == expected, operation
        expected = 403 if needs > READ else allowed
        assert ask(reader, operation[0], addresses[operation]) == expected, operation


def test_a_scope_holds_those_before_it(app: Flask) -> None:
    for given, held in (
        (["read"], ["read"]),
        (["write"], ["read", "write"]),
        (["admin"], ["read", "write", "admin"]),
        (["admin", "read"], ["read", "write", "admin"]),
    ):
        me = Client(app, keys.make("x", given)["key"]).get("/v1/me").json
        assert me["scopes"] == held
        assert me["name"] == "x"
    assert Client(app).get("/v1/me").json == {"id": None, "name": "anonymous", "scopes": []}


# --- withheld ------------------------------------------------------------------------------------------------


def test_what_is_withheld_is_not_there_for_who_has_no_key(alice: Client, bob: Client, charlie: Client) -> None:
    id = alice.record(statement(status="withheld"))["id"]
    alice.patch(f"/v1/statements/{id}", {"context": "x"}, headers={"If-Match": "*"})
    below = ("", "/", "/revisions", "/revisions/1", "/revisions?diff=1..2")
    nothing = assert_problem(charlie.get(f"/v1/statements/stm_{id[4:]}0"), 404)
    for each in below:
        hidden = assert_problem(charlie.get(f"/v1/statements/{id}{each}"), 404)
        assert hidden["detail"].replace(id, "") == nothing["detail"].replace(id + "0", "")
        for who in (alice, bob):
            assert who.get(f"/v1/statements/{id}{each}").status_code == 200
    assert charlie.get("/v1/statements").json["total"] == 0
    assert bob.get("/v1/statements").json["total"] == 1
    alice.delete(f"/v1/statements/{id}", headers={"If-Match": "*"})
    assert_problem(bob.get(f"/v1/statements/{id}"), 410)
    for each in below:
        assert_problem(charlie.get(f"/v1/statements/{id}{each}"), 404)


def test_the_revisions_of_what_was_withdrawn_need_a_key(alice: Client, bob: Client, charlie: Client) -> None:
    id = alice.record(statement())["id"]
    alice.delete(f"/v1/statements/{id}", {"reason": "Recorded twice."}, headers={"If-Match": "*"})
    gone = assert_problem(charlie.get(f"/v1/statements/{id}"), 410)
    assert (gone["withdrawn_by"], gone["reason"]) == ("alice", "Recorded twice.")
    for each in ("revisions", "revisions/1", "revisions/2", "revisions?diff=1..2"):
        assert_problem(charlie.get(f"/v1/statements/{id}/{each}"), 401)
        assert bob.get(f"/v1/statements/{id}/{each}").status_code == 200


# --- bad keys ------------------------------------------------------------------------------------------------


def with_checksum(secret: str) -> str:
    return f"onr_{secret}_{zlib.crc32(secret.encode()):08x}"


def malformed(key: str) -> list[str]:
    """Return headers that a mistake made of a good key, none of which can be one."""
    basic = base64.b64encode(f"alice:{key}".encode()).decode()
    tokens = [
        key[:-1],
        key[1:],
        key + "0",
        key.upper(),
        key.swapcase(),
        key.replace("onr_", "ONR_"),
        key.replace("onr_", "key_"),
        f"{key[:-8]}00000000" if not key.endswith("00000000") else f"{key[:-8]}11111111",
        key[:10] + ("A" if key[10] != "A" else "B") + key[11:],
        key[:20] + " " + key[20:],
        f"{key}, {key}",
        f'"{key}"',
        f"{key}\x00",
        f"{key}\xff",
        "onr_",
        "onr__",
        "x",
        "null",
        "x" * 8000,
        with_checksum("short"),
        with_checksum("x" * 44),
    ]
    return [
        *(f"Bearer {token}" for token in tokens),
        *("", " ", "Bearer", "Bearer ", "Bearer  ", "bearer\t", key, f"Bearer:{key}", f"Bearer={key}", f"Token {key}"),
        *(f"Basic {basic}", "Basic Og==", f"Digest {key}", f"Bearer Bearer {key}", f"token={key}", "\x00", "\xff"),
    ]


@contextmanager
def queries() -> Iterator[list[str]]:
    """Give the queries that the database is sent, as the library that sends them logs them."""

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(record.getMessage())

    found: list[str] = []
    logger, kept = logging.getLogger("peewee"), Kept()
    level = logger.level
    logger.addHandler(kept)
    logger.setLevel(logging.DEBUG)
    yield found
    logger.removeHandler(kept)
    logger.setLevel(level)


def test_a_malformed_key_is_401_everywhere_and_costs_no_query(
    app: Flask, alice: Client, addresses: dict[tuple[str, str], str]
) -> None:
    key = str(alice.key)
    with queries() as asked:
        assert alice.get("/v1/me").status_code == 200
        assert asked, "queries are not seen any more"
        asked.clear()
        for header in malformed(key):
            for method, path in (("GET", "/v1/statements"), ("GET", "/"), ("POST", "/v1/keys")):
                problem = assert_problem(raw(app, path, method, HTTP_AUTHORIZATION=header), 401)
                assert key not in str(problem)
        for operation in TABLE.keys() - HEALTH:
            assert ask(Client(app, "onr_mistyped"), operation[0], addresses[operation]) == 401, operation
        assert asked == []


def test_health_is_told_whatever_the_key(app: Flask, alice: Client) -> None:
    for header in malformed(str(alice.key)):
        for _, path in HEALTH:
            assert raw(app, path, HTTP_AUTHORIZATION=header).status_code == 200


def test_the_scheme_is_read_without_case_and_spacing(app: Flask, alice: Client) -> None:
    for scheme in ("Bearer ", "bearer ", "BEARER   ", " Bearer "):
        answer = raw(app, "/v1/me", HTTP_AUTHORIZATION=f"{scheme}{alice.key} ")
        assert answer.get_json()["name"] == "alice"


def test_an_unknown_revoked_or_expired_key_is_401_on_every_route(
    app: Flask, addresses: dict[tuple[str, str], str]
) -> None:
    revoked = keys.make("revoked", ["admin"])
    keys.revoke(revoked["id"])
    expired = keys.make("expired", ["admin"], expires="2022-03-23T00:00:00Z")
    bad = {
        with_checksum("x" * 43): "not known",
        revoked["key"]: "revoked",
        expired["key"]: "expired",
    }
    before = stored()
    for key, reason in bad.items():
        client = Client(app, key)
        assert reason in assert_problem(client.get("/"), 401)["detail"]
        for operation in TABLE.keys() - HEALTH:
            assert ask(client, operation[0], addresses[operation]) == 401, operation
    assert stored() == before


def test_a_revoked_key_is_refused_by_the_very_next_request(alice: Client, dora: Client) -> None:
    id = alice.get("/v1/me").json["id"]
    assert dora.delete(f"/v1/keys/{id}").status_code == 204
    assert_problem(alice.post("/v1/statements", statement()), 401)
    assert_problem(alice.get("/"), 401)
    assert dora.get("/v1/statements").json["total"] == 0
    assert dora.delete(f"/v1/keys/{id}").status_code == 204


def test_a_key_made_over_http_works_until_it_is_revoked(app: Flask, dora: Client) -> None:
    made = dora.record({"name": "newsroom", "scopes": ["write"]}, "keys")
    newsroom = Client(app, made["key"])
    assert newsroom.record(statement())["recorded_by"] == "newsroom"
    listed = {each["id"]: each for each in dora.get("/v1/keys").json["data"]}
    assert made["key"] not in str(listed)
    assert listed[made["id"]]["last_used_at"]
    dora.delete(f"/v1/keys/{made['id']}")
    assert_problem(newsroom.get("/"), 401)


def test_an_administrator_who_revokes_herself_is_out(dora: Client) -> None:
    assert dora.delete(f"/v1/keys/{dora.get('/v1/me').json['id']}").status_code == 204
    assert_problem(dora.get("/v1/keys"), 401)


def test_a_key_in_the_address_is_an_unknown_parameter(app: Flask, alice: Client, charlie: Client) -> None:
    for name in ("key", "api_key", "access_token", "token", "authorization"):
        for client in (alice, charlie):
            problem = assert_problem(client.get(f"/v1/statements?{name}={alice.key}"), 400)
            assert problem["errors"][0]["code"] == "unknown"
            assert str(alice.key) not in str(problem)
    assert_problem(charlie.post(f"/v1/statements?key={alice.key}", statement()), 401)


# --- the key is shown once -----------------------------------------------------------------------------------


def everything(database_url: str) -> bytes:
    """Return all that the database holds: its files, or every row of every table."""
    if database_url.startswith("sqlite"):
        path = Path(database_url.removeprefix("sqlite:///"))
        return b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))
    return repr([rows(f'SELECT * FROM "{table}"') for table in db.get_tables()]).encode()


def test_a_key_never_shows_again_wherever_it_is_pasted(
    app: Flask, database_url: str, dora: Client, lines: Lines
) -> None:
    made = dora.record({"name": "newsroom", "scopes": ["write"]}, "keys")
    key: str = made["key"]
    client = Client(app, key)
    id = client.record(statement())["id"]
    answers = [
        client.get("/v1/me"),
        client.get(f"/v1/statements?{key}"),
        client.get(f"/v1/statements?{key}={key}"),
        client.get(f"/v1/statements?limit={key}&kind={key}&from={key}&cursor={key}"),
        client.get(f"/v1/statements/{key}"),
        client.get(f"/problems/{key}"),
        client.get(f"/v1/schemas/{key}.json"),
        client.get(f"/{key}", headers={"Accept": "text/html"}),
        client.get("/", headers={"Authorization": f"Basic {key}"}),
        client.get("/", headers={"Authorization": key}),
        client.get("/", headers={"Authorization": f"Bearer {key}0"}),
        client.patch(f"/v1/statements/{id}", {}, headers={"If-Match": key}),
        client.post("/v1/statements", {key: 1, "kind": key, "lang": key, "said_on": key, "outlet": {key: key}}),
        client.post("/v1/statements", data=f'{{"{key}":1,"{key}":2}}', content_type="application/json"),
        client.post("/v1/statements", data="{}", content_type=key),
        client.open(key, "/v1/statements"),
        dora.delete(f"/v1/keys/{key}"),
        dora.get("/v1/keys"),
        client.get("/openapi.json"),
    ]
    dora.delete(f"/v1/keys/{made['id']}")
    answers.append(client.get("/v1/me"))
    for answer in answers:
        assert key not in answer.text, answer.request.path
        assert key[4:40] not in answer.text, answer.request.path
    logged = lines()
    assert len(logged) > len(answers)
    assert key[4:40] not in str(logged)
    held = everything(database_url)
    assert made["id"].encode() in held
    assert key.encode() not in held
    assert key[4:40].encode() not in held


def test_a_key_sent_as_a_request_id_is_not_logged(app: Flask, alice: Client, lines: Lines) -> None:
    alice.get("/livez", headers={"X-Request-Id": str(alice.key)})
    assert str(alice.key) not in str(lines())


def test_keys_are_compared_by_their_hash_only(alice: Client, database_url: str) -> None:
    stored_keys: list[tuple[Any, ...]] = rows("SELECT * FROM access_key")
    assert str(alice.key) not in str(stored_keys)
    assert all(len(each) == 64 for (each,) in rows("SELECT sha256 FROM access_key"))
    close_database()
