"""The change feed (change data capture) and the log as readers may see them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from api.domain.core.errors import NotFound
from api.domain.core.keys import Key
from api.domain.following import mirrors
from api.domain.history import chain, log
from api.storage.db import row

# Sequence numbers are looked up this often while somebody waits: one row by its key, without a transaction.
_EVERY = 0.2


def since(seq: int | None, limit: int, reader: Key) -> dict[str, Any]:
    """Return the changes after a sequence number, oldest first; None stands for now.

    `last` is where to go on, also where the last entries looked at are not for this reader; `more` tells that
    there are further ones already. A number beyond the log, as after a restore, begins at its end.
    """
    if seq is None or seq > (position := log.position()):
        seq = log.position() if seq is None else position
    found = log.after(seq, limit + 1)
    more, found = len(found) > limit, found[:limit]
    last = found[-1].seq if found else seq
    if reader.may("read"):
        return {"changes": [mirrors.change(each) for each in found], "last": last, "more": more}
    shown, until = mirrors.told(found, limit)
    return {"changes": shown, "last": until or last, "more": more or until is not None}


def wait(page: dict[str, Any], limit: int, reader: Key, seconds: float, stopping: Callable[[], bool]) -> dict[str, Any]:
    """Return the first page that has a change, looking again from where `page` ended; after `seconds` an empty one.

    No transaction is open meanwhile. `stopping` ends the wait early.
    """
    until = time.monotonic() + seconds
    while not (page["changes"] or page["more"] or stopping() or time.monotonic() >= until):
        time.sleep(max(0.0, min(_EVERY, until - time.monotonic())))
        if log.position() > page["last"]:
            page = since(page["last"], limit, reader)
    return page


def head() -> dict[str, Any]:
    """Return where the log ends: its newest entry's number, hash and time; and which history it tells."""
    found = row("SELECT seq, hash, at FROM entry ORDER BY seq DESC LIMIT 1") or (0, chain.GENESIS, None)
    return {**dict(zip(("seq", "hash", "at"), found, strict=True)), "epoch": log.epoch()}


def entry(seq: int, reader: Key) -> dict[str, Any]:
    """Return an entry of the log with its link; raises NotFound.

    Of what the reader may not know of, only the links are shown: the chain stays whole for everybody, and neither
    the id nor the note of a withheld record gets out.
    """
    found = log.linked(seq)
    if found is None:
        raise NotFound(f"The log has no entry {seq}.")
    one, link, previous = found
    concealed = not reader.may("read") and mirrors.concealed(one)
    told = {
        **mirrors.change(one),
        "by": one.by,
        "note": one.note,
    }
    if concealed:
        told = {name: value if name in ("seq", "at") else None for name, value in told.items()}
    return {**told, "previous": previous, "hash": link, "concealed": concealed}
