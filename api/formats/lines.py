"""Files of records as they come from outside: a record a line (NDJSON) or a row (CSV), each with its number.

What is wrong with the file as a whole (its encoding, its header) is a BadFile; what is wrong with one record is that
record's own problem, and the others go in.
"""

from __future__ import annotations

import csv as reader
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Any, NamedTuple, Protocol

from api.formats import csv
from api.formats.documents import BadJSON, parse
from schemas.base import Schema
from schemas.faults import echo, near

Document = dict[str, Any]
# As long as the body of a request that records one.
LONGEST = 1 << 20
_BOM = "\ufeff"
# How files in UTF-16 and UTF-32 begin.
_OTHERS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")


class BadFile(ValueError):
    """The file cannot be read at all; the message says where and what to do."""


class BadLine(ValueError):
    """One record cannot be read; the message says why."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class Raw(NamedTuple):
    """One record as it stands in the file: the number of the line that it begins in, and its text or cells."""

    number: int
    found: Any


class Format(Protocol):
    """How records stand in a file."""

    def records(self) -> Iterator[Raw]:
        """Yield the records of the file, none of them read yet; raises BadFile."""

    def read(self, raw: Raw) -> Document:
        """Return the document of a record; raises BadLine, BadJSON and Invalid."""

    def written(self, raws: Iterable[Raw]) -> bytes:
        """Return records as they stood in the file, to be written into another of the same form."""

    @property
    def head(self) -> bytes:
        """What such a file begins with."""


@dataclass
class NDJSON:
    """A file of JSON objects, one a line; empty lines are passed over, and the last needs no end."""

    file: IO[bytes]
    head = b""

    def records(self) -> Iterator[Raw]:
        """Yield the lines."""
        number = 0
        while line := self.file.readline(LONGEST + 2):
            number += 1
            if number == 1:
                _refuse_encoding(line)
                line = line.removeprefix(_BOM.encode())
            if not line.endswith(b"\n") and len(line) > LONGEST:
                _skip(self.file)
            if line.strip():
                yield Raw(number, line.rstrip(b"\r\n"))

    def read(self, raw: Raw) -> Document:
        """Return the object of a line."""
        if len(raw.found) > LONGEST:
            raise BadLine("length", f"The line is longer than {LONGEST} bytes.")
        document = parse(raw.found)
        if not isinstance(document, dict):
            raise BadLine("type", "This must be a JSON object.")
        return document

    def written(self, raws: Iterable[Raw]) -> bytes:
        """Return lines as they were; of one that is too long, its beginning."""
        return b"".join(raw.found + b"\n" for raw in raws)


def _skip(file: IO[bytes]) -> None:
    while (rest := file.readline(LONGEST)) and not rest.endswith(b"\n"):
        pass


class CSV:
    """A file of comma-separated values with a header, of the columns that exports have, or some of them."""

    def __init__(self, file: IO[bytes], schema: type[Schema], *, safe: bool = True) -> None:
        self.schema, self.safe = schema, safe
        self._lines = _Lines(file)
        reader.field_size_limit(LONGEST)
        self._reader = reader.reader(self._lines, strict=True)
        self.names = self._header()

    @property
    def head(self) -> bytes:
        """The header."""
        return csv.lines([self.names])

    def _header(self) -> list[str]:
        try:
            names = [name.strip() for name in next(self._reader, [])]
        except reader.Error as error:
            raise BadFile(f"Line 1 is not CSV: {error}.") from None
        if not any(names):
            raise BadFile("The first line must be a header that names the columns.")
        # A speaker or outlet may also be named in one column, as it may be in JSON.
        known = list(dict.fromkeys(n for each in csv.columns(self.schema) for n in (each.name, each.member)))
        spread = {each.member for each in csv.columns(self.schema) if "." in each.name and each.name in names}
        problems = [f"the column {name!r} is there and one of its parts as well" for name in spread & set(names)]
        for place, name in enumerate(names):
            if name in names[:place]:
                problems.append(f"the column {echo(name)!r} is there twice")
            elif name not in known:
                guess = near(name, known)
                problems.append(f"there is no column {echo(name)!r}" + (f" (did you mean {guess}?)" if guess else ""))
        if problems:
            raise BadFile(f"Line 1, the header: {'; '.join(problems[:20])}.")
        return names

    def records(self) -> Iterator[Raw]:
        """Yield the rows, each with its cells or with what is wrong with it."""
        while True:
            number = self._reader.line_num + 1
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except reader.Error as error:
                # Inside a quotation that never ends, nothing that follows can be told apart either.
                yield Raw(number, BadLine("csv", f"The row is not CSV: {error}."))
                continue
            if cells:
                yield Raw(number, cells)

    def read(self, raw: Raw) -> Document:
        """Return the document of a row."""
        if isinstance(raw.found, BadLine):
            raise raw.found
        if len(raw.found) != len(self.names):
            raise BadLine("csv", f"The row has {len(raw.found)} cells for {len(self.names)} columns.")
        if any(map(_is_broken, raw.found)):
            raise BadLine("encoding", "The row is not UTF-8.")
        try:
            return csv.document(dict(zip(self.names, raw.found, strict=True)), self.schema, safe=self.safe)
        except csv.BadCell as error:
            raise BadLine("csv", str(error)) from None

    def written(self, raws: Iterable[Raw]) -> bytes:
        """Return rows as they were; one that could not be taken apart has nothing to show."""
        whole = (raw.found for raw in raws if not isinstance(raw.found, BadLine))
        return "".join(csv.text([cells]) for cells in whole).encode(errors="surrogateescape")


class _Lines:
    """The lines of a file as text; bytes that are no UTF-8 stay as lone surrogates, for their row to be refused."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._first = file, True

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._file.readline()
        if not line:
            raise StopIteration
        text = line.decode(errors="surrogateescape")
        if self._first:
            self._first = False
            _refuse_encoding(line)
            return text.removeprefix(_BOM)
        return text


def _is_broken(cell: str) -> bool:
    return not cell.isascii() and any("\ud800" <= letter <= "\udfff" for letter in cell)


def _refuse_encoding(first: bytes) -> None:
    if first.startswith(_OTHERS) or b"\0" in first[:200]:
        raise BadFile("Line 1: the file is not UTF-8 but looks like UTF-16 or UTF-32; save it as UTF-8.")
    if first.startswith(b"\x1f\x8b"):
        raise BadFile("Line 1: the file is compressed; unpack it first.")


__all__ = ["CSV", "LONGEST", "NDJSON", "BadFile", "BadJSON", "BadLine", "Format", "Raw"]
