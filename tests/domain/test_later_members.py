"""Documents that an earlier version of the schema made: they are sent with the defaults of what they lack."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import pytest
from marshmallow import missing

from api.domain.core.kinds import Kind
from api.domain.evidence.registry import KINDS
from api.domain.history import log
from api.storage.db import execute, row, writing
from schemas.base import Checked
from tests.conftest import Client

Smallest = dict[str, dict[str, Any]]


def nested(value: Any) -> Iterator[str]:
    """Yield the names of members inside a document's members."""
    for each in value if isinstance(value, list) else value.values() if isinstance(value, dict) else ():
        if isinstance(each, dict):
            yield from each
        yield from nested(each)


def optional(kind: Kind, document: dict[str, Any]) -> list[str]:
    """Return the members of a document that could have come later: they have a default, and it is theirs."""
    found, inside = [], set(nested(document))
    for name, field in kind.takes.fields.items():
        default = field.absent() if isinstance(field, Checked) else missing
        if name in document and name not in inside and document[name] == default:
            found.append(name)
    return found


@contextmanager
def came_later(kind: Kind, names: list[str]) -> Iterator[None]:
    object.__setattr__(kind, "later", tuple(names))
    try:
        yield
    finally:
        object.__setattr__(kind, "later", ())


def take_away(kind: Kind, id: str, names: list[str]) -> str:
    """Have the stored document be one that an earlier version made; return it."""
    found = row(f"SELECT document FROM {kind.name} WHERE id = ?", (id,))
    assert found
    document = orjson.loads(found[0])
    text = orjson.dumps({name: value for name, value in document.items() if name not in names}).decode()
    with writing():
        execute(f"UPDATE {kind.name} SET document = ? WHERE id = ?", (text, id))
    return text


@pytest.mark.parametrize("kind", [*KINDS], ids=lambda kind: kind.plural)
def test_what_came_later_is_sent_with_its_default(alice: Client, smallest: Smallest, kind: Kind) -> None:
    address = f"/v1/{kind.plural}"
    id = alice.record(smallest[kind.plural], kind.plural)["id"]
    ways = (f"{address}/{id}", f"{address}/{id}/revisions/1", address, f"{address}.ndjson", f"{address}.csv")
    before = [alice.get(way).text for way in ways]
    names = optional(kind, orjson.loads(before[0]))
    assert names
    take_away(kind, id, names)
    with came_later(kind, names):
        now = [alice.get(way).text for way in ways]
    assert now[-1] == before[-1]
    for way, one, other in zip(ways[:-1], now, before, strict=False):
        assert list(map(orjson.loads, one.splitlines())) == list(map(orjson.loads, other.splitlines())), way


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "not declared"])
@pytest.mark.parametrize("kind", [*KINDS], ids=lambda kind: kind.plural)
def test_a_patch_that_changes_nothing_makes_no_version_of_an_old_document(
    alice: Client, smallest: Smallest, kind: Kind, declared: bool
) -> None:
    record = alice.record(smallest[kind.plural], kind.plural)
    names = optional(kind, record)
    stored = take_away(kind, record["id"], names)
    before = log.position()
    headers = {"If-Match": "*", "Content-Type": "application/merge-patch+json"}
    with came_later(kind, names if declared else []):
        for patch in ({}, {names[0]: record[names[0]]}):
            answer = alice.patch(f"/v1/{kind.plural}/{record['id']}", patch, headers=headers)
            assert (answer.status_code, answer.json["version"]) == (200, 1)
        assert log.position() == before
        assert row(f"SELECT document FROM {kind.name} WHERE id = ?", (record["id"],)) == (stored,)


@pytest.mark.parametrize("kind", [*KINDS], ids=lambda kind: kind.plural)
def test_what_is_declared_as_later_has_a_default_and_a_name_of_its_own(
    alice: Client, smallest: Smallest, kind: Kind
) -> None:
    document = alice.record(smallest[kind.plural], kind.plural)
    assert set(kind.later) <= set(kind.takes.fields)
    assert not set(kind.later) & set(nested(document))
