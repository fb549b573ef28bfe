"""Record linkage: mergers of speakers and of outlets that turned out to be one; and taking them back.

The one that goes keeps its row, its number and its statements, so that a merger of any size is a few small
writes and taking it back gives it exactly its own. Its document says `merged_into`; what is shown, found and
counted for it follows from that by the indexes.
"""

from __future__ import annotations

import orjson

from api.domain.core.errors import Conflict, Invalid
from api.domain.core.keys import Key
from api.domain.core.kinds import Kind
from api.domain.drafting.worlds import World
from api.domain.history import log
from api.domain.indexing import citations, names, publicity
from api.domain.parties import survivors
from api.domain.reading import stored
from api.domain.reading.stored import Sent
from api.domain.writing import records
from api.storage.db import execute, row, rows, writing


def merge(kind: Kind, id: str, into: str, *, by: Key, expected: frozenset[int] | None) -> Sent:
    """Have another record stand for this one and for all that it stands for, and return that other one.

    Where the other was merged itself, the one who stands for it is meant. Raises NotFound, Gone, Stale, Conflict
    where this one was merged before, and Invalid where the other is not there or is this one.
    """
    with writing():
        n, previous = records.current(kind, id, expected)
        standing = _standing(kind, id, into)
        settled = {**records.own(kind, previous), "merged_into": {"id": standing}}
        records.replace(kind, n, previous, settled, World(by.name), op="merge", note=f"Merged into {standing}.")
        root = names.number(kind.name, standing) or 0
        execute(f"UPDATE {kind.name} SET merged_into = ? WHERE merged_into = ?", (root, n))
        _move_count(kind.name, n, root)
        publicity.reconsider(kind.name, (n, root))
        names.gather(kind.name, root)
        return stored.find(kind, standing, by)


def unmerge(kind: Kind, id: str, *, by: Key, expected: frozenset[int] | None) -> Sent:
    """Have a record stand for itself again, and for those that had been merged into it, and return it.

    Raises NotFound, Gone, Stale, and Conflict where it is not merged.
    """
    with writing():
        n, previous = records.current(kind, id, expected, merged=True)
        if "merged_into" not in previous:
            raise Conflict(f"The {kind.name} is not merged into another.")
        (root,) = row(f"SELECT merged_into FROM {kind.name} WHERE n = ?", (n,)) or (0,)
        note = f"No longer merged into {previous['merged_into']['id']}."
        records.replace(kind, n, previous, records.own(kind, previous), World(by.name), note=note)
        for below in _below(kind.name, id, root):
            execute(f"UPDATE {kind.name} SET merged_into = ? WHERE id = ?", (n, below))
        publicity.reconsider(kind.name, (n, root))
        for each in (n, root):
            names.gather(kind.name, each)
            citations.count_again(kind.name, [each])
        return stored.find(kind, id, by)


def _standing(kind: Kind, id: str, into: str) -> str:
    found = survivors.survivor(kind.name, into)
    if found is None:
        state = "has been withdrawn" if log.of_record(into, limit=1) else "does not exist"
        raise _invalid(f"The {kind.name} {into} {state}.", "reference")
    if found == id:
        other = "itself" if into == id else "what is merged into it"
        raise _invalid(f"The {kind.name} cannot be merged into {other}.", "conflict")
    return found


def _invalid(detail: str, code: str) -> Invalid:
    return Invalid([{"pointer": "#/into", "code": code, "detail": detail}])


def _below(type: str, id: str, root: int) -> set[str]:
    """Return the ids of all that were merged into a record, directly or through others, among those of `root`."""
    found = rows(f"SELECT id, document FROM {type} WHERE merged_into = ?", (root,))
    above = {each: orjson.loads(text)["merged_into"]["id"] for each, text in found}
    below: set[str] = set()
    while more := {each for each, parent in above.items() if parent == id or parent in below} - below:
        below |= more
    return below


def _move_count(type: str, n: int, root: int) -> None:
    """Count for who stands for all what was counted for the one that goes; a merged one has no count of its own."""
    moved = f"(SELECT m.cited FROM {type} m WHERE m.n = ?)"
    execute(f"UPDATE {type} SET cited = cited + {moved} WHERE n = ?", (n, root))
    execute(f"UPDATE {type} SET cited = 0 WHERE n = ?", (n,))
