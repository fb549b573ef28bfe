"""The onrecord command, run as a user runs it."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

import pytest

from api.settings import Settings
from tests.servers import free_port, onrecord, serving


def test_keys_are_made_listed_rotated_and_revoked(database_url: str) -> None:
    made = json.loads(
        onrecord(database_url, "keys", "create", "--name", "desk", "--scope", "read,write", "--json").stdout
    )
    assert set(made) >= {"id", "name", "key", "scopes"}
    assert (made["name"], made["scopes"]) == ("desk", ["read", "write"])
    assert re.fullmatch(r"onr_[A-Za-z0-9_-]{43}_[0-9a-f]{8}", made["key"])
    rotated = json.loads(onrecord(database_url, "keys", "rotate", made["id"], "--overlap", "2h", "--json").stdout)
    assert (rotated["name"], rotated["scopes"]) == ("desk", ["read", "write"])
    assert rotated["key"] != made["key"]
    onrecord(database_url, "keys", "revoke", rotated["id"])
    listed = {each["id"]: each for each in json.loads(onrecord(database_url, "keys", "list", "--json").stdout)}
    assert listed[made["id"]]["expires_at"] is not None
    assert listed[made["id"]]["revoked_at"] is None
    assert listed[rotated["id"]]["revoked_at"] is not None
    text = onrecord(database_url, "keys", "list").stdout
    assert made["id"] in text
    assert made["key"] not in text + json.dumps(listed)


def test_a_key_alone_is_on_stdout_so_that_it_can_be_piped(database_url: str) -> None:
    done = onrecord(database_url, "keys", "create", "--name", "desk", "--scope", "read", "--expires", "90d")
    assert re.fullmatch(r"onr_\S+\n", done.stdout)
    assert "desk" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["keys", "create", "--name", "x", "--scope", "reed"], "reed"),
        (["keys", "create", "--name", " ", "--scope", "read"], "empty"),
        (["keys", "create", "--scope", "read"], "--name"),
        (["keys", "create", "--name", "x", "--scope", "read", "--expires", "soon"], "90d"),
        *(
            (["keys", "create", "--name", "x", "--scope", "read", "--expires", span], "--expires")
            for span in ("0d", "0h", "000m", "-1d", "1e9d", "999999d", "1.5d", "٣d", "d", "", " 1d", "1d ")
        ),
        (["keys", "rotate", "key_none", "--overlap", "-1d"], "--overlap"),
        (["keys", "revoke", "key_none"], "onrecord keys list"),
        (["get", "v1/statements"], "slash"),
        (["frobnicate"], "frobnicate"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_mistakes_are_one_clear_message_and_a_failing_exit(database_url: str, arguments: list[str], word: str) -> None:
    done = onrecord(database_url, *arguments, check=False)
    assert done.returncode != 0
    assert word in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_that_is_not_set_up_says_what_to_run(empty_database_url: str) -> None:
    done = onrecord(empty_database_url, "keys", "list", check=False)
    assert done.returncode == 1
    assert "onrecord migrate" in done.stderr
    assert onrecord(empty_database_url, "migrate").stdout.startswith("applied 0001")
    assert json.loads(onrecord(empty_database_url, "migrate", "--json").stdout)["applied"] == []


@pytest.mark.parametrize(
    "url", ["mysql://x/y", "sqlite:////proc/nowhere/x.db", "postgresql://nobody@127.0.0.1:1/nothing"]
)
def test_a_database_that_cannot_be_reached_is_one_clear_message(url: str) -> None:
    done = onrecord(url, "migrate", check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert url.split(":")[0] in done.stderr


def test_a_password_is_never_printed() -> None:
    done = onrecord("postgresql://me:sesame@127.0.0.1:1/nothing", "migrate", check=False)
    assert "sesame" not in done.stdout + done.stderr


# Mistakes in an address of which the password is sesame, or a part of one.
_SIGNS = (*"@/#?%:[] ", "\u2100")
_MANGLED = ("/x", "#127.0.0.1/x", "127.0.0.1:1/x", "@", "@127.0.0.1:port/x", "%00@127.0.0.1:1/x")
_SCHEMES = ("postgres:/", "postgresql:", "pg://", "PostgreSQL://", "//", "", "mysql://", "sqlite://", "sqlite:///")
_QUERIES = ("password=sesame", "pasword=sesame", "sesame", "a=b&sesame", "user=me@there&password=sesame")
MISTYPED = (
    *(f"postgresql://me:p{sign}sesame@127.0.0.1:1/x" for sign in _SIGNS),
    *(f"postgresql://me:sesame{rest}" for rest in _MANGLED),
    *(f"{scheme}me:sesame@127.0.0.1:1/x" for scheme in _SCHEMES),
    *(f"postgresql://127.0.0.1:1/x?{query}" for query in _QUERIES),
    "host=127.0.0.1 port=1 dbname=x user=me password=sesame",
    "'host=127.0.0.1 password=sesame'",
    "postgresql+psycopg://me:sesame@127.0.0.1:1/x",
    "postgresql://me:sesame@127.0.0.1:1/x?connect_timeout=soon",
)


@pytest.mark.parametrize("url", MISTYPED)
def test_a_mistyped_address_of_a_database_is_one_message_without_its_password(url: str, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    backup.write_bytes(b"")
    for arguments in (
        ["migrate"],
        ["migrate", "--json"],
        ["doctor"],
        ["doctor", "--json"],
        ["keys", "list"],
        ["serve", "--port", "0"],
        ["restore", "--yes", str(backup)],
        ["get", "/v1/statements"],
    ):
        done = onrecord(url, *arguments, check=False)
        assert done.returncode == 1, arguments
        assert "sesame" not in done.stdout + done.stderr, arguments
        assert "Traceback" not in done.stderr, arguments


def test_the_address_of_a_database_is_shown_without_password_and_options() -> None:
    for url, shown in (
        ("postgresql://me:a:b,c@one:1,two/x?password=sesame", "postgresql://me@one:1,two/x"),
        ("postgres://%2Fvar%2Frun/x", "postgresql://%2Fvar%2Frun/x"),
        ("postgresql://[::1]:5432/x", "postgresql://[::1]:5432/x"),
        ("sqlite:///x.db", "sqlite:///x.db"),
    ):
        settings = Settings.from_environment({"ONRECORD_DATABASE": url})
        assert settings.shown == shown
        assert "sesame" not in repr(settings)


def test_get_prints_what_the_server_would_answer(database_url: str) -> None:
    with serving(database_url, "--demo") as server:
        for address in ("/v1/statements?limit=3", "/v1/speakers", "/openapi.json"):
            served = server.ask("GET", address, Host="localhost")
            assert onrecord(database_url, "get", address).stdout.encode() == served.body
        missing = onrecord(database_url, "get", "/v1/nothing", check=False)
        assert missing.returncode == 1
        assert json.loads(missing.stdout)["status"] == 404
        shown = onrecord(database_url, "get", "-i", "/v1/me", "--key", server.key)
        assert shown.stdout.startswith("200 OK")
        assert json.loads(shown.stdout.splitlines()[-1])["name"] == "tester"


def test_serve_prints_lines_to_try_and_a_key_once(empty_database_url: str) -> None:
    with serving(empty_database_url, "--demo", key="none yet") as server:
        first = server.log.read_text()
        key = re.search(r"onr_[A-Za-z0-9_-]{43}_[0-9a-f]{8}", first)
        assert key is not None
        assert len(re.findall(r"^  curl ", first, re.MULTILINE)) == 3
        server.key = key[0]
        assert server.ask("GET", "/v1/me").json["scopes"] == ["read", "write", "admin"]
        total = server.ask("GET", "/v1/statements").json["total"]
        assert total >= 15
    with serving(empty_database_url, "--demo", key=key[0]) as server:
        second = server.log.read_text()
        assert "onr_" not in second.replace("Bearer $KEY", "")
        assert server.ask("GET", "/v1/statements").json["total"] == total


def test_serve_refuses_a_port_that_is_taken(empty_database_url: str) -> None:
    with serving(empty_database_url) as server:
        done = onrecord(empty_database_url, "serve", "--port", str(server.port), check=False)
        assert done.returncode == 1
        assert "--port" in done.stderr


def test_two_servers_starting_on_one_empty_database_both_serve(empty_database_url: str) -> None:
    with (
        serving(empty_database_url, "--demo", key="none") as one,
        serving(empty_database_url, "--demo", key="none") as other,
    ):
        for server in (one, other):
            assert server.ask("GET", "/livez").status == 200


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_server_told_to_stop_stops(database_url: str) -> None:
    with serving(database_url) as server:
        server.process.send_signal(signal.SIGTERM)
        # Whoever still works is given 30 seconds; here nobody does, so that it is over long before.
        assert server.process.wait(25) == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_old_sqlite_is_served_by_one_worker_only(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import peewee\npeewee.sqlite3.sqlite_version_info = (3, 40, 1)\n")
    port = str(free_port())
    old = {"PYTHONPATH": f"{tmp_path}:."}
    done = onrecord(database_url, "serve", "--port", port, "--workers", "2", check=False, **old)
    assert done.returncode == 1
    assert "--workers 1" in done.stderr
    with serving(database_url, **old) as server:
        assert "one worker serves" in server.log.read_text()
