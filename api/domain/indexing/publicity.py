"""Row-level visibility: what may be known without a key: the one place that decides it, after each write, and notes
since when.

A speaker or outlet is known where it was recorded in its own right, or something public names it, or somebody is known
who was merged into it. All else follows from statements, of which those that are withheld are not public.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from api.domain.core.ids import is_id
from api.domain.core.kinds import KINDS, Document, Kind
from api.domain.history import log
from api.domain.indexing import names
from api.storage import seals
from api.storage.db import among, execute_many, row, rows, while_writing

# What the log says of a speaker or outlet that was not recorded in its own right.
MADE = "Made for a record that names it."
# Earlier programs did not say so, and what is not sure to be public is not.
_RECORDED = (
    "EXISTS (SELECT 1 FROM entry e WHERE e.record = t.id AND e.version = 1 AND e.note IS NULL "
    "AND e.seq > coalesce((SELECT max(u.seq) FROM unnoted u), 0))"
)
_STANDING = "EXISTS (SELECT 1 FROM {type} m WHERE m.merged_into = t.n AND m.shown = 1)"


class Turn(NamedTuple):
    """When a record last became known or unknown: the version that it had, and the entry of the log that did it.

    The feed begins with `known_from` to tell of it.
    """

    record: str
    type: str
    version: int
    seq: int
    known_from: int


def known(type: str) -> str:
    """Return the condition under which a speaker or outlet `t` is known; those merged into it are decided before."""
    return f"({_alone(type)} OR {_STANDING.format(type=type)})"


def _alone(type: str) -> str:
    return " OR ".join([_RECORDED, *(each for kind in KINDS for each in _naming(kind, type))])


def _naming(kind: Kind, type: str) -> Iterator[str]:
    """Yield the conditions under which a public record of a kind names a speaker or outlet `t`."""
    public = kind.public.condition("s")
    seen = f" AND {public}" if public else ""
    if type in kind.names:
        yield f"EXISTS (SELECT 1 FROM {kind.name} s WHERE s.{type} = t.n{seen})"
    if type in kind.mentions:
        joined = f"mention m JOIN {kind.name} s ON s.n = m.{kind.name}"
        yield f"EXISTS (SELECT 1 FROM {joined} WHERE m.record = t.id{seen})"


def is_public(kind: Kind, document: Document) -> bool:
    """Tell whether a record that is held may be known of without a key, by its document."""
    if kind.party:
        return row(f"SELECT 1 FROM {kind.name} WHERE id = ? AND shown = 1", (document["id"],)) is not None
    about = {document[end]["id"] for end in kind.ends}
    if about:
        shown = among("SELECT id FROM statement WHERE status <> 'withheld' AND id IN", about)
        return len(shown) == len(about)
    return not kind.public.withheld(document)


def created(kind: Kind, documents: Sequence[Document], note: str | None) -> None:
    """Bring what is known up to date after records were made and logged, with this note."""
    # What comes of it belongs to one write with their making, so that nobody has known of them otherwise.
    while_writing().update({("made", document["id"]): True for document in documents})
    if kind.party:
        if note != MADE:
            _meet(kind.name, [document["id"] for document in documents])
    else:
        _met(told for document in documents for told in kind.public.tells(document))


def revised(kind: Kind, previous: Document, document: Document) -> None:
    """Bring what is known up to date after a record got another version, which is logged."""
    if kind.party:
        return
    _told(kind.public.tells(previous), kind.public.tells(document))
    if is_public(kind, previous) != is_public(kind, document):
        _note([(document["id"], kind.name, document["version"])])
        _about(document["id"])


def ended(kind: Kind, previous: Document, version: int, *, public: bool) -> None:
    """Bring what is known up to date after a record was withdrawn or erased, which is logged as a version."""
    _told(kind.public.tells(previous), set())
    if public:
        # What the feed has told of it so far stays.
        known_from = beginnings([previous["id"]]).get(previous["id"], 0)
        _put(Turn(previous["id"], kind.name, version, log.position(), known_from))
        _about(previous["id"])


def _told(before: Collection[str], after: Collection[str]) -> None:
    before, after = set(before), set(after)
    _met(after - before)
    for kind in KINDS.parties:
        if lost := [id for id in before - after if is_id(id, kind.prefix)]:
            known = among(f"SELECT n FROM {kind.name} WHERE shown = 1 AND id IN", lost)
            reconsider(kind.name, [n for (n,) in known])


def _met(ids: Iterable[str]) -> None:
    found = set(ids)
    for kind in KINDS.parties:
        _meet(kind.name, [id for id in found if is_id(id, kind.prefix)])


def _meet(type: str, ids: Collection[str]) -> None:
    """Note that speakers or outlets are known by now."""
    fresh = among(f"SELECT n, id, version, merged_into FROM {type} WHERE shown = 0 AND id IN", sorted(ids))
    execute_many(f"UPDATE {type} SET shown = 1 WHERE n = ?", [(n,) for n, *_ in fresh])
    _note([(id, type, version) for _, id, version, _ in fresh])
    for root in {merged for *_, merged in fresh if merged is not None}:
        _gather(type, root)


def reconsider(type: str, numbers: Collection[int], *, told: bool = True) -> None:
    """Decide anew whether speakers or outlets are known, given by their row numbers; the feed is told, unless not."""
    turned = [each for each in _decided(type, numbers) if each.shown != each.now]
    execute_many(f"UPDATE {type} SET shown = ? WHERE n = ?", [(each.now, each.n) for each in turned])
    if told:
        _note([(each.id, type, each.version) for each in turned])
    for root in sorted({each.root for each in turned if each.root is not None}):
        _gather(type, root, told=told)


class _Decided(NamedTuple):
    n: int
    id: str
    version: int
    root: int | None
    shown: int
    now: int


def _decided(type: str, numbers: Collection[int]) -> list[_Decided]:
    now = f"CASE WHEN {known(type)} THEN 1 ELSE 0 END"
    sql = f"SELECT t.n, t.id, t.version, t.merged_into, t.shown, {now} FROM {type} t WHERE t.n IN"
    return [_Decided(*each) for each in among(sql, numbers)]


def mistaken(type: str) -> Iterator[str]:
    """Yield the ids of speakers or outlets that are noted as known and are not, or the other way round."""
    now = f"CASE WHEN {known(type)} THEN 1 ELSE 0 END"
    for (id,) in rows(f"SELECT t.id FROM {type} t WHERE t.shown <> {now}"):
        yield id


def strays() -> Iterator[str]:
    """Yield a record of which is noted when it became known or unknown, though the log has nothing like it."""
    logged = "e.record = v.record AND e.version = v.version AND e.type = v.type AND e.seq <= v.seq"
    lost = f"v.known_from > v.seq OR NOT EXISTS (SELECT 1 FROM entry e WHERE {logged})"
    for (id,) in rows(f"SELECT v.record FROM visibility v WHERE {lost} LIMIT 1"):
        yield id


def _gather(type: str, root: int, *, told: bool = True) -> None:
    """Have the names of who is merged lead to who stands for it as far as they are known by now."""
    reconsider(type, [root], told=told)
    names.gather(type, root)


def _about(statement: str) -> None:
    """Note that what is about a statement became known or unknown with it, where nothing else kept that unknown."""
    seen = "EXISTS (SELECT 1 FROM statement s WHERE s.id = t.{other} AND s.status <> 'withheld')"
    for kind in KINDS:
        for end in kind.ends:
            others = [f"(t.{other} = t.{end} OR {seen.format(other=other)})" for other in kind.ends if other != end]
            condition = " AND ".join([f"t.{end} = ?", *others])
            found = rows(f"SELECT t.id, t.version FROM {kind.name} t WHERE {condition}", (statement,))
            _note([(id, kind.name, version) for id, version in found])


def _note(turned: Iterable[tuple[str, str, int]]) -> None:
    """Note for the feed that records, by id, type and version, became known or unknown with the log's last entry."""
    new = while_writing()
    seq = log.position()
    for id, type, version in turned:
        if ("made", id) not in new:
            _put(Turn(id, type, version, seq, seq))


def _put(turn: Turn) -> None:
    seals.put("visibility", turn._asdict())


def turns(after: int, last: int) -> list[Turn]:
    """Return which records became known or unknown, for the last time, with the entries of a stretch of the log."""
    sql = "SELECT record, type, version, seq, known_from FROM visibility WHERE seq > ? AND seq <= ? ORDER BY seq"
    return [Turn(*each) for each in rows(sql, (after, last))]


def beginnings(records: Collection[str]) -> dict[str, int]:
    """Return the entries with which the feed begins to tell of records, where it is not the first of them."""
    return dict(among("SELECT record, known_from FROM visibility WHERE record IN", records))
