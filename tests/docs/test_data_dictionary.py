"""The data dictionary and the page of settings against the code: nothing undocumented, nothing that is gone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import click
import pytest
from marshmallow import missing

from api.cli.getting import get
from api.cli.serving import serve
from api.settings import PREFIX, Settings
from api.storage.db import close_database, db, open_database
from schemas import BY_NAME
from schemas.appearances import HopIn, HopOut
from schemas.base import Checked, Schema
from schemas.corrections import CorrectionIn
from schemas.keys import KeyIn, NewKeyOut
from schemas.mergers import OutletMergerIn, SpeakerMergerIn, UnmergerIn
from schemas.parts import Listed
from schemas.reviews import AuthorIn, AuthorOut, RatingIn, RatingOut
from schemas.speakers import RoleIn, RoleOut
from schemas.statements import SHORTHAND, AttributionIn, AttributionOut, CorrectionOut
from schemas.vocabulary import PREFIXES
from schemas.withdrawals import WithdrawalIn
from tests import databases

ROOT = Path(__file__).parents[2]
DICTIONARY = (ROOT / "docs/data-dictionary.md").read_text()
SETTINGS = (ROOT / "docs/settings.md").read_text()
CODE = re.compile(r"`([^`]+)`")

# The documents that are no record of their own, and so stand in no list of schemas.
PARTS: dict[str, list[type[Schema]]] = {
    "hop": [HopIn, HopOut],
    "attribution": [AttributionIn, AttributionOut],
    "correction": [CorrectionOut],
    "correction as it is sent": [CorrectionIn],
    "role": [RoleIn, RoleOut],
    "author": [AuthorIn, AuthorOut],
    "rating": [RatingIn, RatingOut],
    "key": [KeyIn, NewKeyOut],
    "withdrawal": [WithdrawalIn],
    "merger of a speaker": [SpeakerMergerIn],
    "merger of an outlet": [OutletMergerIn],
    "unmerger": [UnmergerIn],
}
DOCUMENTS = {name: [BY_NAME[f"{name}-input"], BY_NAME[name]] for name in BY_NAME if "-" not in name} | PARTS
# What these mean by default depends on other members, or they are shorthand for one that does.
DEPENDING = {("statement", name) for name in ("form", "appearances")} | {("figure", "qualifier")}


def section(markdown: str, heading: str, level: str = "###") -> str:
    """The text under a heading, up to the next of any level."""
    found = re.search(rf"^{level} {re.escape(heading)}\n(.*?)(?=^#|\Z)", markdown, re.MULTILINE | re.DOTALL)
    assert found, f"There is no section {heading}."
    return found[1]


def rows(text: str) -> dict[str, list[str]]:
    """The rows of a section's table by the name in their first cell."""
    split = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| `")]
    return {cells[0].strip("`"): cells[1:] for cells in split}


def documented(part: str) -> dict[str, list[str]]:
    documents, tables = DICTIONARY.split("\n## Tables\n")
    return rows(section(tables if part.startswith("table ") else documents, part.removeprefix("table ")))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_field_of_a_document_is_documented(name: str) -> None:
    declared = {field for schema in DOCUMENTS[name] for field in schema().fields}
    assert set(documented(name)) == declared


@pytest.mark.parametrize("name", DOCUMENTS)
def test_limits_words_and_defaults_are_those_of_the_schemas(name: str) -> None:
    taken = DOCUMENTS[name][0]().load_fields if name != "correction" else {}
    for field, cells in documented(name).items():
        rule, default = cells[1], cells[2]
        declared = taken.get(field)
        if not isinstance(declared, Checked):
            assert default == "service", field
            continue
        for word in facts(declared):
            assert word in rule, f"{field}: {word} is missing"
        if (name, field) not in DEPENDING:
            assert default == default_of(declared), field


def facts(field: Checked[object]) -> Iterator[str]:
    """What a row has to mention: the words of a closed list, and how long a text or a list may be."""
    described = [field.metadata]
    if isinstance(field, Listed):
        described.append(field.inner.metadata)
        yield f"{field.most:,}"
    for each in described:
        yield from (f"`{word}`" for word in each.get("enum", ()) if word is not None)
        # How long an address or a language tag may be stands with its type.
        if "maxLength" in each and "format" not in each and each["maxLength"] != 100:
            yield f"{each['maxLength']:,}"


def default_of(field: Checked[object]) -> str:
    if field.required:
        return "required"
    default = field.absent()
    if default is missing:
        return "none"
    return "null" if default is None else f"`{default}`"


def test_shorthand_is_said_to_be_input_only() -> None:
    shown = {name: cells[3] for name, cells in documented("statement").items()}
    assert {name for name in shown if shown[name] == "no"} == {*SHORTHAND} - {"outlet"}


def test_every_prefix_of_a_kind_that_exists_is_documented() -> None:
    for kind in (*(name for name in BY_NAME if name in PREFIXES), "key"):
        assert f"`{PREFIXES[kind]}_`" in DICTIONARY


def test_every_column_of_every_table_is_documented(database_url: str) -> None:
    open_database(Settings(database=database_url))
    try:
        # The search index is the database's own, with tables inside that are nobody else's concern.
        names = [table for table in db.get_tables() if not table.startswith("statement_search")]
        columns = {table: {column.name for column in db.get_columns(table)} for table in names}
    finally:
        close_database()
    tables = re.findall(r"^### (\w+)$", DICTIONARY.split("\n## Tables\n")[1], re.MULTILINE)
    assert {table: set(documented(f"table {table}")) for table in tables} == columns


def test_every_setting_is_documented_with_its_default() -> None:
    listed = rows(section(SETTINGS, "Settings", "#"))
    assert set(listed) == {PREFIX + each.name.upper() for each in fields(Settings)}
    for each in fields(Settings):
        # What an empty default stands for is said in words.
        if each.default not in ("", ()):
            shown = f"{each.default:g}" if isinstance(each.default, bool | float) else each.default
            assert listed[PREFIX + each.name.upper()][0] == f"`{shown}`"


def test_every_option_of_serve_is_documented_with_its_default() -> None:
    listed = rows(section(SETTINGS, "onrecord serve", "##"))
    options = {option.opts[0]: option for option in serve.params}
    assert set(listed) == set(options)
    for name, option in options.items():
        flag = isinstance(option, click.Option) and option.is_flag
        assert listed[name][0] == ("off" if flag else f"`{option.default}`")


def test_every_variable_that_is_documented_exists() -> None:
    of_settings = {PREFIX + each.name.upper() for each in fields(Settings)}
    of_commands = {option.envvar for option in get.params if isinstance(option, click.Option)}
    of_tests = set(re.findall(r"ONRECORD_TEST_(?:REQUIRE_)?POSTGRES\b", Path(databases.__file__).read_text()))
    of_tests |= set(re.findall(r"ONRECORD_TEST_\w+", (ROOT / "tests/test_model.py").read_text()))
    of_tests |= set(re.findall(r"ONRECORD_TEST_\w+", (ROOT / "tests/faults/trials.py").read_text()))
    measured = "".join(file.read_text() for file in (ROOT / "benchmarks").glob("*.py"))
    of_benchmarks = set(re.findall(r"ONRECORD_BENCH_\w+", measured))
    pages = [ROOT / name for name in ("README.md", "CONTRIBUTING.md")] + sorted((ROOT / "docs").rglob("*.md"))
    for page in pages:
        named = set(re.findall(r"ONRECORD_[A-Z_]*[A-Z]", page.read_text()))
        assert named <= of_settings | of_commands | of_tests | of_benchmarks, page.name
