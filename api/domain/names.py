"""Finding speakers and outlets by what they are called, and the JSON that stands for them elsewhere."""

from __future__ import annotations

from typing import Any

import orjson

from api.domain.errors import Conflict
from api.domain.kinds import Document
from api.storage.db import execute, row, rows
from api.text.folding import fold


def reference(document: Document) -> str:
    """Return the JSON by which other records show this one: id, name and type."""
    return orjson.dumps({part: document[part] for part in ("id", "name", "type")}).decode()


def index(type: str, document: Document) -> None:
    """Make a record findable by its name and aliases, and by no other."""
    execute("DELETE FROM name WHERE record = ?", (document["id"],))
    for folded in sorted({fold(name) for name in (document["name"], *document["aliases"])}):
        execute("INSERT INTO name (type, folded, record) VALUES (?, ?, ?)", (type, folded, document["id"]))


def bearers(type: str, name: str) -> list[str]:
    """Return the ids of those whose name or alias this is, oldest first."""
    found = rows("SELECT record FROM name WHERE type = ? AND folded = ? ORDER BY record", (type, fold(name)))
    return [id for (id,) in found]


def candidates(type: str, ids: list[str]) -> list[dict[str, Any]]:
    """Return id, name and type of several records, for a choice between them."""
    marks = ", ".join("?" * len(ids))
    return [orjson.loads(text) for (text,) in rows(f"SELECT reference FROM {type} WHERE id IN ({marks})", ids)]


def numbers(type: str, names_or_ids: list[str]) -> list[int]:
    """Return the row numbers of all whose id, name or alias is among these; a name nobody bears adds none."""
    ids: set[str] = set()
    for each in names_or_ids:
        ids.update([each] if number(type, each) is not None else bearers(type, each))
    return sorted(n for n in (number(type, id) for id in ids) if n is not None)


def number(type: str, id: str) -> int | None:
    """Return the row number of an id, None where there is no such record."""
    found = row(f"SELECT n FROM {type} WHERE id = ?", (id,))
    return found[0] if found else None


def refuse_while_named(type: str, id: str) -> None:
    """Raise Conflict where statements or sources still name this speaker, outlet or source."""
    n = number(type, id)
    users: list[tuple[str, str, object]] = [("mention", "record", id)]
    if type != "source":
        users.append(("statement", type, n))
    if type == "outlet":
        users.append(("source", "outlet", n))
    for table, column, value in users:
        if row(f"SELECT 1 FROM {table} WHERE {column} = ? LIMIT 1", (value,)):
            raise Conflict(f"Other records still name this {type}; change or withdraw those first.")
