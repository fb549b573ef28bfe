"""What a kind of record is, and the registry of all: by it writing, reading and listing treat all alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from marshmallow import missing

from schemas.base import Checked, Schema
from schemas.nouns import Noun

Document = dict[str, Any]
# A row that is new: its number, its document, and what was drawn from that.
New = tuple[int, Document, Any]


def _merged(fields: Document, patch: Document) -> Document:
    return {**fields, **patch}


def _nothing(*_: object) -> None:
    return None


def _nobody(_: Document) -> set[str]:
    return set()


@dataclass(frozen=True, eq=False)
class Kind:
    """One kind of record, by what is particular to it. Its table has its name.

    `noun` is what it is on the wire. `settle(fields, resolution)` turns references into ids, making
    the records that are named and missing, and returns the members of the document in their order.
    `merge(fields, patch)` puts a merge patch's members in place of the record's.
    `draw(fields)` gives what is indexed of a document whoever it names: it needs no database, and nothing but what
    was sent, so that it can be done before a write begins. `refuse(document, drawn, world)` raises Conflict where
    the same is held already. `columns(n, document, drawn)` gives
    the row's index columns and `project(n, document, previous)` brings the tables beside it
    from one document to another; None stands for none. Where `add(news)` is given, it does the same at once for
    many new rows. `release(id)` raises
    Conflict where other records still need this one. `tells(document)` gives the ids of the speakers and outlets
    that the document names to who has no key. `derived` are the members that only we write,
    `later` those that documents lack which an earlier version of the schema made; nothing inside a document has their
    names.
    `names` are the references that a row is read with, `ends` the columns that hold ids
    of statements. `public` is the condition under which a row `t` may be known of without a key, and `secret` a
    member shown to key holders only. Of a kind that `merges`, one record can stand for others.
    """

    noun: Noun
    settle: Callable[[Document, Any], Document]
    columns: Callable[[int, Document, Any], dict[str, object]]
    merge: Callable[[Document, Document], Document] = _merged
    draw: Callable[[Document], Any] = _nothing
    refuse: Callable[[Document, Any, Any], None] = _nothing
    project: Callable[[int, Document | None, Document | None], None] = _nothing
    add: Callable[[list[New]], None] | None = None
    release: Callable[[str], None] = _nothing
    tells: Callable[[Document], set[str]] = _nobody
    derived: tuple[str, ...] = ()
    later: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    public: str = ""
    secret: str | None = None
    merges: bool = False

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
        if self.add:
            self.add(news)
        else:
            for n, document, _ in news:
                self.project(n, document, None)


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

    def by_plural(self) -> dict[str, Kind]:
        """Return all by the last parts of their addresses."""
        return {kind.plural: kind for kind in self}

    def order(self) -> dict[str, int]:
        """Return the place of each among all, by their names: who is named comes before what names them."""
        return {kind.name: place for place, kind in enumerate(self)}


KINDS = Registry()
