"""onrecord doctor: what is wrong, and what to do, whatever state things are in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from api.domain.keeping import indexes
from api.storage.db import close_database, execute
from tests.conftest import Client, statement
from tests.servers import onrecord


def diagnosed(url: str, code: int, **environ: str) -> list[dict[str, Any]]:
    """Return what is not well."""
    done = onrecord(url, "doctor", "--json", check=False, **environ)
    assert done.returncode == code, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["ok"] == (code == 0)
    for each in found["findings"]:
        assert each["level"] in ("ok", "warning", "wrong")
        assert (each["todo"] is None) == (each["level"] == "ok")
    return [each for each in found["findings"] if each["level"] != "ok" and each["about"] not in ("postgresql", "disk")]


def test_an_installation_that_is_well_has_nothing_to_do(database_url: str, dora: Client) -> None:
    assert diagnosed(database_url, 0) == []
    text = onrecord(database_url, "doctor").stdout
    assert all(line.startswith(("ok ", "warning ")) for line in text.splitlines())
    assert "password" not in text


def test_settings_are_looked_at_all_at_once(database_url: str) -> None:
    given = {
        "ONRECORD_BUSY_TIMEOUT": "soon",
        "ONRECORD_PUBLIC_READ": "maybe",
        "ONRECORD_DATABSE": "x",
        "ONRECORD_FOO": "1",
    }
    found = diagnosed(database_url, 1, **given)
    assert [each["detail"].split()[0] for each in found[:1]] == ["ONRECORD_BUSY_TIMEOUT"]
    assert {name for name in given for each in found if name in each["detail"]} == set(given)
    assert any(each["todo"] == "Did you mean ONRECORD_DATABASE?" for each in found)


def test_a_database_that_is_not_set_up_is_told_how_and_not_made(tmp_path: Path, empty_database_url: str) -> None:
    (found,) = diagnosed(f"sqlite:///{tmp_path}/none.db", 1)
    assert "onrecord migrate" in found["todo"]
    assert list(tmp_path.iterdir()) == []
    if empty_database_url.startswith("postgresql"):
        (found,) = diagnosed(empty_database_url, 1)
        assert (found["about"], found["todo"]) == ("schema", "onrecord migrate")


def test_a_newer_schema_older_indexes_and_keys_are_noticed(database_url: str, alice: Client) -> None:
    (found,) = diagnosed(database_url, 0)
    assert "keys create" in found["todo"]
    execute("UPDATE access_key SET name = 'first key', scopes = 'admin'")
    (found,) = diagnosed(database_url, 0)
    assert "keys rotate key_" in found["todo"]
    alice.record(statement())
    execute("UPDATE index_state SET version = ?, step = 'statements'", (indexes.VERSION,))
    execute("UPDATE access_key SET name = 'desk'")
    (found,) = diagnosed(database_url, 0)
    assert "onrecord reindex" in found["todo"]
    execute("UPDATE index_state SET version = ?, step = ''", (indexes.VERSION - 1,))
    first = diagnosed(database_url, 1)[0]
    assert (first["about"], first["todo"]) == ("indexes", "onrecord migrate")
    execute("INSERT INTO schema_migration (name, applied) VALUES ('9999_later', '2030-01-01')")
    assert [each["about"] for each in diagnosed(database_url, 1)] == ["schema"]


def test_a_server_that_is_away_is_said_to_be() -> None:
    (found,) = diagnosed("postgresql://nobody:geheim@127.0.0.1:1/nothing", 1)
    assert found["about"] == "database"
    assert "geheim" not in str(found)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_damaged_file_is_noticed_wherever_it_is_damaged(database_url: str, alice: Client, tmp_path: Path) -> None:
    for number in range(30):
        alice.record(statement(text=f"Words {number}."))
    execute("PRAGMA wal_checkpoint(TRUNCATE)")
    close_database()
    content = Path(database_url.removeprefix("sqlite:///")).read_bytes()
    for place in (0, 20, 60, 100, 4096, len(content) // 2 // 4096 * 4096):
        file = tmp_path / f"{place}.db"
        file.write_bytes(content[:place] + b"\xd3" * 2000 + content[place + 2000 :])
        done = onrecord(f"sqlite:///{file}", "doctor", check=False)
        assert done.returncode == 1, place
        assert "Traceback" not in done.stderr, place
        assert "restore" in done.stdout, place
