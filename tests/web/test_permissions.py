"""Who may do what: every operation in every role, and what happens to bad keys.

The table is that of docs/security.md, drawn from the contract and not from the code. A route that is missing from it
fails, and so does one of which the OpenAPI document says something else.
"""

from __future__ import annotations

import base64
import gzip
import logging
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from api.app import create_app
from api.domain.core import keys
from api.settings import Rate, Settings
from api.storage.db import close_database, db, rows
from tests.conftest import COLLECTIONS, Client, statement
from tests.servers import onrecord
from tests.test_errors import assert_problem
from tests.web.conftest import Lines, raw, stored

RULES = (Path(__file__).parents[2] / "docs/security.md").read_text()
ROW = re.compile(r"^\| `([A-Z]+) (/[^`]*)` \| (\w+) \|$", re.MULTILINE)
# The roles of the table, by the scope that each takes.
NEEDS = {"watchers": "", "anyone": "", "readers": "read", "writers": "write", "administrators": "admin"}
# What each operation answers to whoever may, where nothing else is right with the request; 200 where it is not here.
OTHERWISE = {
    **{("POST", f"/v1/{kind}"): 422 for kind in (*COLLECTIONS, "keys")},
    **{(method, f"/v1/{kind}/{{id}}"): 428 for kind in COLLECTIONS for method in ("PATCH", "DELETE")},
    **{("POST", f"/v1/{kind}/{{id}}/merge"): 428 for kind in ("speakers", "outlets")},
    **{("POST", f"/v1/{kind}/{{id}}/unmerge"): 409 for kind in ("speakers", "outlets")},
    ("POST", "/v1/statements/{id}/corrections"): 422,
    ("POST", "/v1/statements/bulk"): 415,
    ("DELETE", "/v1/keys/{id}"): 404,
    ("GET", "/v1/check"): 400,
    ("POST", "/v1/check"): 422,
    # Nobody is named in the settings of a test.
    ("GET", "/.well-known/security.txt"): 404,
}
# Files for the browser, which sends no key along and is not asked for one.
FILES = {("GET", "/docs"), ("GET", "/docs/{file}")}
HOLDS = {"read": {"read"}, "write": {"read", "write"}, "admin": {"read", "write", "admin"}}
Operation = tuple[str, str]


def rules() -> dict[Operation, str]:
    """Return who may do each operation, as the page on security has it."""
    found = {}
    for method, path, who in ROW.findall(RULES):
        for kind in COLLECTIONS if "{records}" in path else [""]:
            operation = (method, path.replace("{records}", kind))
            assert operation not in found, operation
            found[operation] = who
    return found


TABLE = rules()
# Whoever watches over the service has no key, and one that is sent is not looked at.
HEALTH = {operation for operation, who in TABLE.items() if who == "watchers"}


@pytest.fixture
def addresses(app: Flask, alice: Client, smallest: dict[str, dict[str, Any]]) -> dict[Operation, str]:
    """Every operation of the application with an address for it; the records are there."""
    ids = {kind: alice.record(document, kind)["id"] for kind, document in smallest.items()}
    ids["keys"] = "key_00000000000000000000000000"
    values = {"slug": "gone", "name": "statement", "version": 1, "file": "swagger-ui.css", "suffix": "json", "seq": 1}
    found = {}
    for rule in app.url_map.iter_rules():
        kind = rule.rule.split("/")[2] if rule.rule.startswith("/v1/") else ""
        given = {**values, "id": ids.get(kind)}
        _, address = rule.build({name: given[name] for name in rule.arguments}) or ("", "")
        path = re.sub(r"<(?:[^<>]*:)?(\w+)>", r"{\1}", rule.rule)
        found.update({(method, path): address for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}})
    return found


def rule(operation: Operation) -> str:
    """Return who may do an operation; with a suffix it is the same one, in another form."""
    return TABLE[operation[0], operation[1].removesuffix(".{suffix}")]


def expected(operation: Operation, role: str, *, public: bool) -> int:
    """Return the status that the rules promise a role, and 0 for whatever an operation answers to who may."""
    who = rule(operation)
    needs = "" if who == "readers" and public else NEEDS[who]
    if who != "watchers" and role in ("revoked", "expired", "unknown", "mutilated"):
        return 401
    if not needs or needs in HOLDS.get(role, ()):
        return 0
    return 403 if role in HOLDS else 401


def people(app: Flask) -> dict[str, Client]:
    """Return somebody of each role: with a key of each scope, without one, and with each sort of bad key."""
    made = {role: keys.make(role, [role])["key"] for role in HOLDS}
    revoked = keys.make("revoked", ["admin"])
    keys.revoke(revoked["id"])
    bad = {
        "revoked": revoked["key"],
        "expired": keys.make("expired", ["admin"], expires="2022-03-23T00:00:00Z")["key"],
        "unknown": with_checksum("x" * 43),
        "mutilated": made["admin"][:-1],
    }
    return {role: Client(app, key) for role, key in {**made, **bad, "nobody": None}.items()}


