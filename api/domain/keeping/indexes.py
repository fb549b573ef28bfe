"""The indexes, made anew from the documents: columns, names, topics, figures, words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import orjson

from api.domain.core.kinds import Document, Kind, New
from api.domain.evidence.registry import KINDS
from api.domain.indexing import beside, citations, names, publicity, words
from api.storage import db as storage
from api.storage.db import db, execute, row, rows, writing

# Raised whenever what the indexes hold changes; `onrecord migrate` then makes them anew.
VERSION = 5
# What reading a document that is not what the schema made may raise.
UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, IndexError)
# So many seconds is a batch to take, while others wait to write; how many records the first has, and the largest.
_SECONDS, _FIRST, _MOST = 0.15, 20, 1000

Progress = Callable[[int, int], None]
Batch = list[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Step:
    """A part of the work: what is done with the rows of a table, some of them at a time, in the order of `n`.

    Without a table it is done again and again, until it says that it has nothing left to do. What looks through
    whole tables is `unlocked`: it takes the right to write itself, where it needs it.
    """

    name: str
    work: Callable[[Batch], object] = field(compare=False)
    table: str | None = None
    unlocked: bool = False


def outdated() -> bool:
    """Tell whether the indexes are those of an older program, and hold anything."""
    found = row("SELECT version FROM index_state")
    held = any(row(f"SELECT 1 FROM {kind.name} LIMIT 1") for kind in KINDS)
    return held and (found is None or found[0] < VERSION)


def unfinished() -> bool:
    """Tell whether the indexes are being made anew, or that was broken off."""
    return row("SELECT 1 FROM index_state WHERE step <> ''") is not None


def rebuild(progress: Progress) -> int:
    """Make every index anew, a batch of records at a time, between which others write; return how many there were.

    Each batch is a transaction, which notes how far it is: whoever was killed is gone on from there. Of every record
    readers find what was indexed of it before or what is now. What is recorded meanwhile is indexed by the write
    itself.
    `progress` is told how many rows are done and how many there are to do.
    """
    _begin()
    ordered = steps()
    counts = {step.name: _count(step) for step in ordered}
    total, size, done = max(sum(counts.values()), 1), _FIRST, 0
    while (at := _at()) is not None:
        started = monotonic()
        found = _advance(at, size)
        done = sum(counts[step.name] for step in ordered[: ordered.index(at) + 1]) if found is None else done + found
        progress(min(done, total), total)
        if found is None:
            # The rows of the next step may take longer.
            size = _FIRST
        elif found:
            size = max(1, min(_MOST, int(size * min(2, _SECONDS / (monotonic() - started + 1e-6)))))
    progress(total, total)
    return sum(_number_of(kind.name) for kind in KINDS)


def columns_of(kind: Kind, n: int, document: Document, drawn: object) -> dict[str, object]:
    """Return all columns of a record's row that are drawn from its document, but for its id."""
    always = {"version": document["version"], "created_at": document["created_at"]}
    return {**always, **kind.columns(n, document, drawn)}


def mark_current() -> None:
    """Note that the indexes are this program's."""
    execute("DELETE FROM index_state")
    execute("INSERT INTO index_state (version) VALUES (?)", (VERSION,))


# --- how far it is -------------------------------------------------------------------------------------------


def _begin() -> None:
    with writing():
        found = row("SELECT version, step, target FROM index_state")
        if found is None:
            execute("INSERT INTO index_state (version) VALUES (0)")
        # What another program had begun is no help: it indexed by other rules.
        if found is None or not any(found[1] == step.name for step in steps()) or found[2] != VERSION:
            execute("UPDATE index_state SET step = ?, n = 0, target = ?", (steps()[0].name, VERSION))


def _at() -> Step | None:
    found = row("SELECT step FROM index_state")
    return next((step for step in steps() if found and step.name == found[0]), None)


def _advance(step: Step, size: int) -> int | None:
    """Do the next batch of a step; return how many rows it had, or None where the step is over."""
    if step.unlocked:
        step.work([])
    with writing():
        found = row("SELECT n FROM index_state WHERE step = ?", (step.name,))
        if found is None:
            # Somebody else has gone on.
            return 0
        if step.table:
            sql = f"SELECT n, document FROM {step.table} WHERE n > ? ORDER BY n LIMIT {size}"
            batch = rows(sql, found)
            more: object = batch and (step.work(batch) or True)
        else:
            batch, more = [], not step.unlocked and step.work([])
        if more:
            if batch:
                execute("UPDATE index_state SET n = ?", (batch[-1][0],))
            return len(batch)
        _end(step)
        return None


