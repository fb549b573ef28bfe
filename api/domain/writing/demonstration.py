"""The demonstration: a news digest of March 2022 as attributed statements, recorded by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from api.domain.evidence.registry import KINDS
from api.domain.evidence.statements import STATEMENT
from api.domain.indexing import names
from api.domain.writing import records
from api.storage.db import row, writing

FILE = Path(__file__).parents[2] / "demonstration" / "records.json"
BY = "demonstration"


def load() -> int:
    """Record whatever of the demonstration is not held yet, all of it or nothing; return how many statements."""
    given: dict[str, list[dict[str, Any]]] = orjson.loads(FILE.read_bytes())
    with writing():
        for kind in reversed(KINDS.parties):
            for fields in given[kind.plural]:
                if not names.bearers(kind.name, fields["name"]):
                    records.store(kind, kind.takes.load(fields), by=BY)
        missing = [each for each in given["statements"] if not _held(each["external_id"])]
        for fields in missing:
            records.store(STATEMENT, STATEMENT.takes.load(fields), by=BY)
    return len(missing)


def _held(external_id: str) -> bool:
    return row("SELECT 1 FROM statement WHERE external_id = ?", (external_id,)) is not None
