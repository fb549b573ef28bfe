"""What a format is: one declaration in one file, over which everything that sends, takes or describes formats loops.

A format says how records are written (`Writes`), how files of them are read (`Reads`), or both. It knows nothing of
HTTP, of the command line and of the database; what it is to know of an answer is handed to it as a `Sheet`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any, NamedTuple, Protocol

import orjson

from api.domain.core.items import Draft
from api.formats.cutting import Item
from schemas.base import Schema
from schemas.parameters import Flag

Document = dict[str, Any]
Options = Mapping[str, Any]
# Where addresses in examples begin.
EXAMPLE = "https://record.example"


class Batch:
    """Some documents as they are stored, one a line of JSON; taken apart only where a format asks for that."""

    __slots__ = ("lines",)

    def __init__(self, lines: str) -> None:
        self.lines = lines

    @property
    def documents(self) -> Iterator[Document]:
        """The documents themselves."""
        return (orjson.loads(each) for each in filter(None, self.lines.split("\n")))


class Paging(NamedTuple):
    """What a page says of the list that it is of: the cursor and address of the next, and how many match."""

    next: str | None = None
    next_url: str | None = None
    total: int | None = None
    total_exact: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a writer knows of what it writes: the schema of the documents, and whether they are a list or one record.

    `options` are the format's own, `fields` the members that were chosen, where some were. `paging` is there where the
    format comes in pages. Addresses in an answer begin with `home`; `address` is the answer's own.
    """

    schema: type[Schema]
    many: bool
    options: Options = field(default_factory=dict)
    fields: Sequence[str] | None = None
    paging: Paging = Paging()
    home: str = EXAMPLE
    address: str = EXAMPLE


class Writer:
    """Writes one answer: its beginning, what each batch of documents becomes, and its end.

    It may keep what it needs from batch to batch, and nothing that grows with their number.
    """

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet

    def begin(self) -> bytes:
        """Return what comes before all documents."""
        return b""

    def each(self, batch: Batch) -> bytes:
        """Return what some documents become; of none, as they are met where nothing matches, usually nothing."""
        raise NotImplementedError

    def end(self) -> bytes:
        """Return what comes after all documents; whoever got no more than a part can tell by its absence."""
        return b""


@dataclass(frozen=True, eq=False)
class Writes:
    """How a format sends records.

    `media` is its media type, with the parameter by which it is told from another form of the same type (`profile`);
    `charset` is said of what is sent besides. `about` is a sentence for the descriptions. It may be for some `kinds` of
    records only, for `one` record or for `many`; of many it comes in pages where it is `paged`, else as a stream of
    every match. Its own `options` are parameters; `expands` are other records that are put into the documents for it;
    `refuses` are parameters that mean nothing to it. `columns` says what `fields` chooses where it has columns, which
    are more than the members. `sort` is the order of a list where none is asked for. As a `download`
    it has a file name.
    """

    media: str
    about: str
    writer: type[Writer]
    charset: str | None = None
    kinds: tuple[str, ...] | None = None
    one: bool = True
    many: bool = True
    paged: bool = False
    options: Mapping[str, Flag] = field(default_factory=dict)
    expands: tuple[str, ...] = ()
    refuses: tuple[str, ...] = ()
    columns: str | None = None
    sort: str | None = None
    download: bool = False

    @property
    def content_type(self) -> str:
        """What the header Content-Type says."""
        return self.media if self.charset is None else f"{self.media}; charset={self.charset}"

    def written(self, sheet: Sheet, batch: Batch) -> bytes:
        """Return all of an answer that is one batch."""
        writer = self.writer(sheet)
        return writer.begin() + writer.each(batch) + writer.end()

    def fits(self, kind: str, *, many: bool) -> bool:
        """Tell whether it is a form of one record of a kind, or of many."""
        return (self.many if many else self.one) and (self.kinds is None or kind in self.kinds)


class Reader(Protocol):
    """A file that is read."""

    def items(self) -> Iterator[Item]:
        """Yield what the file holds, item by item with its place, none of them read yet; raises BadFile."""

    def drafts(self, item: Item) -> list[Draft]:
        """Return the records that an item tells of, first the one that it is about; raises BadItem, BadJSON, Invalid.

        It looks at nothing but the item, since several processes read the items of one file.
        """


@dataclass(frozen=True, eq=False)
class Reads:
    """How files of a format are read.

    `reader(file, options)` raises BadFile. A body is known to be of this format by the media types `known_by`; where
    the format is named, `taken` are others that such files have. A file is known by its `endings`. `about` is a
    sentence for the descriptions, and `example(statement)` a file of one statement, for them too.
    """

    reader: Callable[[IO[bytes], Options], Reader]
    about: str
    example: Callable[[Document], bytes]
    known_by: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()
    options: Mapping[str, Flag] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Format:
    """A format: its name in `format=`, which is also its suffix behind an address; what people call it; both ways."""

    suffix: str
    title: str
    writes: Writes | None = None
    reads: Reads | None = None
