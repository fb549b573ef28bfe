"""Who asks, and whether they may: the Authorization header against what an address needs."""

from __future__ import annotations

import re

from flask import Response, current_app, request

from api.domain.core.errors import Forbidden, Unauthenticated
from api.domain.core.keys import ANONYMOUS, Key, recognise, well_formed
from api.web import limits, origins

# Where the id of a request's key stands in its environment, for the log.
KEY_ID = "onrecord.key_id"
# What is long enough to be a key, or most of one.
_KEY = re.compile(r"onr_[A-Za-z0-9_-]{20,}")


def hide(text: str) -> str:
    """Return text without the keys in it: whoever pastes one into an address must not find it in a log."""
    return _KEY.sub("onr_[hidden]", text) if "onr_" in text else text


def admit() -> Response | None:
    """Count a request before anything is done for it; raises TooMany. Only a preflight is answered here.

    One with what may be a good key is counted for that key, once `permit` knows; any other for its address. What
    asks whether the service lives is not counted, nor is what a browser asks by itself.
    """
    environ = request.environ
    if environ["REQUEST_METHOD"] == "OPTIONS":
        return origins.preflight()
    contract = getattr(current_app.view_functions.get(request.endpoint or ""), "contract", None)
    if contract is not None and contract.keyless:
        return None
    header = environ.get("HTTP_AUTHORIZATION")
    sent = _sent(header) if header is not None and contract is not None else None
    if sent is None or not well_formed(sent):
        limits.count_address()
    else:
        limits.before_looking_up(sent)
    return None


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
    sent = _sent(header)
    if sent is None:
        raise Unauthenticated("Only `Authorization: Bearer onr_…` is understood.")
    try:
        key = recognise(sent)
    except Unauthenticated:
        # One that could not even be a key has been counted already.
        if well_formed(sent):
            limits.refused_key(sent)
        raise
    limits.count_key(sent)
    return key


def _sent(header: str) -> str | None:
    """Return the key of an Authorization header, None where it has none."""
    scheme, _, sent = header.strip().partition(" ")
    return sent.strip() if scheme.lower() == "bearer" and sent else None
