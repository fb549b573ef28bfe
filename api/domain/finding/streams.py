"""Whole lists: every record that a query asks for, in batches, all from one snapshot of the data."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from typing import Any

from api.domain.core.keys import Key
from api.domain.core.kinds import Kind
from api.domain.evidence.registry import KINDS
from api.domain.finding.listing import select, written
from api.domain.finding.views import shaped
from api.storage.db import snapshot

# Enough that what a batch costs besides does not count, few enough to be no burden.
BATCH = 500
# A source may hold an article of half a million characters.
_LONG = 20


def batches(kind: Kind, query: dict[str, Any], reader: Key) -> Generator[str]:
    """Yield the documents, one a line, that a validated query asks for, in its order, at most `limit` where it has one.

    A long list takes no more memory than a short one. The transaction lasts until the generator ends or is
    closed, on the thread that asked for the first batch. Raises BadParameter for a search without words.
    """
    with snapshot():
        selection = select(kind, query, reader)
        write = written(kind, selection, reader)
        parts = [KINDS[name] for name in query.get("expand") or () if name in kind.expands]
        long = any(each.public.secret for each in (kind, *parts))
        with closing(selection.walk(_LONG if long else BATCH, query["limit"])) as found:
            for batch in found:
                yield shaped(kind, write(batch), query, reader)
