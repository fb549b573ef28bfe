"""The figures of statements as they are indexed: by the words of their names, their range and date."""

from __future__ import annotations

from typing import Any

import orjson

from api.domain.kinds import Document
from api.storage.db import insert_all, numbers
from api.text import tokens
from schemas.edtf import bounds


def index(pairs: list[tuple[int, Document]]) -> None:
    """Index the figures of statements, each given by its row number and document, which have none in the index."""
    found = [(n, columns, words) for n, document in pairs for columns, words in rows_beside(document)]
    if not found:
        return
    figures = numbers("figure", len(found))
    stored = [(figure, n, *columns.values()) for figure, (n, columns, _) in zip(figures, found, strict=True)]
    insert_all("figure", ("n", "statement", *found[0][1]), stored)
    said = [(word, figure) for figure, (_, _, words) in zip(figures, found, strict=True) for word in words]
    insert_all("figure_word", ("word", "figure"), said)


def rows_beside(document: Document) -> list[tuple[dict[str, Any], list[str]]]:
    """Return the columns of each figure of a statement, without the statement's number, and its words."""
    said = bounds(document["said_on"])[0] if document["said_on"] else 0
    found = []
    for position, figure in enumerate(document["figures"]):
        lower, upper = extent(figure)
        columns = {"id": f"{document['id']}.{position:03d}", "lower": lower, "upper": upper, "said_lower": said}
        words = sorted(set(tokens.stems(tokens.words(figure["name"]), "en")))
        found.append(({**columns, "document": orjson.dumps(figure).decode()}, words))
    return found


def extent(figure: Document) -> tuple[float | None, float | None]:
    """Return the least and the most that a figure says; None where it is open on that side."""
    value, least, most = figure["value"], figure["min_value"], figure["max_value"]
    if value is not None:
        least = None if figure["qualifier"] == "at_most" else value
        most = None if figure["qualifier"] == "at_least" else value
    return least, most
