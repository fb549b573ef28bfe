"""This service's own addresses, as a client would write them."""

from __future__ import annotations

from urllib.parse import quote, unquote_plus

from flask import current_app, request
from werkzeug.routing import BaseConverter, IntegerConverter

# What a query may hold besides letters and digits (RFC 3986, section 3.4); the rest is escaped, or it ends the address.
_QUERY = "-._~!$&'()*+,;=:@/?%"


class Id(BaseConverter):
    """The part of an address that names a record: by its underscore told from names such as `counts` beside it."""

    # As few characters as will do, since a suffix such as `.csl.json` may have a dot inside.
    regex = "[^/]*?_[^/]*?"
    part_isolating = True


class Whole(IntegerConverter):
    """A number in an address: ASCII digits without leading zeros."""

    regex = "0|[1-9][0-9]*"


def absolute(path: str) -> str:
    """Return the full address of a path: under ONRECORD_URL where it is set, else the request's own host.

    Where the request names no host that could be one, the path is all there is.
    """
    # Not `request.host_url`, which is the address as people read it and fails for `Host: xn--a`.
    own = f"{request.scheme}://{request.host}" if request.host else ""
    return f"{current_app.config['PUBLIC_URL'] or own}{path}"


def with_cursor(cursor: str) -> str:
    """Return the address of the request with another cursor, its other parameters as they were sent."""
    sent = request.query_string.decode("ascii", "replace").split("&")
    kept = [part for part in sent if part and unquote_plus(part.partition("=")[0]) != "cursor"]
    return absolute(f"{request.path}?{quote('&'.join([*kept, f'cursor={cursor}']), safe=_QUERY)}")


def of_another(id: str) -> str:
    """Return the address of the request for another record, its suffix and parameters as they were sent."""
    sent = quote(request.query_string.decode("ascii", "replace"), safe=_QUERY)
    path = request.path.replace(request.view_args["id"], id, 1) if request.view_args else request.path
    return absolute(f"{path}?{sent}" if sent else path)
