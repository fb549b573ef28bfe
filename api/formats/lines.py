"""Files of records as they come from outside: a record a line (NDJSON) or a row (CSV), each with its number.

What is wrong with the file as a whole (its encoding, its header) is a BadFile; what is wrong with one record is that
record's own problem, and the others go in.
"""

from __future__ import annotations

import csv as reader
from collections.abc import Iterator
from typing import IO, Any, Protocol

from api.formats import csv
from api.formats.cutting import LONGEST, BadFile, Fault, Piece, Pieces
from api.formats.documents import parse
from schemas.base import Schema
from schemas.faults import echo, near

Document = dict[str, Any]
# How many problems of a header are told.
_MOST = 20
_BROKEN: dict[Fault, str] = {
    "broken": "after the quotation mark that ends a cell comes something else than a comma, or a carriage return "
    "stands by itself",
    "open": f"a quotation mark is never closed, or not within {LONGEST} bytes",
}


class BadLine(ValueError):
    """One record cannot be read; the message says why."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class Format(Protocol):
    """How records stand in a file."""

    def records(self) -> Iterator[Piece]:
        """Yield the records of the file, none of them read yet; raises BadFile."""

    def read(self, raw: Piece) -> Document:
        """Return the document of a record; raises BadLine, BadJSON, BadCells and Invalid."""


class NDJSON:
    """A file of JSON objects, one a line; empty lines are passed over, and the last needs no end."""

    def __init__(self, file: IO[bytes]) -> None:
        self.records = Pieces(file).lines

    def read(self, raw: Piece) -> Document:
        """Return the object of a line."""
        _refuse_long(raw)
        document = parse(raw.text)
        if not isinstance(document, dict):
            raise BadLine("type", "This must be a JSON object.")
        return document


class CSV:
    """A file of comma-separated values with a header, of the columns that exports have, or some of them."""

    def __init__(self, file: IO[bytes], schema: type[Schema], *, safe: bool = True) -> None:
        self.schema, self.safe = schema, safe
        self.records = Pieces(file).rows
        # Of characters; how long rows are is looked at before.
        reader.field_size_limit(2 * LONGEST)
        self.names = self._header()

    def _header(self) -> list[str]:
        head = next(self.records(), Piece(1, b""))
        try:
            names = [name.strip() for name in _cells(head)]
        except BadLine as error:
            raise BadFile(f"Line {head.number}, the header: {error}") from None
        if not any(names):
            raise BadFile("The first line must be a header that names the columns.")
        if problems := self._problems(names):
            raise BadFile(f"Line {head.number}, the header: {'; '.join(problems)}.")
        return names

    def _problems(self, names: list[str]) -> list[str]:
        # A speaker or outlet may also be named in one column, as it may be in JSON.
        known = list(dict.fromkeys(n for each in csv.columns(self.schema) for n in (each.name, each.member)))
        spread = {each.member for each in csv.columns(self.schema) if "." in each.name and each.name in names}
        problems = [f"the column {name!r} is there and one of its parts as well" for name in spread & set(names)]
        seen: set[str] = set()
        for name in names:
            if len(problems) == _MOST:
                break
            if name in seen:
                problems.append(f"the column {echo(name)!r} is there twice")
            elif name not in known:
                guess = near(name, known)
                problems.append(f"there is no column {echo(name)!r}" + (f" (did you mean {guess}?)" if guess else ""))
            seen.add(name)
        return problems

    def read(self, raw: Piece) -> Document:
        """Return the document of a row."""
        cells = _cells(raw)
        if len(cells) != len(self.names):
            raise BadLine("csv", f"The row has {len(cells)} cells for {len(self.names)} columns.")
        return csv.document(dict(zip(self.names, cells, strict=True)), self.schema, safe=self.safe)


def _refuse_long(raw: Piece) -> None:
    if raw.fault == "long":
        raise BadLine("length", f"The line is longer than {LONGEST} bytes.")


def _cells(raw: Piece) -> list[str]:
    """Return the cells of a row; raises BadLine."""
    _refuse_long(raw)
    if raw.fault:
        raise BadLine("csv", f"The row is not CSV: {_BROKEN[raw.fault]}.")
    try:
        return next(reader.reader([raw.text.decode()], strict=True), [])
    except UnicodeDecodeError as error:
        raise BadLine("encoding", f"The row is not UTF-8: byte {error.start + 1} of it does not fit.") from None
    except reader.Error as error:
        raise BadLine("csv", f"The row is not CSV: {error}.") from None


__all__ = ["CSV", "LONGEST", "NDJSON", "BadFile", "BadLine", "Format", "Piece"]
