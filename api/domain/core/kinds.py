"""What a kind of record is, and the registry of all: by it writing, reading and listing treat all alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

from marshmallow import missing

from schemas.base import Checked, Schema
from schemas.nouns import Noun

Document = dict[str, Any]
# A row that is new: its number, its document, and what was drawn from that.
New = tuple[int, Document, Any]
# Rows of the tables beside, without the number of the record that they are of, by these tables.
Rows = dict[str, list[tuple[Any, ...]]]


def _merged(fields: Document, patch: Document) -> Document:
    return {**fields, **patch}


def _nothing(*_: object) -> None:
    return None


def _nobody(_: Document) -> set[str]:
    return set()


def _never(_: Document) -> bool:
    return False


def _no_rows(_: int, __: Document) -> Rows:
    return {}


@dataclass(frozen=True, slots=True)
class Beside:
    """A table beside one kind of record, whose rows are drawn from the records' documents.

    `of` is the condition by which a row is one of the records with some `{numbers}`. `held` is SQL for the number of
    a row's record and what the row holds of it, in the order in which the documents give it. `lost` is the condition
    by which a row is nobody's. Of a table that several kinds have, the column `type` says whose a row is.
    """

    table: str
    of: str
    held: str
    lost: str
    typed: bool = False


@dataclass(frozen=True)
class Tables:
    """The tables beside a kind's own, those before others that these point to.

    `project(n, document, previous)` brings them from one document to another; None stands for none. Where `add(news)`
    is given, it does the same at once for many new rows. `rows(n, document)` gives what they are to hold.
    """

    declared: tuple[Beside, ...] = ()
    project: Callable[[int, Document | None, Document | None], None] = _nothing
    add: Callable[[list[New]], None] | None = None
    rows: Callable[[int, Document], Rows] = _no_rows


@dataclass(frozen=True)
class Public:
    """What may be known without a key.

    `when` is the condition under which a row, written `{row}`, may be known of; empty where it always may.
    `withheld(document)` tells whether a document says itself that it is not for everybody. `secret` is a member shown
    to key holders only. `tells(document)` gives the ids of the speakers and outlets that the document names to who has
    no key.
    """

    when: str = ""
    withheld: Callable[[Document], bool] = _never
    secret: str | None = None
    tells: Callable[[Document], set[str]] = _nobody

    def condition(self, row: str = "t") -> str:
        """Return the condition under which a row may be known of, empty where it always may."""
        return self.when.format(row=row)


@dataclass(frozen=True, eq=False)
class Kind:
    """One kind of record, by what is particular to it. Its table has its name.

    `noun` is what it is on the wire.

    What a write does: `settle(fields, resolution)` turns references into ids, making the records that are named and
    missing, and returns the members of the document in their order. `merge(fields, patch)` puts a merge patch's members
    in place of the record's. `draw(fields)` gives what is indexed of a document whoever it names: it needs no database,
    and nothing but what was sent, so that it can be done before a write begins. `refuse(document, drawn, world)` raises
    Conflict where the same is held already, for which `learn(document, drawn, previous, world)` notes what is held from
    now on. `columns(n, document, drawn)` gives the row's index columns, and `tables` are those beside. `derived` are
    the members that only we write, `later` those that documents lack which an earlier version of the schema made;
    nothing inside a document has their names.

    What it names: `names` are kinds whose numbers stand in columns of that name, with which a row is read, and
    `mentions` those that it names besides: their ids stand in the table `mention`, how many they are in a column of
    that name. `ends` are the columns that hold ids of the statements that it is about. `expands` tells, by the name of
    a kind, the reference in a document for which a reader may have the whole record.

    What it is: of a `party` the records are found by their names, shown elsewhere by a reference, counted by the
    statements that cite them, known once something public names them, and one can stand for others. Where it is given,
    `searched(news, places)` indexes the words of records anew: then they are in the search index, and the list can be
    searched, filtered and sorted as `finding.filters` says. `public` is what who has no key may know.
    """

    noun: Noun
    settle: Callable[[Document, Any], Document]
    columns: Callable[[int, Document, Any], dict[str, object]]
    merge: Callable[[Document, Document], Document] = _merged
    draw: Callable[[Document], Any] = _nothing
    refuse: Callable[[Document, Any, Any], None] = _nothing
    learn: Callable[[Document, Any, Document | None, Any], None] = _nothing
    tables: Tables = Tables()
    derived: tuple[str, ...] = ()
    later: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    expands: Mapping[str, Callable[[Document], Document | None]] = field(default_factory=dict)
    party: bool = False
    searched: Callable[[list[New], list[int]], None] | None = None
    public: Public = Public()

    @cached_property
    def name(self) -> str:
        """What it is called in the log and in the change feed."""
        return self.noun.name

    @cached_property
    def plural(self) -> str:
        """The last part of the address of its list."""
        return self.noun.plural

    @cached_property
    def prefix(self) -> str:
        """The first letters of its ids."""
        return self.noun.prefix

    @cached_property
    def takes(self) -> Schema:
        """The schema that checks what is sent."""
        return self.noun.takes()

    def absent(self, name: str) -> Any:
        """Return what stands for a member that a document lacks: its default, null where it has none."""
        field = self.takes.fields.get(name)
        default = field.absent() if isinstance(field, Checked) else missing
        return None if default is missing else default

    def index(self, news: list[New]) -> None:
        """Fill the tables beside new rows."""
        if self.tables.add:
            self.tables.add(news)
        else:
            for n, document, _ in news:
                self.tables.project(n, document, None)


class Registry:
    """All kinds of records, each after those that it names. `evidence.registry` says which; it is above all that asks.

    Whatever is drawn from them is drawn when it is wanted, so that there can be one more for the length of a test.
    """

    def __init__(self) -> None:
        self.all: tuple[Kind, ...] = ()

    def __iter__(self) -> Iterator[Kind]:
        if not self.all:
            raise LookupError("No kinds are known yet; import api.domain.evidence.registry first.")
        return iter(self.all)

    def __getitem__(self, name: str) -> Kind:
        """Return the kind of a name; raises KeyError."""
        for kind in self:
            if kind.name == name:
                return kind
        raise KeyError(name)

    @property
    def parties(self) -> tuple[Kind, ...]:
        """The kinds of those who speak and print."""
        return _parties(tuple(self))

    def by_plural(self) -> dict[str, Kind]:
        """Return all by the last parts of their addresses."""
        return {kind.plural: kind for kind in self}

    def order(self) -> dict[str, int]:
        """Return the place of each among all, by their names: who is named comes before what names them."""
        return {kind.name: place for place, kind in enumerate(self)}


@cache
def _parties(kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
    return tuple(kind for kind in kinds if kind.party)


KINDS = Registry()
