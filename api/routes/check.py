"""/v1/check: whether a quotation is real, altered or someone else's."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from api.domain.checking import judging
from api.domain.core.errors import Invalid
from api.domain.core.keys import Key
from api.domain.core.kinds import Document
from api.web.endpoint import endpoint
from schemas.checks import CheckIn, CheckQuery
from schemas.verdicts import VerdictOut, VerdictsOut

routes = Blueprint("check", __name__, url_prefix="/v1/check")


@routes.get("")
@endpoint(query=CheckQuery, gives=VerdictOut, raises=(Invalid,))
def check(query: dict[str, Any], key: Key) -> Document:
    """Check whether a quotation was said, by this speaker, in these words."""
    return judging.check([query], key, ["#/speaker"])[0]


@routes.post("")
@endpoint(takes=CheckIn, gives=VerdictsOut)
def check_sent(body: Document, key: Key) -> Document:
    """Check a quotation, or up to a hundred."""
    if items := body["items"]:
        return {"items": judging.check(items, key, [f"#/items/{place}/speaker" for place in range(len(items))])}
    return judging.check([body], key, ["#/speaker"])[0]
