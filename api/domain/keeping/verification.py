"""The integrity check: whether everything is as it was written: the file, the chain, every document, every index value.

The log proves the documents: each entry has the salted hash of one, and the hash of the entry before. The documents
prove the indexes. The log itself is proved by its head, where somebody noted that elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

import orjson

from api.domain.evidence.registry import KINDS
from api.domain.following import changes
from api.domain.history import log
from api.domain.history.chain import COLUMNS, GENESIS, Entry
from api.domain.keeping import projections, proofs
from api.domain.reading.stored import GONE
from api.storage import schemas, seals
from api.storage.db import Damaged, QueryFailed, Unavailable, damage, inspection, row, rows, walk

# Documents are fetched so many at a time; a source may have half a million characters.
_BATCH = 50
REINDEX = "onrecord reindex"
RESTORE = "onrecord restore"
Progress = Callable[[int, int], None]
# What may be noted of a head.
Head = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is not as it was written.

    `about` is file, schema, head, entry, document, index or row; `repair` the command that mends it, None where none
    can.
    """

    about: str
    detail: str
    id: str | None = None
    version: int | None = None
    seq: int | None = None
    repair: str | None = None

    def facts(self) -> dict[str, Any]:
        """Return the problem as what becomes JSON."""
        return asdict(self)


@dataclass(slots=True)
class Seen:
    """How much was looked at, and where the log ended."""

    entries: int = 0
    records: int = 0
    head: Head | None = None


def verify(seen: Seen, noted: Head | None = None, progress: Progress = lambda done, total: None) -> Iterator[Problem]:
    """Yield every problem of the open database, in one snapshot, while others write; fill `seen`.

    `noted` is a head of the log as it was read earlier: today's log must go through it. Memory does not grow with
    the number of records. Raises Unavailable where the database cannot be asked at all.
    """
    with inspection():
        yield from _of_file()
        hurt: set[str] = set()
        stages = (
            _schema(),
            _of_history(),
            _chain(seen, noted, progress),
            _documents(seen, hurt, progress),
            _indexes(hurt),
            _rest(),
        )
        failed = False
        for stage in stages:
            try:
                yield from stage
            except (Damaged, QueryFailed) as error:
                # A bit of the schema itself may be another, so that SQLite takes it for a mistake of ours.
                failed = True
                yield Problem("file", f"The database cannot be read further: {error}.", repair=RESTORE)
            except Unavailable:
                # PostgreSQL answers nothing more in a transaction in which a query has failed.
                if not failed:
                    raise


def _of_file() -> Iterator[Problem]:
    try:
        found = damage()
    except (Damaged, QueryFailed) as error:
        found = [str(error)]
    yield from (Problem("file", f"The file is damaged: {each}.", repair=RESTORE) for each in found)


def _of_history() -> Iterator[Problem]:
    found = rows("SELECT epoch, proof FROM history")
    if [proof for _, proof in found] != [seals.proof("history", {"epoch": log.epoch()})]:
        yield Problem("head", "The table history does not say which history the log tells.", repair=RESTORE)


def _schema() -> Iterator[Problem]:
    for what in schemas.altered():
        yield Problem("schema", f"The schema is not what the migrations make: {what}.", repair=RESTORE)
    for what in proofs.history():
        yield Problem("schema", f"{what}.", repair=RESTORE)


# --- the chain -----------------------------------------------------------------------------------------------


def _chain(seen: Seen, noted: Head | None, progress: Progress) -> Iterator[Problem]:
    total = int((row("SELECT count(*) FROM entry") or (0,))[0])
    previous, expected, met = GENESIS, 1, noted is None or noted["seq"] == 0
    with closing(walk(f"SELECT {COLUMNS}, hash FROM entry ORDER BY seq", (), 1000)) as batches:
        for batch in batches:
            for *values, link in batch:
                entry = Entry(*values)
                yield from _link(entry, link, previous, expected)
                if noted and entry.seq == noted["seq"]:
                    met = link == noted["hash"]
                previous, expected = link, _number(entry.seq, expected) + 1
            seen.entries += len(batch)
            progress(seen.entries, total * 2)
    seen.head = changes.head()
    if noted and not met:
        yield Problem(
            "head",
            f"The log does not go through the head that was noted, entry {noted['seq']} with the hash {noted['hash']}: "
            f"it was cut, changed, or restored from an older backup. It ends at {seen.head['seq']}.",
            seq=noted["seq"],
        )


def _link(entry: Entry, link: object, previous: object, expected: int) -> Iterator[Problem]:
    where = {"id": _shown(entry.record), "seq": _number(entry.seq, expected)}
    if entry.seq != expected:
        lost = f"entries {expected} to {entry.seq - 1} are missing" if entry.seq > expected else "it is out of order"
        yield Problem("entry", f"Before entry {entry.seq} the log is broken: {lost}.", repair=RESTORE, **where)
    try:
        fits = entry.hash(str(previous)) == link
    except (TypeError, ValueError):
        fits = False
    if not fits:
        yield Problem("entry", f"Entry {entry.seq} does not fit its hash and the one before.", repair=RESTORE, **where)


# --- the documents -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Copy:
    """A stored document by the hash that the log should have of it, and the table that it lies in."""

    table: str
    version: object
    sha256: str


_ENTRIES = "SELECT record, version, seq, op, type, sha256 FROM entry ORDER BY record, version"
_REVISIONS = "SELECT record, 'revision', version, document, salt FROM revision ORDER BY record, version"


