"""The decisions: their index is complete, each has its three parts, and the dependencies are those that there are."""

from __future__ import annotations

import re
from configparser import ConfigParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs/decisions"
DECISIONS = sorted(FOLDER.glob("[0-9]*.md"))


def test_the_index_lists_every_decision_by_its_title() -> None:
    lines = [line for line in (FOLDER / "README.md").read_text().splitlines() if line.startswith("- ")]
    expected = []
    for file in DECISIONS:
        number, title = file.read_text().splitlines()[0].removeprefix("# ").split(" ", 1)
        expected.append(f"- [{number}]({file.name}) {title}")
    assert lines == expected


def test_no_number_is_given_twice() -> None:
    numbers = [file.name.split("-")[0] for file in DECISIONS]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("file", DECISIONS, ids=lambda file: file.stem)
def test_a_decision_has_context_decision_and_consequences(file: Path) -> None:
    assert re.findall(r"^\*\*(\w+)\.\*\*", file.read_text(), re.MULTILINE) == ["Context", "Decision", "Consequences"]


def test_every_dependency_has_its_reason() -> None:
    settings = ConfigParser()
    settings.read(ROOT / "setup.cfg")
    required = set(re.findall(r"^([A-Za-z][\w-]*)", settings["options"]["install_requires"], re.MULTILINE))
    table = next(file for file in DECISIONS if file.stem.endswith("-dependencies")).read_text()
    assert set(re.findall(r"^\| `([\w-]+)` \|", table, re.MULTILINE)) == required
