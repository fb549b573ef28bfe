"""This service's own addresses, as a client would write them."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

from flask import current_app, request


def absolute(path: str) -> str:
    """Return the full address of a path: under ONRECORD_URL where it is set, else the request's own host."""
    base = current_app.config["PUBLIC_URL"] or request.host_url.rstrip("/")
    return f"{base}{path}"


def with_cursor(cursor: str) -> str:
    """Return the address of the request with another cursor."""
    pairs = parse_qsl(request.query_string.decode("ascii", "replace"), keep_blank_values=True)
    kept = [(name, value) for name, value in pairs if name != "cursor"]
    return absolute(f"{request.path}?{urlencode([*kept, ('cursor', cursor)])}")
