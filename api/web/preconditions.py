"""Optimistic locking: which version a change was made for, `If-Match` and the body's `version` (RFC 9110, section
13.1.1; RFC 6585).
"""

from __future__ import annotations

import re
from typing import Any

from flask import request
from marshmallow import ValidationError

from api.domain.core.errors import Invalid, PreconditionMissing, Refused
from schemas.faults import echo, problems
from schemas.numbers import Integer

_VERSION = Integer(least=1, most=2**31 - 1, required=True)
_TAG = re.compile(r'(?:W/)?"([^"]*)"')
# The versions that a change was made for, None for any.
Expected = frozenset[int] | None
_TAGS = re.compile(r'\s*(?:W/)?"[^"]*"\s*(?:,\s*(?:W/)?"[^"]*"\s*)*')
_OURS = re.compile(r"([a-z]{3}_[0-9a-z]{26})\.([1-9][0-9]{0,8})(?:-.*)?")


def expected(id: str, sent: Any, *, optional: bool = False) -> Expected:
    """Return the versions that fit the request's precondition, None where any does (`If-Match: *`).

    Takes `version` out of the body. A weak tag counts, and of a tag only id and version are compared.
    Raises PreconditionMissing where there is none, unless it is optional, Refused where header and body disagree.
    """
    header, version = _if_match(id), _version(sent)
    if version is None:
        if header == "missing" and not optional:
            raise PreconditionMissing(
                "Say which version the change was made for: `If-Match` with the record's ETag, or `version`."
            )
        return header if isinstance(header, frozenset) else None
    if isinstance(header, frozenset) and version not in header:
        raise Refused("`If-Match` and the body's `version` name different versions.")
    return frozenset({version})


def _version(sent: Any) -> int | None:
    if not isinstance(sent, dict) or "version" not in sent:
        return None
    try:
        return int(_VERSION.deserialize(sent.pop("version")))
    except ValidationError as error:
        raise Invalid([{**each, "pointer": "#/version"} for each in problems(error)]) from None


def _if_match(id: str) -> frozenset[int] | str:
    header = request.headers.get("If-Match")
    if header is None:
        return "missing"
    if header.strip() == "*":
        return "*"
    if not _TAGS.fullmatch(header):
        raise Refused(f"`If-Match` must hold ETags in quotation marks, or *, not {echo(header)}.")
    found = [_OURS.fullmatch(tag) for tag in _TAG.findall(header)]
    return frozenset(int(tag[2]) for tag in found if tag and tag[1] == id)
