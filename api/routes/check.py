"""/v1/check: whether a quotation is real, altered or someone else's."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from api.domain import checking
from api.domain.keys import Key
from api.domain.kinds import Document
from api.web.endpoint import endpoint
from schemas.checks import CheckIn, CheckQuery

routes = Blueprint("check", __name__, url_prefix="/v1/check")


@routes.get("")
@endpoint(query=CheckQuery, gives="verdict")
def check(query: dict[str, Any], key: Key) -> Document:
    """Check whether a quotation was said, by this speaker, in these words."""
    return checking.check([query], key)[0]


@routes.post("")
@endpoint(takes=CheckIn, gives="verdicts")
def check_sent(body: Document, key: Key) -> Document:
    """Check a quotation, or up to a hundred."""
    if body["items"]:
        return {"items": checking.check(body["items"], key)}
    return checking.check([body], key)[0]
