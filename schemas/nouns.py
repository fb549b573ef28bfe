"""What a kind of record is on the wire: one declaration for each, with which the file of its schemas ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from schemas.base import OpenSchema, Schema
from schemas.pages import page_of
from schemas.vocabulary import PREFIXES

Document = dict[str, Any]

# When all is that examples tell of.
TIME = "2026-11-22T10:00:00.000Z"


@dataclass(frozen=True)
class Example:
    """An example of a record: its id, the document as it is sent, and a patch of it.

    `derived` is what the record has besides, which only the service writes; others are named in it as in `sent`.
    """

    id: str
    sent: Document
    patch: Document
    derived: Document = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Noun:
    """A kind of record by its name, its `plural`, which is the last part of its address, and a sentence about it.

    `takes`, `patches` and `sends` are the schemas of what is recorded, of a merge patch and of what the service sends.
    Of records that can be merged, `merges` is that of what merges one into another.
    """

    name: str
    plural: str
    about: str
    takes: type[Schema]
    patches: type[Schema]
    sends: type[OpenSchema]
    example: Example
    merges: type[Schema] | None = None

    @property
    def prefix(self) -> str:
        """The first letters of its ids."""
        return PREFIXES[self.name]

    @property
    def one(self) -> str:
        """The name with its article, such as an outlet."""
        return f"{'an' if self.name[0] in 'aeiou' else 'a'} {self.name}"

    def schemas(self) -> dict[str, type[Schema]]:
        """Return its schemas under the names by which they are served."""
        return {
            self.name: self.sends,
            f"{self.name}-input": self.takes,
            f"{self.name}-patch": self.patches,
            f"{self.name}-page": page_of(self.sends),
        }
