"""A replication filter: what the change feed tells who has no key, so that a mirror that follows it holds what the
public may see.

An entry of the log may change more than its own record for the public: with a statement that becomes withheld go its
reviews, its relations, and whom nothing public names any more; and they come back with it. So the feed tells, at one
entry, of several records, and of each record what has happened since it last became known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from api.domain.core.kinds import Kind
from api.domain.evidence.registry import KINDS
from api.domain.history import log
from api.domain.history.chain import Entry
from api.domain.indexing import publicity
from api.domain.indexing.publicity import Turn
from api.domain.reading.stored import GONE, was_public
from api.storage.db import among

Change = dict[str, Any]
# How many entries are looked at for the last that may be known: the first few mostly have it.
_LOOKED_AT = (8, 64, 512, 4096)


class _Told(NamedTuple):
    seq: int
    place: int
    change: Change


def change(each: Entry) -> Change:
    """Return an entry as the feed tells it."""
    return {
        "seq": each.seq,
        "op": each.op,
        "type": each.type,
        "id": each.record,
        "version": each.version,
        "at": each.at,
        "sha256": each.sha256,
    }


def told(entries: Sequence[Entry], limit: int) -> tuple[list[Change], int | None]:
    """Return what a stretch of the log tells who has no key, and where to go on where that is not all.

    What one entry changes is never parted, so that only where it is more than `limit` more are told.
    """
    if not entries:
        return [], None
    found = sorted(_told(entries), key=lambda each: each[:2])
    shown: list[Change] = []
    for seq, group in groupby(found, key=lambda each: each.seq):
        changes = [each.change for each in group]
        if shown and len(shown) + len(changes) > limit:
            return shown, seq - 1
        shown += changes
    return shown, None


def _told(entries: Sequence[Entry]) -> Iterator[_Told]:
    turns = publicity.turns(entries[0].seq - 1, entries[-1].seq)
    hidden = _hidden({each.record: each.type for each in entries} | {each.record: each.type for each in turns})
    begin = publicity.beginnings({each.record for each in entries})
    own = set()
    for each in entries:
        first = begin.get(each.record, 0)
        if each.record in hidden or each.seq < first:
            continue
        own.add((each.record, each.seq))
        ends = each.op in GONE
        begins = each.seq == first and not ends
        yield _Told(
            each.seq, _place(each.type, ends=ends), {**change(each), "op": "create"} if begins else change(each)
        )
    times = {each.seq: each.at for each in entries}
    turned = [each for each in turns if (each.record, each.seq) not in own]
    digests = _digests(turned)
    for turn in turned:
        yield _turned(turn, times[turn.seq], digests.get(turn.record), hidden=turn.record in hidden)


def _turned(turn: Turn, at: str, sha256: str | None, *, hidden: bool) -> _Told:
    seen = {"seq": turn.seq, "op": "withdraw" if hidden else "create", "type": turn.type, "id": turn.record}
    told = {**seen, "version": turn.version, "at": at, "sha256": None if hidden else sha256}
    return _Told(turn.seq, _place(turn.type, ends=hidden), told)


def _place(type: str, *, ends: bool) -> int:
    """Return the place among what one entry tells: who is named comes before what names them, and goes after it."""
    order = KINDS.order()
    return 2 * len(order) - order[type] if ends else order[type]


def _digests(turned: Sequence[Turn]) -> dict[str, str]:
    versions = {each.record: each.version for each in turned}
    found = among("SELECT record, version, sha256 FROM entry WHERE record IN", versions)
    return {record: sha256 for record, version, sha256 in found if versions[record] == version}


def latest() -> str | None:
    """Return when something last changed that may be known without a key; None where nothing is known.

    After thousands of changes that may not, it is the time of the earliest of those: nobody waits for a longer search.
    """
    until, at = log.position(), None
    for size in _LOOKED_AT:
        entries = log.after(max(0, until - size), min(size, until)) if until > 0 else []
        if found := list(_told(entries)) if entries else []:
            return str(max(found, key=lambda each: each.seq).change["at"])
        at = entries[0].at if entries else None
        until -= size
    return at


def concealed(entry: Entry) -> bool:
    """Tell whether an entry of the log shows who has no key nothing but its links.

    Those of speakers and outlets hold nothing but their ids, so that what was once shown of them stays.
    """
    if not _hidden({entry.record: entry.type}):
        return False
    first = publicity.beginnings([entry.record]).get(entry.record)
    return not KINDS[entry.type].party or first is None or entry.seq >= first


def _hidden(types: dict[str, str]) -> set[str]:
    """Return the ids of the records, of all these with their types, which need a key to be known of."""
    return {
        id
        for kind in KINDS
        if kind.public.when
        for id in _hidden_of(kind, sorted(id for id, type in types.items() if type == kind.name))
    }


def _hidden_of(kind: Kind, ids: list[str]) -> set[str]:
    sql = f"SELECT t.id, CASE WHEN {kind.public.condition()} THEN 1 ELSE 0 END FROM {kind.name} t WHERE t.id IN"
    known = dict(among(sql, ids))
    return {id for id in ids if not (known[id] if id in known else _public_once(kind, id))}


def _public_once(kind: Kind, id: str) -> bool:
    last = log.of_record(id, limit=1)
    return bool(last) and was_public(kind, last[0])
