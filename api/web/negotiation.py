"""The form of an answer: the suffix of the address, over `format=`, over Accept; JSON where none of them says.

Accept is read as RFC 9110 says (section 12.5.1): of the ranges that a form fits into the most specific one decides how
much it is wanted, and what is wanted as much as another is the one that stands first.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from flask import Flask, request
from werkzeug.http import parse_options_header

from api.formats.format import Format
from api.formats.registry import writing

Formats = tuple[Format, ...]
# The parameter by which forms of one media type are told apart (RFC 6906); it may name several (RFC 9264, section 6).
# Others, such as charset and header, choose nothing here.
_APART = "profile"


def add_suffixes(app: Flask) -> None:
    """Give every address whose answer has several forms, or one that can be named, another for each of them."""
    for rule in list(app.url_map.iter_rules()):
        contract = getattr(app.view_functions[rule.endpoint], "contract", None)
        if contract and contract.forms and "GET" in (rule.methods or ()):
            known = ", ".join(f'"{form.suffix}"' for form in contract.forms)
            app.add_url_rule(f"{rule.rule}.<any({known}):suffix>", rule.endpoint, methods=["GET"])


def form(formats: Formats, named: str | None) -> Format:
    """Return the format that a suffix or `format=` names, or else the Accept header, of those that there are.

    A name that is none of them is for the parameters' schema to refuse.
    """
    for each in formats:
        if each.suffix == named:
            return each
    accept = request.environ.get("HTTP_ACCEPT", "*/*")
    # What most clients send, without taking it apart.
    if accept in ("*/*", writing(formats[0]).media) or len(formats) == 1:
        return formats[0]
    return accepted(formats, list(request.accept_mimetypes))


def accepted(formats: Formats, ranges: list[tuple[str, float]]) -> Format:
    """Return which of some formats is wanted most, of media ranges with their quality; the first where none is."""
    wanted = [(*_read(media), quality) for media, quality in ranges]
    most = max(formats, key=lambda each: max(_fitting(each, formats, wanted), default=(0, 0.0))[::-1])
    return most if max(_fitting(most, formats, wanted), default=(0, 0.0))[1] > 0 else formats[0]


def _fitting(
    format: Format, formats: Formats, wanted: list[tuple[str, frozenset[str], float]]
) -> Iterator[tuple[int, float]]:
    """Yield how specific each range is that a form fits into, with its quality."""
    media, own = _read(writing(format).media)
    others = {name for each in formats if each is not format for name in _read(writing(each).media)[1]}
    for range, profiles, quality in wanted:
        if range == "*/*":
            yield 0, quality
        elif range == f"{media.partition('/')[0]}/*":
            yield 1, quality
        # One that has no profile itself is sent for each that nobody has.
        elif range == media and (not profiles or (profiles & own if own else not profiles & others)):
            yield 3 if profiles else 2, quality


@lru_cache(maxsize=500)
def _read(media: str) -> tuple[str, frozenset[str]]:
    """Return a media type or range without its parameters, and its profiles."""
    bare, parameters = parse_options_header(media)
    return bare.lower(), frozenset(parameters.get(_APART, "").split())
