"""/v1/me and /v1/keys: what a key is, and for administrators all of them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from api.domain.core import keys
from api.domain.core.errors import NotFound
from api.domain.core.keys import Key
from api.domain.finding.listing import Page
from api.web import limits
from api.web.answers import dumps
from api.web.endpoint import endpoint
from schemas.keys import KeyIn, KeyOut, MeOut, NewKeyOut
from schemas.vocabulary import SCOPES

routes = Blueprint("keys", __name__, url_prefix="/v1")


@routes.get("/me")
@endpoint(needs=None, gives=MeOut)
def me(key: Key) -> dict[str, Any]:
    """Tell whose key the request has, what it may do and how often."""
    return {
        "id": key.id or None,
        "name": key.name,
        "scopes": [scope for scope in SCOPES if key.may(scope)],
        "quota": limits.left(),
    }


@routes.get("/keys")
@endpoint(needs="admin", gives=KeyOut, lists=True, logged=False)
def list_(key: Key) -> Page:
    """List the keys, without their secrets."""
    found = keys.listed()
    return Page("\n".join(map(dumps, found)), None, len(found), True)


@routes.post("/keys")
@endpoint(needs="admin", takes=KeyIn, gives=NewKeyOut, status=201, secret=True)
def make(body: dict[str, Any], key: Key) -> dict[str, Any]:
    """Make a key; it is shown in this answer and never again."""
    return keys.make(body["name"], body["scopes"], expires=body["expires_at"])


@routes.delete("/keys/<id>")
@endpoint(needs="admin", status=204, raises=(NotFound,))
def revoke(id: str, key: Key) -> None:
    """Revoke a key, at once and in every worker."""
    keys.revoke(id)
