"""NDJSON: a document a line, its bytes those of the list (https://github.com/ndjson/ndjson-spec)."""

from __future__ import annotations

from typing import IO

import orjson

from api.domain.core.items import Draft
from api.formats.cutting import BadItem, Item, Pieces, refuse_long
from api.formats.documents import parse
from api.formats.format import Batch, Document, Format, Options, Reads, Writer, Writes


class _Lines(Writer):
    def each(self, batch: Batch) -> bytes:
        # Never taken apart: the stored texts as they are.
        return f"{batch.lines}\n".encode() if batch.lines else b""


class Lines:
    """A file of JSON objects, one a line; empty lines are passed over, and the last needs no end."""

    def __init__(self, file: IO[bytes], _: Options | None = None) -> None:
        self.items = Pieces(file).lines

    def drafts(self, item: Item) -> list[Draft]:
        """Return the statement that a line is."""
        refuse_long(item)
        document = parse(item.text)
        if not isinstance(document, dict):
            raise BadItem("type", "This must be a JSON object.")
        return [Draft("statement", document)]


def _example(statement: Document) -> bytes:
    return orjson.dumps(statement) + b"\n"


NDJSON = Format(
    "ndjson",
    "NDJSON",
    Writes(
        media="application/x-ndjson",
        about="A document a line, as in `data` of a page.",
        writer=_Lines,
        one=False,
        refuses=("sample",),
    ),
    Reads(
        reader=Lines,
        about="A statement a line, or a row under the names of columns.",
        example=_example,
        known_by=("application/x-ndjson", "application/ndjson"),
        endings=(".ndjson", ".jsonl"),
    ),
)