def ask(client: Client, method: str, address: str, **headers: str) -> int:
    """Send a request that is right in little but its key, and return the status."""
    # What is counted has to be said.
    query = "?by=kind" if address.endswith("/counts") else ""
    answer = client.open(method, f"{address}{query}", json=None if method == "GET" else {}, headers=headers)
    if answer.status_code in (401, 403):
        assert_problem(answer, answer.status_code, method)
    return answer.status_code


def test_the_table_has_every_operation_of_the_description_and_no_other(charlie: Client) -> None:
    paths = charlie.get("/openapi.json").json["paths"]
    assert {(method.upper(), path) for path, methods in paths.items() for method in methods} == TABLE.keys()


def test_every_route_is_in_the_table_or_a_file_or_another_form_of_one(addresses: dict[Operation, str]) -> None:
    bare = {(method, path.removesuffix(".{suffix}")) for method, path in addresses}
    assert bare == TABLE.keys() | FILES


@pytest.mark.parametrize("public", [True, False])
def test_the_description_says_what_the_table_says(database_url: str, public: bool) -> None:
    app = create_app(Settings(database=database_url, public_read=public))
    paths = Client(app).get("/openapi.json").json["paths"]
    for (method, path), who in TABLE.items():
        asked = NEEDS[who] if who != "readers" or not public else ""
        expected = [{"key": [asked]}] if asked else [{}, {"key": []}]
        found = paths[path][method.lower()]["security"]
        assert found == ([] if who == "watchers" else expected), (method, path)
    close_database()


@pytest.mark.parametrize("public", [True, False])
def test_every_role_on_every_route(database_url: str, addresses: dict[Operation, str], public: bool) -> None:
    app = create_app(Settings(database=database_url, public_read=public))
    roles = people(app)
    before = stored()
    for operation in addresses.keys() - FILES:
        for role, client in roles.items():
            promised = expected(operation, role, public=public) or OTHERWISE.get(operation, 200)
            assert ask(client, operation[0], addresses[operation]) == promised, (operation, role)
    assert stored() == before


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
    me = Client(app).get("/v1/me").json
    assert (me["id"], me["name"], me["scopes"]) == (None, "anonymous", [])


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
    app: Flask, alice: Client, addresses: dict[Operation, str]
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


def test_a_bad_key_is_told_what_is_wrong_with_it(app: Flask) -> None:
    roles = people(app)
    for role, reason in {"unknown": "not known", "revoked": "revoked", "expired": "expired"}.items():
        assert reason in assert_problem(roles[role].get("/"), 401)["detail"]


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


def test_a_key_that_would_have_ended_already_is_not_made(dora: Client) -> None:
    second_ago = (datetime.now(UTC) - timedelta(seconds=1)).isoformat().replace("+00:00", "Z")
    for ends in ("2022-03-23T00:00:00Z", "0001-01-01T00:00:00.123456789Z", second_ago):
        problem = assert_problem(dora.post("/v1/keys", {"name": "x", "scopes": ["read"], "expires_at": ends}), 422)
        assert [(each["pointer"], each["code"]) for each in problem["errors"]] == [("#/expires_at", "range")]
    assert [each["name"] for each in dora.get("/v1/keys").json["data"]] == ["dora"]
    for ends in ("9999-12-31T23:59:59Z", None):
        made = dora.record({"name": "x", "scopes": ["read"], "expires_at": ends}, "keys")
        assert made["expires_at"] == ends


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
    strict = create_app(Settings(database=database_url, proxies=1, rate_limit=Rate(1, 60)))
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
        client.open("OPTIONS", "/", headers={"Origin": key, "Access-Control-Request-Method": key}),
        Client(strict, key).get("/"),
        Client(strict, key).get("/", headers={"X-Forwarded-For": key}),
        Client(strict).get(f"/{key}", headers={"X-Forwarded-For": key}),
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


def test_a_key_is_in_no_backup_and_no_export(database_url: str, alice: Client, tmp_path: Path) -> None:
    alice.record(statement())
    file = tmp_path / "backup.gz"
    printed = onrecord(database_url, "backup", str(file), "--json").stdout
    printed += onrecord(database_url, "export", "--withheld").stdout
    printed += onrecord(database_url, "keys", "list", "--json").stdout
    held = gzip.decompress(file.read_bytes())
    assert b"alice" in held
    for secret in (str(alice.key), str(alice.key)[4:40]):
        assert secret.encode() not in held
        assert secret not in printed


def test_a_key_sent_as_a_request_id_is_not_logged(app: Flask, alice: Client, lines: Lines) -> None:
    alice.get("/livez", headers={"X-Request-Id": str(alice.key)})
    assert str(alice.key) not in str(lines())


def test_keys_are_compared_by_their_hash_only(alice: Client, database_url: str) -> None:
    stored_keys: list[tuple[Any, ...]] = rows("SELECT * FROM access_key")
    assert str(alice.key) not in str(stored_keys)
    assert all(len(each) == 64 for (each,) in rows("SELECT sha256 FROM access_key"))
    close_database()
