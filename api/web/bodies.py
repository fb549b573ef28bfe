"""Request bodies: their media type, their size, and JSON read strictly."""

from __future__ import annotations

from typing import Any

from flask import request

from api.formats.documents import parse
from schemas.faults import echo

MOST_BYTES = 1 << 20
# Of a body of many lines.
MOST_BYTES_OF_LINES = 64 << 20
JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"


class WrongMediaType(Exception):
    """A body of a kind that the address does not take."""

    def __init__(self, detail: str, accepted: tuple[str, ...]) -> None:
        super().__init__(detail)
        self.accepted = accepted


def read(accepted: tuple[str, ...]) -> Any:
    """Return the request's JSON; raises WrongMediaType, BadJSON and, past 1 MiB, werkzeug's 413."""
    check_type(accepted)
    return parse(request.get_data(cache=False))


def read_optional(accepted: tuple[str, ...]) -> Any:
    """Return the request's JSON, or an empty object where it has no body."""
    data = request.get_data(cache=False)
    if not data:
        return {}
    check_type(accepted)
    return parse(data)


def check_type(accepted: tuple[str, ...]) -> None:
    """Refuse a body that is compressed, not of one of these media types, or not UTF-8; raises WrongMediaType."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise WrongMediaType("A compressed body is not taken; send it plain.", accepted)
    if request.mimetype not in accepted:
        got = f"not {echo(request.mimetype)}" if request.mimetype else "but it says nothing"
        raise WrongMediaType(f"The Content-Type must be {' or '.join(accepted)}, {got}.", accepted)
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if charset not in ("utf-8", "utf8", "us-ascii"):
        raise WrongMediaType(f"The body must be UTF-8, not {echo(charset)}.", accepted)
