"""CSV (RFC 4180): a header and a row for each document, in the columns that `columns` draws from its schema."""

from __future__ import annotations

import csv as reader
from typing import IO

from api.domain.core.items import Draft
from api.formats import columns
from api.formats.cutting import LONGEST, BadFile, BadItem, Fault, Item, Pieces, refuse_long
from api.formats.format import Batch, Document, Format, Options, Reads, Sheet, Writer, Writes
from schemas.base import Schema, settings
from schemas.faults import echo, near
from schemas.parameters import Flag
from schemas.statements import StatementOut

# How many problems of a header are told.
_MOST = 20
_BROKEN: dict[Fault, str] = {
    "broken": "after the quotation mark that ends a cell comes something else than a comma, or a carriage return "
    "stands by itself",
    "open": f"a quotation mark is never closed, or not within {LONGEST} bytes",
}
# Columns by whose names alone a row is a statement.
_EXAMPLE = ["kind", "text", "speaker", "outlet", "url", "said_on"]


class _Rows(Writer):
    def __init__(self, sheet: Sheet) -> None:
        super().__init__(sheet)
        self._shown, self._safe = columns.chosen(sheet.schema, sheet.fields), bool(sheet.options.get("safe", True))

    def begin(self) -> bytes:
        head = columns.lines([[column.name for column in self._shown]])
        return columns.BOM + head if self.sheet.options.get("excel") else head

    def each(self, batch: Batch) -> bytes:
        return columns.lines(columns.cells(each, self._shown, safe=self._safe) for each in batch.documents)


class Table:
    """A file of comma-separated values with a header, of the columns that exports have, or some of them."""

    def __init__(self, file: IO[bytes], schema: type[Schema], *, safe: bool = True) -> None:
        self.schema, self.safe = schema, safe
        self.items = Pieces(file).rows
        # Of characters; how long rows are is looked at before.
        reader.field_size_limit(2 * LONGEST)
        self.names = self._header()

    def _header(self) -> list[str]:
        head = next(self.items(), Item(1, b""))
        try:
            names = [name.strip() for name in _cells(head)]
        except BadItem as error:
            raise BadFile(f"Line {head.number}, the header: {error}") from None
        if not any(names):
            raise BadFile("The first line must be a header that names the columns.")
        if problems := self._problems(names):
            raise BadFile(f"Line {head.number}, the header: {'; '.join(problems)}.")
        return names

    def _problems(self, names: list[str]) -> list[str]:
        # A speaker or outlet may also be named in one column, as it may be in JSON.
        all = columns.columns(self.schema)
        known = list(dict.fromkeys(n for each in all for n in (each.name, each.member)))
        spread = {each.member for each in all if "." in each.name and each.name in names}
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

    def drafts(self, item: Item) -> list[Draft]:
        """Return the statement that a row is, with the cells that cannot be read."""
        cells = _cells(item)
        if len(cells) != len(self.names):
            raise BadItem("csv", f"The row has {len(cells)} cells for {len(self.names)} columns.")
        try:
            found = columns.document(dict(zip(self.names, cells, strict=True)), self.schema, safe=self.safe)
        except columns.BadCells as error:
            return [Draft("statement", error.document, wrong=tuple(error.problems))]
        return [Draft("statement", found)]


def _cells(item: Item) -> list[str]:
    """Return the cells of a row; raises BadItem."""
    refuse_long(item)
    if item.fault:
        raise BadItem("csv", f"The row is not CSV: {_BROKEN[item.fault]}.")
    try:
        return next(reader.reader([item.text.decode()], strict=True), [])
    except UnicodeDecodeError as error:
        raise BadItem("encoding", f"The row is not UTF-8: byte {error.start + 1} of it does not fit.") from None
    except reader.Error as error:
        raise BadItem("csv", f"The row is not CSV: {error}.") from None


def _table(file: IO[bytes], options: Options) -> Table:
    return Table(file, StatementOut, safe=options["safe"])


def _example(statement: Document) -> bytes:
    return columns.lines([_EXAMPLE, [str(statement[name]) for name in _EXAMPLE]])


_SAFE = "Whether a cell of CSV that looks like a formula gets an apostrophe in front."
_EXCEL = "Whether CSV begins with a byte order mark, by which Excel knows UTF-8."
_BARE = "Whether an apostrophe in front of what looks like a formula is taken away from cells of CSV."

CSV = Format(
    "csv",
    "CSV",
    Writes(
        media="text/csv",
        charset="utf-8",
        about="RFC 4180, with a header; read in columns.",
        writer=_Rows,
        one=False,
        options={
            "safe": Flag(**settings(_SAFE, default=True, type="boolean", examples=[True])),
            "excel": Flag(**settings(_EXCEL, default=False, type="boolean", examples=[True])),
        },
        # A table has the columns of the record alone.
        refuses=("expand", "highlight", "sample"),
        columns="only these columns, also `url`, `title` and `published_on` of the first appearance",
    ),
    Reads(
        reader=_table,
        about="A statement a line, or a row under the names of columns.",
        example=_example,
        known_by=("text/csv",),
        endings=(".csv",),
        options={"safe": Flag(**settings(_BARE, default=True, type="boolean", examples=[False]))},
    ),
)
