"""The canonical query: what a list was asked for, whatever the words; to this a cursor is bound."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from api.domain.finding import filters
from api.domain.reading import cursors
from api.text import tokens
from api.text.addresses import canonical, host
from api.text.folding import fold
from api.text.queries import parse

# What may change from page to page: how many there are on it, and what is shown of each.
_FREE = frozenset({"cursor", "limit", "count", "fields_", "expand", "highlight", "sample", "seed", "sort"})
_NAMES = ("speaker", "outlet", "topic")


def bound(name: str, query: dict[str, Any], visible: str) -> str:
    """Return what ties a cursor to a list with a name: one half by the words of the query, one by whom they find.

    A page goes on where either half is the same: names may come to mean others while somebody reads, and the same
    may be asked for in other words (`cursors.read`).
    """
    asked = {part: value for part, value in query.items() if value is not None and part not in _FREE}
    sort = query.get("sort") or ("relevance" if query.get("q") else "-said_on")
    said = {part: _said(part, value) for part, value in asked.items()}
    found = {**said, **{part: _found(part, value, visible) for part, value in asked.items() if _base(part) in _NAMES}}
    return "".join(cursors.binding(name, sort, each) for each in (said, found))


def _base(part: str) -> str:
    return part.removesuffix("_not")


def _found(part: str, value: list[list[str]], visible: str) -> list[Any]:
    return sorted(set(filters.IS[_base(part)](value, visible)[1]))


def _said(part: str, value: Any) -> Any:
    """Return what a parameter says, in one form for all its spellings."""
    if read := _READ.get(_base(part)):
        return read(value)
    return sorted(set(value)) if isinstance(value, list) else value


def _words(text: str) -> list[str]:
    return sorted({token.word for token in tokens.sought(text)})


def _search(text: str) -> Any:
    try:
        query = parse(text)
    except ValueError:
        return text
    terms = [sorted({(*term.words, f"{term.literal:d}{term.open:d}") for term in group}) for group in query.every]
    never = sorted({(*term.words, f"{term.literal:d}{term.open:d}") for term in query.never})
    return sorted(terms), never


def _each(read: Callable[[Any], Any]) -> Callable[[list[Any]], list[Any]]:
    return lambda values: sorted({read(value) for value in values})


_READ: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(_NAMES, _each(lambda readings: tuple(sorted({*map(fold, readings)})))),
    "lang": _each(str.lower),
    "url": _each(canonical),
    "domain": _each(host),
    **dict.fromkeys(("figure", "name"), _each(lambda text: tuple(sorted({*tokens.stems(_words(text), "en")})))),
    "q": _search,
    # Of a period that one begins or ends with, the other end says nothing.
    **dict.fromkeys(("since", "published_from"), lambda period: period[0]),
    **dict.fromkeys(("until", "published_to"), lambda period: period[1]),
}
