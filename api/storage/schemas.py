"""Whether a database's schema is what the migrations make: tables, columns, indexes, triggers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from api.storage import db as storage
from api.storage.db import translated
from api.storage.migrating import FOLDER, HISTORY
from api.storage.store import current

# What a part of a schema is called, by its kind, its table and its name; and its definition.
Description = dict[tuple[str, str, str], str]
# The triggers by which the database itself keeps the log and the history.
GUARDS = {"entry": ("update", "delete"), "revision": ("update",)}


def altered() -> Iterator[str]:
    """Yield what of the open database's schema is missing, changed or too much, in words.

    Tables that no migration makes are somebody else's and are left alone. Where no other schema may be made beside it,
    the guards of the log are looked at alone.
    """
    with translated():
        found: Description = storage.dialect.described(current().database)
    expected = _made(storage.dialect.__name__)
    if expected is None:
        yield from _unguarded(found)
        return
    tables = {table for _, table, _ in expected}
    for part in sorted(expected.keys() | found.keys()):
        kind, table, name = part
        called = f"the {kind} {name} of {table}" if name else f"the {kind} {table}"
        if part not in found:
            yield f"{called} is missing"
        elif part not in expected:
            if table in tables:
                yield f"{called} is too much"
        elif found[part] != expected[part]:
            yield f"{called} is another"


def _unguarded(found: Description) -> Iterator[str]:
    for table, changes in GUARDS.items():
        for change in changes:
            name = f"{table}_refuses_{change}"
            if not found.get(("trigger", table, name), "").startswith(storage.dialect.ENABLED):
                yield f"the trigger {name} of {table} is missing or off"


@lru_cache(maxsize=2)
def _made(dialect: str) -> Description | None:
    """Return what the migrations make, None where they cannot make it beside the open database."""
    # Imported here: the migration tools cost start-up time that a worker never needs.
    from playhouse.migrations import Runner

    with translated(), storage.dialect.scratch(current().database) as other:
        if other is None:
            return None
        Runner(other, str(FOLDER), table_name=HISTORY).up()
        made: Description = storage.dialect.described(other)
        return made
