"""Who asks, and whether they may: the Authorization header against what an address needs."""

from __future__ import annotations

import re

from flask import current_app, request

from api.domain.errors import Forbidden, Unauthenticated
from api.domain.keys import ANONYMOUS, Key, recognise

# Where the id of a request's key stands in its environment, for the log.
KEY_ID = "onrecord.key_id"
# What is long enough to be a key, or most of one.
_KEY = re.compile(r"onr_[A-Za-z0-9_-]{20,}")


def hide(text: str) -> str:
    """Return text without the keys in it: whoever pastes one into an address must not find it in a log."""
    return _KEY.sub("onr_[hidden]", text) if "onr_" in text else text


def permit(needs: str | None) -> Key:
    """Return the key of the request where it may do what is needed; raises Unauthenticated or Forbidden.

    A bad key is refused even where none is needed, so that a typing error does not pass unnoticed.
    """
    header = request.headers.get("Authorization")
    key = _read(header) if header is not None else ANONYMOUS
    request.environ[KEY_ID] = key.id
    if needs is None or (needs == "read" and current_app.config["PUBLIC_READ"]) or key.may(needs):
        return key
    if key is ANONYMOUS:
        raise Unauthenticated("This needs a key; send it as `Authorization: Bearer onr_…`.")
    raise Forbidden(f"This needs a key with the scope {needs}; this one holds {', '.join(sorted(key.scopes))}.")


def token() -> bytes:
    """Return the key itself, of a request that `permit` let pass: a secret that is kept nowhere here."""
    return request.headers["Authorization"].strip().partition(" ")[2].strip().encode()


def _read(header: str) -> Key:
    scheme, _, sent = header.strip().partition(" ")
    if scheme.lower() != "bearer" or not sent:
        raise Unauthenticated("Only `Authorization: Bearer onr_…` is understood.")
    return recognise(sent.strip())
