"""Denormalization on read, names put in place of references: documents are stored with ids and sent with the names as
they are now.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import orjson

from api.domain.core.kinds import KINDS, Kind
from api.storage.db import among, rows

_MOST = 500
# What stands behind the members of a kind.
_LAST = ("created_at", "updated_at", "recorded_by", "withdrawn_at", "withdrawn_by")


@cache
def columns(kind: Kind) -> str:
    """Return the columns of a row `t` that `documents` reads: its document, how much more is to be put into it, names.

    That is what a statement mentions besides its own, and of what is about statements how many of these are gone.
    """
    more = "t.mentions" if kind.mentions else "0"
    if kind.ends:
        there = [f"(SELECT count(*) FROM statement w WHERE w.id = t.{end})" for end in kind.ends]
        more = " - ".join([str(len(there)), *there])
    named = [f"{name}.{column}" for name in kind.names for column in ("id", "reference")]
    return ", ".join(["t.document", more, *named])


@cache
def joins(kind: Kind) -> str:
    """Return the joins to the tables that those names stand in.

    LEFT JOIN pins the order of the join; given the choice, SQLite's planner starts from the small
    table at a million rows and then sorts everything.
    """
    return "".join(f" LEFT JOIN {name} ON {name}.n = t.{name}" for name in kind.names)


def documents(kind: Kind, found: Iterable[Sequence[Any]], at: int = 0) -> list[str]:
    """Return the documents of rows, of which `columns` are those from `at` on, with all names in place."""
    texts: list[str] = []
    more = []
    first = at + 2
    named = [(column, column + 1) for column in range(first, first + 2 * len(kind.names), 2)]
    for each in found:
        text = each[at]
        for id, name in named:
            if each[id] is not None:
                text = text.replace('{"id":"' + each[id] + '"}', each[name])
        if each[at + 1]:
            more.append(len(texts))
        texts.append(text)
    if more:
        incomplete = [texts[place] for place in more]
        whole = _with_ends(kind, incomplete) if kind.ends else with_names(incomplete)
        for place, text in zip(more, whole, strict=True):
            texts[place] = text
    return complete(kind, texts) if kind.later else texts


def complete(kind: Kind, texts: list[str]) -> list[str]:
    """Return documents with the defaults of what they lack since an earlier version of the schema made them."""
    # A quotation mark inside a text is escaped, so what is found is a member.
    lacking = [[name for name in kind.later if f'"{name}":' not in text] for text in texts]
    return [_with_defaults(kind, text, names) if names else text for text, names in zip(texts, lacking, strict=True)]


def _with_defaults(kind: Kind, text: str, names: list[str]) -> str:
    document = orjson.loads(text)
    # Before what all records end with, as a document of today has them.
    ours = {name: document.pop(name) for name in list(document) if name in _LAST}
    return orjson.dumps({**document, **{name: kind.absent(name) for name in names}, **ours}).decode()


def _with_ends(kind: Kind, texts: list[str]) -> list[str]:
    """Return documents about statements of which some are gone with `withdrawn`: which of them, and since when."""
    about = [{end: found[1] for end in kind.ends if (found := _end(end).search(text))} for text in texts]
    wanted = {id for ends in about for id in ends.values()}
    gone = wanted - {id for (id,) in among("SELECT id FROM statement WHERE id IN", wanted)}
    sql = "SELECT record, at FROM entry WHERE op IN ('withdraw', 'erase') AND record IN"
    # What was withdrawn and then erased has been gone since the first of both.
    ended = dict(sorted(among(sql, gone), reverse=True))
    told = [{end: ended[id] for end, id in ends.items() if id in ended} for ends in about]
    return [
        f'{text[:-1]},"withdrawn":{orjson.dumps(which).decode()}}}' if which else text
        for text, which in zip(texts, told, strict=True)
    ]


@cache
def _end(name: str) -> re.Pattern[str]:
    # A quotation mark inside a text is escaped, so this is a member and no words.
    return re.compile(rf'"{name}":\{{"id":"(stm_[0-9a-z]{{26}})"\}}')


@cache
def _reference(parties: tuple[Kind, ...]) -> re.Pattern[str]:
    # Inside a JSON string a quotation mark is always escaped, so this can only match a reference.
    return re.compile(rf'\{{"id":"((?:{"|".join(kind.prefix for kind in parties)})_[0-9a-z]{{26}})"\}}')


def with_names(texts: list[str], *, public: bool = False) -> list[str]:
    """Return JSON texts with what stands for each speaker and outlet in place of the reference; names are looked up.

    To the public, who may not be known is null: an earlier version may name whom nothing public names.
    """
    reference = _reference(KINDS.parties)
    wanted = sorted({id for text in texts for id in reference.findall(text)})
    known: dict[str, str] = {}
    for kind in KINDS.parties:
        ids = [id for id in wanted if id.startswith(kind.prefix)]
        for start in range(0, len(ids), _MOST):
            part = ids[start : start + _MOST]
            sql = (
                f"SELECT t.id, t.reference, coalesce(s.shown, t.shown) FROM {kind.name} t "
                f"LEFT JOIN {kind.name} s ON s.n = t.merged_into WHERE t.id IN ({', '.join('?' * len(part))})"
            )
            known.update((id, text if shown or not public else "null") for id, text, shown in rows(sql, part))
    return [reference.sub(lambda match: known.get(match[1], match[0]), text) for text in texts] if known else texts
