"""/v1/changes and /v1/log: what was written, in the order in which it was."""

from __future__ import annotations

import math
from typing import Any

from flask import Blueprint

from api import deadlines
from api.domain.core.errors import NotFound, OtherEpoch
from api.domain.core.keys import Key
from api.domain.following import changes
from api.domain.history import log
from api.web import waiting
from api.web.endpoint import endpoint
from schemas.changes import ChangesQuery
from schemas.log import ChangesOut, LogEntryOut, LogHeadOut
from schemas.parameters import Place

routes = Blueprint("log", __name__, url_prefix="/v1")


@routes.get("/changes")
@endpoint(query=ChangesQuery, gives=ChangesOut, raises=(OtherEpoch,))
def follow(query: dict[str, Any], key: Key) -> dict[str, Any]:
    """Follow what changes, from a sequence number on."""
    since = query["since"]
    seq, named = since if isinstance(since, Place) else (since, None)
    epoch = log.epoch(named)
    page = changes.since(seq, query["limit"], key)
    if query["wait"]:
        with waiting.place() as free, deadlines.within(math.inf):
            page = changes.wait(page, query["limit"], key, query["wait"] if free else 0, waiting.stopping)
    return {**page, "epoch": epoch}


@routes.get("/log/head")
@endpoint(gives=LogHeadOut)
def head(key: Key) -> dict[str, Any]:
    """Read where the log ends, to compare a later log with."""
    return changes.head()


@routes.get("/log/entries/<whole(max=9223372036854775807):seq>")
@endpoint(gives=LogEntryOut, raises=(NotFound,))
def entry(seq: int, key: Key) -> dict[str, Any]:
    """Read one entry of the log with its link of the chain."""
    return changes.entry(seq, key)
