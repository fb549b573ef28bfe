"""Record framing: files cut into their lines, or into the rows of CSV (RFC 4180), in bounded memory and in time that
their size bounds.

Of a row that is broken only the first line is given up, and what follows is read as rows of its own: a quotation mark
that is never closed would otherwise swallow all that comes after it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import IO, Literal, NamedTuple

# As long as the body of a request that records one.
LONGEST = 1 << 20
_BLOCK = 1 << 20
_BOM = b"\xef\xbb\xbf"
# How files in UTF-16 and UTF-32 begin, and where these have NULs if they do not begin so.
_OTHERS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_WIDE = re.compile(rb"\0[^\0]\0[^\0]|[^\0]\0[^\0]\0|\0\0\0[^\0]|[^\0]\0\0\0", re.DOTALL)

_WHITE = re.compile(rb"[ \t\r\n\v\f]*+")
_BREAKS = re.compile(rb"[\r\n]*+")
# Cells as the standard library's reader takes them when it is strict: a quotation mark inside a cell that does not
# begin with one is a character as any other.
_CELL = rb'(?:"(?:[^"]++|"")*+"|(?:[^",\r\n][^,\r\n]*+)?+)'
_CELLS = re.compile(rb"%s(?:,%s)*+" % (_CELL, _CELL))
_END = re.compile(rb"\r*+(?:\n|\Z)")
# How many bytes may be looked at in vain: so many at first, and so many times what was read since. Files that are
# broken in every line would take the square of their size else.
_SPARE, _TIMES = 16 << 20, 4

Fault = Literal["long", "broken", "open"]


class BadFile(ValueError):
    """The file cannot be read at all; the message says where and what to do."""


class BadItem(ValueError):
    """One item cannot be read; the message says why."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class Item(NamedTuple):
    """What a file holds one by one, such as a line or row, without the break that ends it; and its number, which grows.

    That is the number of the line that it begins in. Where several begin in one, they are counted instead, and `line`
    and `pointer` (a JSON Pointer, in what begins in that line) tell where it stands. It has a `fault` where it cannot
    be read: it is too `long`, of which the beginning is kept, `broken`, or a quotation stays `open`.
    """

    number: int
    text: bytes
    fault: Fault | None = None
    line: int | None = None
    pointer: str | None = None


class Pieces:
    """The pieces of a file, which is read a block at a time; raises BadFile where it is no text in UTF-8 at all."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._data, self._at, self._ended = file, b"", 0, False
        self._number, self._spare = 1, _SPARE
        self._fill()
        _refuse_encoding(self._data)
        self._at = len(_BOM) if self._data.startswith(_BOM) else 0

    def lines(self) -> Iterator[Item]:
        """Yield the lines that are not blank."""
        while self._more(_WHITE):
            yield self._line()

    def rows(self) -> Iterator[Item]:
        """Yield the rows that are not empty."""
        while self._more(_BREAKS):
            yield self._row()

    def _fill(self) -> None:
        """Have the longest piece that may be, or all that is left."""
        while not self._ended and len(self._data) - self._at <= LONGEST + 2:
            block = self._file.read(_BLOCK)
            self._ended = not block
            self._data, self._at = self._data[self._at :] + block, 0

    def _more(self, blank: re.Pattern[bytes]) -> bool:
        """Pass over blank lines, all at once; tell whether anything follows."""
        while True:
            self._fill()
            found = blank.match(self._data, self._at)
            end = found.end() if found else self._at
            if end < len(self._data) or not self._ended:
                end = self._data.rfind(b"\n", self._at, end) + 1 or self._at
            if end == self._at:
                return self._at < len(self._data)
            self._take(end)

    def _take(self, end: int) -> bytes:
        """Go on to a place, and return what was passed."""
        taken = self._data[self._at : end]
        self._number += taken.count(b"\n")
        self._at = end
        return taken

    def _line(self) -> Item:
        number = self._number
        end = self._data.find(b"\n", self._at, self._at + LONGEST + 2) + 1
        if not end and self._ended and len(self._data) - self._at <= LONGEST:
            end = len(self._data)
        if end:
            return Item(number, self._take(end).rstrip(b"\r\n"))
        text = self._data[self._at : self._at + LONGEST]
        while not (end := self._data.find(b"\n", self._at) + 1) and not self._ended:
            self._at = len(self._data)
            self._fill()
        self._take(end or len(self._data))
        return Item(number, text, "long")

    def _row(self) -> Item:
        number, limit = self._number, min(self._at + LONGEST + 2, len(self._data))
        cells = _CELLS.match(self._data, self._at, limit)
        stopped = cells.end() if cells else self._at
        end = _END.match(self._data, stopped, limit)
        if end and (end[0].endswith(b"\n") or (self._ended and limit == len(self._data))):
            row = self._take(end.end())
            self._spare = min(self._spare + _TIMES * len(row), _SPARE)
            return Item(number, row.rstrip(b"\r\n"))
        # Where a cell begins and does not go on, its quotation has no end; elsewhere one ends in the midst of a cell.
        open = self._data.startswith(b'"', stopped)
        stopped = limit if open else stopped
        self._spare -= stopped - self._at
        line = self._line() if self._spare > 0 else self._lines(number, stopped)
        return line._replace(fault=line.fault or ("open" if open else "broken"))

    def _lines(self, number: int, stopped: int) -> Item:
        """Give up all lines that were looked at."""
        end = self._data.find(b"\n", max(self._at, stopped - 1)) + 1
        if not end:
            end = self._data.rfind(b"\n", self._at, stopped) + 1
        if not end:
            return self._line()
        text = self._take(end)
        self._spare = min(self._spare + _TIMES * len(text), _SPARE)
        return Item(number, text.rstrip(b"\r\n"))


def refuse_long(item: Item) -> None:
    """Raise BadItem for one that is too long."""
    if item.fault == "long":
        raise BadItem("length", f"The line is longer than {LONGEST} bytes.")


def cut(pieces: Iterable[Item], most: int) -> Iterator[list[Item]]:
    """Give so many pieces at a time, or fewer where they are long."""
    together: list[Item] = []
    size = 0
    for each in pieces:
        together.append(each)
        size += len(each.text)
        if len(together) == most or size >= LONGEST:
            yield together
            together, size = [], 0
    if together:
        yield together


def _refuse_encoding(first: bytes) -> None:
    if first.startswith(_OTHERS) or _WIDE.match(first):
        raise BadFile("Line 1: the file is not UTF-8 but looks like UTF-16 or UTF-32; save it as UTF-8.")
    if first.startswith(b"\x1f\x8b"):
        raise BadFile("Line 1: the file is compressed; unpack it first.")
