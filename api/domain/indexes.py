"""The indexes, made anew from the documents: columns, names, topics, figures, words."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import orjson

from api.domain import names
from api.domain.kinds import Document, Kind
from api.domain.outlets import OUTLET
from api.domain.relations import RELATION
from api.domain.reviews import REVIEW
from api.domain.sources import SOURCE
from api.domain.speakers import SPEAKER
from api.domain.statements import STATEMENT
from api.storage import db as storage
from api.storage.db import db, execute, row, rows, update, writing

# Raised whenever what the indexes hold changes; `onrecord migrate` then makes them anew.
VERSION = 2
KINDS = (SPEAKER, OUTLET, SOURCE, STATEMENT, REVIEW, RELATION)
_BATCH = 1000
BESIDE = ("figure_word", "figure", "topic", "statement_url", "mention", "name_word", "name")

Progress = Callable[[int, int], None]


def outdated() -> bool:
    """Tell whether the indexes are those of an older program, and hold anything."""
    found = row("SELECT version FROM index_state")
    held = any(row(f"SELECT 1 FROM {kind.name} LIMIT 1") for kind in KINDS)
    return held and (found is None or found[0] < VERSION)


def rebuild(progress: Progress) -> int:
    """Make every index anew, in one transaction, so that readers see the old ones until it is done.

    `progress` is told how many records are done and how many there are. Returns how many there were.
    """
    with writing():
        total = sum(int(rows(f"SELECT count(*) FROM {kind.name}")[0][0]) for kind in KINDS)
        for table in BESIDE:
            execute(f"DELETE FROM {table}")
        for named in (SPEAKER, OUTLET):
            execute(f"UPDATE {named.name} SET cited = 0")
        storage.dialect.forget_all_words(db)
        done = 0
        for kind in KINDS:
            for batch in _batches(kind):
                news = [(n, document, kind.draw(document)) for n, document in batch]
                for n, document, drawn in news:
                    update(kind.name, document["id"], columns_of(kind, n, document, drawn))
                kind.index(news)
                done += len(batch)
                progress(done, total)
            if kind.merges:
                _gather(kind.name)
        mark_current()
    return total


def _gather(type: str) -> None:
    for (n,) in rows(f"SELECT DISTINCT merged_into FROM {type} WHERE merged_into IS NOT NULL"):
        names.gather(type, n)


def columns_of(kind: Kind, n: int, document: Document, drawn: object) -> dict[str, object]:
    """Return all columns of a record's row that are drawn from its document, but for its id."""
    always = {"version": document["version"], "created_at": document["created_at"]}
    return {**always, **kind.columns(n, document, drawn)}


def mark_current() -> None:
    """Note that the indexes are this program's."""
    execute("UPDATE index_state SET version = ?", (VERSION,))


def _batches(kind: Kind) -> Iterator[list[tuple[int, Document]]]:
    last = 0
    sql = f"SELECT n, document FROM {kind.name} WHERE n > ? ORDER BY n LIMIT {_BATCH}"
    while batch := rows(sql, (last,)):
        yield [(n, orjson.loads(text)) for n, text in batch]
        last = batch[-1][0]
