"""Records as they begin: their first documents, and the batch insert that stores many at a time."""

from __future__ import annotations

from typing import Any

import orjson

from api.domain.core.ids import new_id, now
from api.domain.core.kinds import Document, Kind
from api.domain.history import chain, log
from api.domain.indexing import publicity
from api.storage import db as storage

_COLUMNS = ("id", "version", "document", "salt", "created_at")


def drafted(kind: Kind, settled: Document, *, by: str, id: str | None = None, at: str | None = None) -> Document:
    """Return the first document of a record whose references are settled, with all that only we write; id and time
    are its own where given.
    """
    time = now()
    document = {"id": id or new_id(kind.prefix), "version": 1, **settled}
    document.update(created_at=at or time, updated_at=time, recorded_by=by)
    return document


def keep(kind: Kind, documents: list[Document], drawn: list[Any] | None = None, note: str | None = None) -> None:
    """Store the first documents of records that nothing speaks against, and log them, in their order, with a note.

    What is `drawn` from them may have been before.
    """
    if not documents:
        return
    numbers = storage.numbers(kind.name, len(documents))
    news = list(zip(numbers, documents, drawn or map(kind.draw, documents), strict=True))
    stored, logged = [], []
    columns: dict[str, object] = {}
    for n, document, each in news:
        columns = kind.columns(n, document, each)
        id, time, text, salt = document["id"], document["updated_at"], written(document), chain.new_salt()
        stored.append((n, id, 1, text, salt, document["created_at"], *columns.values()))
        sha256 = chain.document_hash(salt, text)
        logged.append(log.Happened("create", kind.name, id, 1, document["recorded_by"], time, sha256, note))
    storage.insert_all(kind.name, ("n", *_COLUMNS, *columns), stored)
    kind.index(news)
    log.append_all(logged)
    publicity.created(kind, documents, note)


def written(document: Document) -> str:
    """Return a document as it is stored and hashed."""
    return orjson.dumps(document).decode()
