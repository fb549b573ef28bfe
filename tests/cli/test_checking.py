"""onrecord check: the verdicts of /v1/check in a terminal, in a pipe and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Client, statement
from tests.servers import onrecord

SAID = "We will not be silent about what happened in Mariupol."


@pytest.fixture
def recorded(alice: Client) -> str:
    found: str = alice.record(statement(text=SAID))["id"]
    return found


def test_a_quotation_is_told_with_what_differs(database_url: str, recorded: str) -> None:
    ran = onrecord(database_url, "check", "we will be silent about what happened", "--speaker", "Blinken", check=False)
    assert ran.returncode == 1
    assert ran.stdout.splitlines() == [
        "altered",
        f"  {recorded}  Antony Blinken, 2022-03-23, The Associated Press, published",
        "    we will [-not-] be silent about what happened",
        "    changed: negation",
    ]
    assert onrecord(database_url, "check", SAID.upper()).stdout.startswith("verbatim\n")


@pytest.mark.usefixtures("recorded")
def test_a_file_is_checked_line_by_line(database_url: str, alice: Client, tmp_path: Path) -> None:
    file = tmp_path / "quotations"
    item = {"text": SAID, "speaker": "Joseph L. Votel"}
    file.write_text(f"\ufeffwhat happened in Mariupol\n\n{json.dumps(item)}\nNobody ever said anything like it.\n")
    ran = onrecord(database_url, "check", str(file), check=False)
    told = [line for line in ran.stdout.splitlines() if not line.startswith(" ")]
    assert told == [
        "1: excerpt: what happened in Mariupol",
        f"3: misattributed: {SAID}",
        "4: not_found: Nobody ever said anything like it.",
    ]
    printed = onrecord(database_url, "check", "--json", str(file), check=False).stdout.splitlines()
    assert [json.loads(line)["verdict"] for line in printed] == ["excerpt", "misattributed", "not_found"]
    # The operator sees what key holders see.
    assert json.loads(printed[1]) == alice.open("POST", "/v1/check", json=item).json


@pytest.mark.usefixtures("recorded")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"text": "a", "who": 1}', "Line 2: #/who: There is no field 'who' here"),
        ('{"text": ""}', "Line 2: #/text: "),
        ('{"text":', "Line 2: "),
        ("\x07", "Line 2: #/text: "),
    ],
)
def test_a_bad_line_is_named(database_url: str, tmp_path: Path, line: str, says: str) -> None:
    file = tmp_path / "quotations"
    file.write_text(f"what happened in Mariupol\n{line}\n")
    ran = onrecord(database_url, "check", str(file), check=False)
    assert ran.returncode == 1
    assert says in ran.stderr
    assert "Traceback" not in ran.stderr
    assert ran.stdout.startswith("1: excerpt")
