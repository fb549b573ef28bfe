"""This service's own addresses, as a client would write them."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

from flask import current_app, request


def absolute(path: str) -> str:
    """Return the full address of a path: under ONRECORD_URL where it is set, else the request's own host.

    Where the request names no host that could be one, the path is all there is.
    """
    # Not `request.host_url`, which is the address as people read it and fails for `Host: xn--a`.
    own = f"{request.scheme}://{request.host}" if request.host else ""
    return f"{current_app.config['PUBLIC_URL'] or own}{path}"


def with_cursor(cursor: str) -> str:
    """Return the address of the request with another cursor."""
    pairs = parse_qsl(request.query_string.decode("ascii", "replace"), keep_blank_values=True)
    kept = [(name, value) for name, value in pairs if name != "cursor"]
    return absolute(f"{request.path}?{urlencode([*kept, ('cursor', cursor)])}")
