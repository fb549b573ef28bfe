"""/v1/changes and /v1/log: what was written, in the order in which it was."""

from __future__ import annotations

import math
from typing import Any

from flask import Blueprint

from api import deadlines
from api.domain import changes
from api.domain.errors import NotFound
from api.domain.keys import Key
from api.web import waiting
from api.web.endpoint import endpoint
from schemas.changes import ChangesQuery

routes = Blueprint("log", __name__, url_prefix="/v1")


@routes.get("/changes")
@endpoint(query=ChangesQuery, gives="changes")
def follow(query: dict[str, Any], key: Key) -> dict[str, Any]:
    """Follow what changes, from a sequence number on."""
    page = changes.since(query["since"], query["limit"], key)
    if not query["wait"]:
        return page
    with waiting.place() as free, deadlines.within(math.inf):
        return changes.wait(page, query["limit"], key, query["wait"] if free else 0, waiting.stopping)


@routes.get("/log/head")
@endpoint(gives="log-head")
def head(key: Key) -> dict[str, Any]:
    """Read where the log ends, to compare a later log with."""
    return changes.head()


@routes.get("/log/entries/<int(max=9223372036854775807):seq>")
@endpoint(gives="log-entry", raises=(NotFound,))
def entry(seq: int, key: Key) -> dict[str, Any]:
    """Read one entry of the log with its link of the chain."""
    return changes.entry(seq, key)
