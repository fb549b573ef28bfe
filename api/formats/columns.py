"""Columns of tables: documents as rows for spreadsheets, and rows read back as the documents that they were.

The columns of a kind of record are the members of its schema. Those of an object have names with a dot
(`speaker.name`); lists are JSON in their cell; null is an empty cell, as no text of
a record is empty. The first
appearance's address, title and date have columns of their own for the reader's sake, beside `appearances`.

A spreadsheet takes a cell that begins with one of `=+-@`, a tab or a carriage return for a formula, which may
send what is beside it elsewhere (https://owasp.org/www-community/attacks/CSV_Injection). Such a cell gets an
apostrophe in front, and so does one that has it already. Reading takes one away where one of these follows it, and
leaves every other, which is somebody's own ('Tis).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson

from api.domain.core.errors import Invalid
from api.formats.documents import BadJSON, parse
from schemas.base import Checked, Schema
from schemas.faults import pointer
from schemas.numbers import Number
from schemas.parts import Listed, Part

Document = dict[str, Any]

BOM = "\ufeff".encode()
_EMPTY = '""'
_FORMULAS = frozenset("=+-@\t\r'")
# Shown besides, and read only where there is no list to read.
_FIRST = {"appearances": ("url", "title", "published_on")}


class BadCell(ValueError):
    """A cell cannot be read as what its column holds; the message names the column."""


class BadCells(ValueError):
    """Some cells of a row cannot be read as what their columns hold: `problems` tells of each, and `document` is that
    of the row, with an empty list in the places of these.
    """

    def __init__(self, problems: list[dict[str, str]], document: Document) -> None:
        super().__init__(" ".join(each["detail"] for each in problems))
        self.problems, self.document = problems, document


@dataclass(frozen=True, slots=True)
class Column:
    """A column: what it shows of which member, and whether that is text or else JSON.

    `inner` is a member of the object that the member is (`nullable` where it may also be null), or, with
    `first`, of the first object of the list that it is.
    """

    name: str
    member: str
    inner: str | None = None
    text: bool = True
    first: bool = False
    nullable: bool = False


@cache
def columns(schema: type[Schema]) -> tuple[Column, ...]:
    """Return the columns of the documents that a schema describes, in the order of its fields."""
    found: list[Column] = []
    fields = schema().fields
    for name, field in fields.items():
        if isinstance(field, Part) and _is_spread(field):
            found += [
                Column(f"{name}.{inner}", name, inner, text=_is_text(below), nullable=field.allow_none)
                for inner, below in field.sends().fields.items()
            ]
        else:
            found.append(Column(name, name, text=_is_text(field)))
        if name == "outlet":
            found += _firsts(fields)
    return tuple(found)


def _firsts(fields: Mapping[str, object]) -> list[Column]:
    shown = [(member, inner) for member, names in _FIRST.items() if member in fields for inner in names]
    return [Column(inner, member, inner, first=True) for member, inner in shown]


def _is_spread(part: Part) -> bool:
    # An object without members that are always there could not be told from null.
    below = part.sends().fields.values()
    plain = not any(isinstance(each, Part | Listed) for each in below)
    return plain and (not part.allow_none or not all(each.allow_none for each in below))


def _is_text(field: object) -> bool:
    return isinstance(field, Checked) and not isinstance(field, Part | Listed | Number)


def chosen(schema: type[Schema], names: Sequence[str] | None) -> tuple[Column, ...]:
    """Return those columns that names choose, in the order of the schema; all of them where none are given.

    The name of a member chooses all columns of it, and that of a part of one the column that it is in.
    """
    return tuple(column for column in columns(schema) if names is None or any(_chooses(each, column) for each in names))


def _chooses(name: str, column: Column) -> bool:
    if column.first:
        return name == column.name
    return f"{column.name}.".startswith(f"{name}.") or f"{name}.".startswith(f"{column.name}.")


def header(schema: type[Schema]) -> list[str]:
    """Return the names of a schema's columns."""
    return [column.name for column in columns(schema)]


def row(document: Document, schema: type[Schema], *, safe: bool = True) -> list[str]:
    """Return all cells of a document; unless `safe`, those that look like formulas stay as they are."""
    return cells(document, columns(schema), safe=safe)


def cells(document: Document, shown: Iterable[Column], *, safe: bool = True) -> list[str]:
    """Return the cells of a document in some columns."""
    found = []
    for column in shown:
        value = document.get(column.member)
        if column.inner is not None and value:
            value = (value[0] if column.first else value).get(column.inner)
        cell = _cell(value, column)
        found.append(f"'{cell}" if safe and cell and cell[0] in _FORMULAS else cell)
    return found


def _cell(value: Any, column: Column) -> str:
    if value is None or (column.first and value == []):
        return ""
    return value if column.text else orjson.dumps(value).decode()


def lines(rows: Iterable[list[str]]) -> bytes:
    """Return rows as CSV, each ended by CR and LF.

    Written out, since the standard library's writer takes more than twice as long for cells of this size.
    """
    return text(rows).encode()


def text(rows: Iterable[list[str]]) -> str:
    """Return the same as text."""
    # One cell with nothing in it would be an empty line, which readers pass over.
    return "".join([f"{','.join(map(_quoted, cells)) if cells != [''] else _EMPTY}\r\n" for cells in rows])


def _quoted(cell: str) -> str:
    if '"' in cell or "," in cell or "\n" in cell or "\r" in cell:
        return '"' + cell.replace('"', '""') + '"'
    return cell


def document(row: Mapping[str, str], schema: type[Schema], *, safe: bool = True) -> Document:
    """Return the document that a row was made from; raises BadCells.

    A row of only some columns makes a document of their members. Cells of unknown columns become members of
    that name, so that the schema can refuse them. Where the list of appearances is there, the columns that show
    the first one are passed over; where it is not, they are what a statement's shorthand is.
    """
    known = _by_name(schema)
    made: Document = {}
    wrong: list[dict[str, str]] = []
    for name, cell in row.items():
        column = known.get(name) or Column(name, name)
        if column.first and (row.get(column.member) or not (cell or column.member not in row)):
            continue
        try:
            value = _value(_bare(cell) if safe else cell, column)
        except BadCell as error:
            value = []
            wrong.append({"pointer": _place(column), "code": "json", "detail": str(error)})
        if column.inner is None or column.first:
            made[name] = value
        else:
            made.setdefault(column.member, {})[column.inner] = value
    for column in known.values():
        inside = made.get(column.member)
        if column.nullable and isinstance(inside, dict) and all(value is None for value in inside.values()):
            made[column.member] = None
    if wrong:
        raise BadCells(wrong, made)
    return made


@cache
def _by_name(schema: type[Schema]) -> dict[str, Column]:
    return {column.name: column for column in columns(schema)}


def _place(column: Column) -> str:
    return pointer((column.member,) if column.inner is None or column.first else (column.member, column.inner))


def _bare(cell: str) -> str:
    """Return a cell without the apostrophe that guards it."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in _FORMULAS else cell


def _value(cell: str, column: Column) -> Any:
    if not cell:
        return None
    if column.text:
        return cell
    try:
        return parse(cell.encode())
    except BadJSON as error:
        said = str(error).replace("The body is", f"The cell of the column {column.name} is")
        raise BadCell(said) from None
    except Invalid as error:
        raise BadCell(str(error.facts["errors"][0]["detail"])) from None
