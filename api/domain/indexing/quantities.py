"""The figures of statements as they are indexed: by the words of their names, their range and date."""

from __future__ import annotations

from typing import Any

import orjson

from api.domain.core.kinds import Document
from api.storage.db import insert_all, numbers
from api.text import tokens
from schemas.edtf import bounds

# The columns of each figure, and the words that it is found by.
Figures = list[tuple[dict[str, Any], list[str]]]


def index(drawn: list[tuple[int, Document, Figures]]) -> None:
    """Index the figures of statements that have none in the index, each given by its row number, its document and
    what was drawn from that.
    """
    found = [(n, columns, words) for n, document, each in drawn for columns, words in named(document["id"], each)]
    if not found:
        return
    figures = numbers("figure", len(found))
    stored = [(figure, n, *columns.values()) for figure, (n, columns, _) in zip(figures, found, strict=True)]
    insert_all("figure", ("n", "statement", *found[0][1]), stored)
    said = [(word, figure) for figure, (_, _, words) in zip(figures, found, strict=True) for word in words]
    insert_all("figure_word", ("word", "figure"), said)


def rows_beside(document: Document) -> Figures:
    """Return the columns of each figure of a statement, without the statement's number, and its words."""
    return named(document["id"], draw(document))


def draw(document: Document) -> Figures:
    """Return the same without the figures' ids."""
    if not document["figures"]:
        return []
    said = bounds(document["said_on"])[0] if document["said_on"] else 0
    found = []
    for figure in document["figures"]:
        lower, upper = extent(figure)
        words = sorted(set(tokens.stems(tokens.words(figure["name"]), "en")))
        text = orjson.dumps(figure).decode()
        found.append(({"lower": lower, "upper": upper, "said_lower": said, "document": text}, words))
    return found


def named(id: str, drawn: Figures) -> Figures:
    """Return what was drawn of the figures of a statement, with their ids."""
    return [({"id": f"{id}.{position:03d}", **columns}, words) for position, (columns, words) in enumerate(drawn)]


def extent(figure: Document) -> tuple[float | None, float | None]:
    """Return the least and the most that a figure says; None where it is open on that side."""
    value, least, most = figure["value"], figure["min_value"], figure["max_value"]
    if value is not None:
        least = None if figure["qualifier"] == "at_most" else value
        most = None if figure["qualifier"] == "at_least" else value
    return least, most
