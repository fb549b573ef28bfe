"""onrecord export: the bytes of the service's streams, without a service."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import COLLECTIONS, Client, statement
from tests.servers import onrecord


@pytest.fixture
def stored(alice: Client) -> None:
    for number in range(3):
        alice.record(statement(text=f'Words "{number}" – ‘quoted’.', speaker=f"Speaker {number}", topics=["a,b"]))
    alice.record(statement(text="Not yet.", status="withheld"))
    alice.record({"url": "https://news.example/a", "text": "The whole text."}, "sources")


@pytest.mark.usefixtures("stored")
def test_every_list_is_exported_as_the_service_streams_it(
    database_url: str, bob: Client, charlie: Client, tmp_path: Path
) -> None:
    for collection in COLLECTIONS:
        for form in ("ndjson", "csv"):
            file = tmp_path / f"{collection}.{form}"
            command = ("export", "--type", collection, "--format", form, "-o", str(file))
            onrecord(database_url, *command)
            assert file.read_bytes() == charlie.get(f"/v1/{collection}.{form}").data
            if collection in ("statements", "sources"):
                onrecord(database_url, *command, "--withheld")
                assert file.read_bytes() == bob.get(f"/v1/{collection}.{form}").data
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_filters_are_those_of_the_service(database_url: str, charlie: Client) -> None:
    printed = onrecord(database_url, "export").stdout
    assert printed.encode() == charlie.get("/v1/statements.ndjson").data
    printed = onrecord(database_url, "export", "speaker=Speaker 1", "fields=text").stdout
    assert [json.loads(line) for line in printed.splitlines()] == [{"text": 'Words "1" – ‘quoted’.'}]
    address = "/v1/statements.csv?speaker=Speaker+1&limit=1"
    assert onrecord(database_url, "export", address).stdout.encode() == charlie.get(address).data.replace(
        b"\r\n", b"\n"
    )


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["speeker=NATO"], "speaker"),
        (["speaker="], "without a value"),
        (["nonsense"], "is not a filter"),
        (["/v1/nothing"], "is not the address"),
        (["/v1/statements.bib"], "is not the address"),
        (["--type", "keys"], "keys"),
        (["cursor=x"], "cursor"),
        (["-o", "/nowhere/at/all"], "No such file"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_mistakes_are_said_in_a_line_and_leave_no_file(database_url: str, arguments: list[str], word: str) -> None:
    done = onrecord(database_url, "export", *arguments, check=False)
    assert done.returncode != 0
    assert word in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