def _documents(seen: Seen, hurt: set[str], progress: Progress) -> Iterator[Problem]:
    entries = _grouped(_rows(_ENTRIES, 1000))
    revisions = _grouped(_copies(_REVISIONS))
    current = _grouped(_copies(f"SELECT * FROM ({_current()}) AS held ORDER BY record"))
    for id, (written, superseded, held) in _merged(entries, revisions, current):
        for problem in _record(id, written, superseded, held):
            hurt.add(id)
            yield problem
        if written and held:
            seen.records += 1
        progress(seen.entries, seen.entries * 2)


def _current() -> str:
    each = "SELECT id AS record, '{kind.name}' AS place, version, document, salt FROM {kind.name}"
    return " UNION ALL ".join(each.format(kind=kind) for kind in KINDS)


def _record(id: str, written: list[Any], superseded: list[_Copy], held: list[_Copy]) -> Iterator[Problem]:
    """Yield what is wrong with one record: its entries, its superseded documents and its current one."""
    if not written:
        for stray in (*superseded, *held):
            yield _document(id, stray.version, f"is in the table {stray.table} but has no entry in the log")
        return
    versions = [version for _, version, *_ in written]
    if versions != [*range(1, len(versions) + 1)]:
        yield Problem("entry", f"The versions of {id} in the log are not 1 to {len(versions)}.", id=id, repair=RESTORE)
    erased = max((place for place, (_, _, _, op, *_) in enumerate(written) if op == "erase"), default=-1)
    ended = written[-1][3] in GONE
    kept = {copy.version: copy for copy in superseded}
    for place, (_, version, seq, _, type, sha256) in enumerate(written):
        last = place == len(written) - 1 and not ended
        copy: _Copy | None = next(iter(held), None) if last else kept.pop(version, None)
        yield from _version(id, version, seq, copy, sha256, type if last else "revision", gone=place < erased)
    for extra in (*kept.values(), *held[0 if ended else 1 :]):
        yield _document(id, extra.version, f"is in the table {extra.table}, where the log has none")


def _version(
    id: str, version: object, seq: object, copy: _Copy | None, sha256: object, table: str, *, gone: bool
) -> Iterator[Problem]:
    if gone:
        if copy is not None:
            yield _document(id, version, "was erased by the log, but is still there", seq)
    elif copy is None:
        yield _document(id, version, "is missing, and no entry says that it was erased", seq)
    elif copy.sha256 != sha256:
        yield _document(id, version, "is not what was written: it does not have the hash that the log has of it", seq)
    elif copy.table != table:
        yield _document(id, version, f"is in the table {copy.table} instead of {table}", seq)


def _document(id: str, version: object, what: str, seq: object = None) -> Problem:
    detail = f"Version {version} of {id} {what}."
    return Problem("document", detail, id=id, version=_number(version), seq=_number(seq), repair=RESTORE)


def _rows(sql: str, size: int) -> Iterator[tuple[Any, ...]]:
    with closing(walk(sql, (), size)) as batches:
        for batch in batches:
            yield from batch


def _copies(sql: str) -> Iterator[tuple[str, _Copy]]:
    # Only hashes are kept, not the documents.
    for record, table, version, document, salt in _rows(sql, _BATCH):
        yield record, _Copy(str(table), version, _hash(salt, document))


def _hash(salt: object, document: object) -> str:
    parts = [
        each if isinstance(each, bytes) else str(each).encode(errors="surrogateescape") for each in (salt, document)
    ]
    return hashlib.sha256(b"".join(parts)).hexdigest()


def _grouped(found: Iterator[tuple[Any, ...]]) -> Iterator[tuple[str, list[Any]]]:
    for record, group in groupby(found, key=itemgetter(0)):
        yield _shown(record), [each[1] if len(each) == 2 else each for each in group]


def _merged(*streams: Iterator[tuple[str, list[Any]]]) -> Iterator[tuple[str, list[list[Any]]]]:
    """Yield each record once, in order, with what every stream has of it."""
    heads = [next(stream, None) for stream in streams]
    while any(heads):
        id = min(head[0] for head in heads if head)
        found: list[list[Any]] = []
        for place, stream in enumerate(streams):
            head = heads[place]
            if head and head[0] == id:
                found.append(head[1])
                heads[place] = next(stream, None)
            else:
                found.append([])
        yield id, found


# --- the indexes ---------------------------------------------------------------------------------------------


def _indexes(hurt: set[str]) -> Iterator[Problem]:
    for kind in KINDS:
        for id, which in projections.unlike(kind):
            if id is None:
                if which not in hurt:
                    yield _document(which, None, "cannot be read as what it should be")
            elif not id:
                yield Problem("index", f"The index {which} holds what no record has.", repair=REINDEX)
            elif id not in hurt:
                detail = f"What the indexes hold of {id} is not what its document says: {which}."
                yield Problem("index", detail, id=id, repair=REINDEX)
    for table, which in projections.strays():
        yield Problem("index", f"The table {table} has rows of no record ({which}).", repair=REINDEX)


def _rest() -> Iterator[Problem]:
    for what in proofs.index_state():
        yield Problem("index", f"{what}.", repair=REINDEX)
    for key, what in proofs.unproved():
        yield Problem("row", f"{what}.", id=key, repair=RESTORE)


def read_head(text: str | bytes) -> Head:
    """Return a head as /v1/log/head or `onrecord verify --json` gives it; raises ValueError."""
    head = orjson.loads(text)
    head = head.get("head", head) if isinstance(head, dict) else head
    if not isinstance(head, dict) or not isinstance(head.get("seq"), int) or not isinstance(head.get("hash"), str):
        raise ValueError('it is not a head of the log, {"seq": …, "hash": …}')
    return head


def _number(value: object, otherwise: int | None = None) -> Any:
    return value if isinstance(value, int) else otherwise


def _shown(value: object) -> str:
    return value if isinstance(value, str) else repr(value)
