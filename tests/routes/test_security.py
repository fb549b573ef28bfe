"""Where to report a weakness: RFC 9116, of the service and of the page about it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.app import create_app
from api.settings import BadSetting, Settings
from tests.conftest import Client
from tests.test_errors import assert_problem

ROOT = Path(__file__).parents[2]
CONTACT = "mailto:security@record.example"
ADDRESS = "/.well-known/security.txt"


def test_the_contact_is_told_with_a_day_until_which_it_holds(database_url: str) -> None:
    for url in ("", "http://record.example", "https://record.example"):
        app = create_app(Settings(database=database_url, contact=CONTACT, url=url))
        answer = Client(app).get(ADDRESS)
        assert answer.status_code == 200
        assert answer.content_type == "text/plain; charset=utf-8"
        fields = dict(line.split(": ", 1) for line in answer.text.splitlines())
        assert fields["Contact"] == CONTACT
        left = datetime.fromisoformat(fields["Expires"]) - datetime.now(UTC)
        # The standard: less than a year ahead.
        assert timedelta(days=90) < left < timedelta(days=365)
        expected = f"https://record.example{ADDRESS}" if url.startswith("https") else None
        assert fields.get("Canonical") == expected


def test_without_a_contact_there_is_no_such_file(charlie: Client) -> None:
    assert "ONRECORD_CONTACT" in assert_problem(charlie.get(ADDRESS), 404)["detail"]


@pytest.mark.parametrize(
    "text", ["security@record.example", "http://a.example", "mailto:", "mailto:a\nb", "javascript:x"]
)
def test_what_is_no_contact_is_refused(text: str) -> None:
    with pytest.raises(BadSetting, match="ONRECORD_CONTACT takes"):
        Settings.from_environment({"ONRECORD_CONTACT": text})


def test_every_test_that_the_page_on_security_names_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", (ROOT / "docs/security.md").read_text())
    assert len(named) > 30
    for file, test in named:
        assert not test or f"def {test}(" in (ROOT / file).read_text(), f"{file}::{test}"