def _end(step: Step) -> None:
    ordered = steps()
    following = ordered[ordered.index(step) + 1 :]
    if following:
        execute("UPDATE index_state SET step = ?, n = 0", (following[0].name,))
    else:
        mark_current()


def _count(step: Step) -> int:
    return _number_of(step.table) if step.table else 0


def _number_of(table: str) -> int:
    return int(rows(f"SELECT count(*) FROM {table}")[0][0])


# --- the steps -----------------------------------------------------------------------------------------------


def _columns(kind: Kind) -> Callable[[Batch], object]:
    def work(batch: Batch) -> None:
        news = _fill(kind, batch)
        # The tables of names are made anew when all columns are, since of one who was merged they show another.
        if kind.tables.declared and not kind.party:
            beside.forget(kind, [n for n, _, _ in news])
            kind.index(news)

    return work


def _searched(kind: Kind, again: Callable[[list[New], list[int]], None]) -> Callable[[Batch], object]:
    def work(batch: Batch) -> None:
        before = words.places([n for n, _ in batch])
        news = _fill(kind, batch)
        beside.forget(kind, [n for n, _, _ in news])
        again(news, [before[n] for n, _, _ in news])

    return work


def _fill(kind: Kind, batch: Batch) -> list[tuple[int, Document, Any]]:
    """Write the columns of records and return what was drawn from their documents.

    A document that cannot be read is left as it is: it is for `verify` to tell of.
    """
    drawn = []
    for n, text in batch:
        try:
            document = orjson.loads(text)
            each = kind.draw(document)
            columns = columns_of(kind, n, document, each)
        except UNREADABLE:
            continue
        _free(kind, n, columns)
        changes = ", ".join(f"{column} = ?" for column in columns)
        execute(f"UPDATE {kind.name} SET {changes} WHERE n = ?", (*columns.values(), n))
        drawn.append((n, document, each))
    return drawn


def _free(kind: Kind, n: int, columns: dict[str, object]) -> None:
    """Take a value that is one record's alone from another that has it by mistake, whose turn comes."""
    if (value := columns.get("external_id")) is not None:
        execute(f"UPDATE {kind.name} SET external_id = NULL WHERE external_id = ? AND n <> ?", (value, n))


def _names(type: str) -> Callable[[Batch], object]:
    return lambda batch: names.index_again(type, [n for n, _ in batch])


def _known(type: str) -> Callable[[Batch], object]:
    # Nobody is told of it: that they were known, or not, was no change of theirs.
    return lambda batch: publicity.reconsider(type, [n for n, _ in batch], told=False)


def _counts(type: str) -> Callable[[Batch], object]:
    return lambda batch: citations.count_again(type, [n for n, _ in batch])


def _remove_strays() -> None:
    for table, keys, lost in beside.strays():
        condition = " AND ".join(f"{key} = ?" for key in keys)
        # Looking for them takes long and keeps nobody waiting; removing those that are found does not take long.
        while found := rows(f"SELECT {', '.join(keys)} FROM {table} WHERE {lost} LIMIT {_MOST}"):
            with writing():
                for each in found:
                    execute(f"DELETE FROM {table} WHERE {condition} AND ({lost})", each)


def steps() -> list[Step]:
    """Return all steps in their order: those whom others name come before what names them."""
    return [
        Step("room for words", lambda _: storage.dialect.make_room(db)),
        Step("begin words", lambda _: storage.dialect.begin_words(db)),
        *(Step(f"columns of {kind.name}", _columns(kind), kind.name) for kind in KINDS.parties),
        *(Step(f"names of {kind.name}", _names(kind.name), kind.name) for kind in KINDS.parties),
        *(step for kind in KINDS if not kind.party for step in _steps_of(kind)),
        *(Step(f"counts of {kind.name}", _counts(kind.name), kind.name) for kind in KINDS.parties),
        *(Step(f"who is known of {kind.name}", _known(kind.name), kind.name) for kind in KINDS.parties),
        Step("strays", lambda _: _remove_strays(), unlocked=True),
    ]


def _steps_of(kind: Kind) -> Iterator[Step]:
    if not kind.searched:
        yield Step(f"columns of {kind.name}", _columns(kind), kind.name)
        return
    yield Step(words.FILLING, _searched(kind, kind.searched), kind.name)
    yield Step(words.FILLED, lambda _: storage.dialect.exchange_words(db))
    yield Step("former words", lambda _: storage.dialect.make_room(db))
