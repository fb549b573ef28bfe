"""A format that nobody needs, declared as CONTRIBUTING.md says, and another of the same media type beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from api.domain.core.items import Draft
from api.formats import registry
from api.formats.cutting import BadFile, BadItem, Item
from api.formats.format import Batch, Format, Options, Reads, Sheet, Writer, Writes
from schemas.base import settings
from schemas.parameters import Flag

PROFILE = "https://toys.example/loud"


class Sayings(Writer):
    """A line for each statement, with who said it and how many reviews there are of it."""

    def __init__(self, sheet: Sheet) -> None:
        super().__init__(sheet)
        self.count = 0

    def begin(self) -> bytes:
        return f"% sayings at {self.sheet.home}\n".encode()

    def each(self, batch: Batch) -> bytes:
        return "".join(map(self._line, batch.documents)).encode()

    def _line(self, document: dict[str, Any]) -> str:
        self.count += 1
        text = document["text"].upper() if self.sheet.options["loud"] else document["text"]
        return f"{document['speaker']['name']}: {text} ({len(document['reviews'])} reviews)\n"

    def end(self) -> bytes:
        return f"% {self.count} in all\n".encode()


class Plain(Writer):
    """The texts alone, one a line."""

    def each(self, batch: Batch) -> bytes:
        return "".join(f"{each['text']}\n" for each in batch.documents).encode()


class Book:
    """A file of one JSON object. Each of its `sayings` has `who` and `what`, which are texts, perhaps with `refs`, and
    may be `judged`.
    """

    def __init__(self, file: IO[bytes], options: Options) -> None:
        self.options = options
        try:
            self.sayings = json.loads(file.read())["sayings"]
        except (ValueError, KeyError, TypeError):
            raise BadFile("This is no book of sayings.") from None

    def items(self) -> Iterator[Item]:
        for place, each in enumerate(self.sayings):
            yield Item(place + 1, json.dumps(each).encode(), line=1, pointer=f"/sayings/{place}")

    def drafts(self, item: Item) -> list[Draft]:
        saying = json.loads(item.text)
        if "what" not in saying:
            raise BadItem("required", "Nobody knows what was said.")
        told = {"kind": "quote", "speaker": saying.get("who"), "outlet": "The Toy Times", "said_on": "2022-03-23"}
        shout = str.upper if self.options["shout"] else str
        texts = [
            Draft("statement", {**told, "text": shout(each)}, f"/what/{n}") for n, each in enumerate(saying["what"])
        ]
        for draft, ref in zip(texts, saying.get("refs", ()), strict=False):
            draft.fields["external_id"] = ref
        if "judged" not in saying:
            return texts
        review = {"author": {"name": "Toy Facts"}, "rating": {"alternate_name": saying["judged"]}}
        return [*texts, Draft("review", review, "/judged", about="statement")]


def _example(statement: dict[str, Any]) -> bytes:
    return json.dumps({"sayings": [{"who": statement["speaker"], "what": [statement["text"]]}]}).encode()


def _flag(about: str) -> Flag:
    return Flag(**settings(about, default=False, type="boolean", examples=[True]))


LOUD = Format(
    "toy.txt",
    "Toys",
    Writes(
        media=f'text/x-toy; profile="{PROFILE}"',
        charset="utf-8",
        about="A saying a line.",
        writer=Sayings,
        kinds=("statement",),
        options={"loud": _flag("Whether toys are loud.")},
        expands=("reviews",),
        refuses=("fields", "sample"),
        download=True,
    ),
    Reads(
        reader=Book,
        about="A book of sayings.",
        example=_example,
        known_by=("text/x-toy",),
        taken=("application/vnd.toys+json",),
        endings=(".toy",),
        options={"shout": _flag("Whether all of it was shouted.")},
    ),
)
PLAIN = Format(
    "plain.toy",
    "plain toys",
    Writes(
        media="text/x-toy",
        about="A text a line.",
        writer=Plain,
        kinds=("statement",),
        one=False,
        sort="created_at",
    ),
)


@contextmanager
def registered() -> Iterator[None]:
    """Have both among the formats for a while."""
    before = registry.FORMATS
    registry.FORMATS = (*before, LOUD, PLAIN)
    try:
        yield
    finally:
        registry.FORMATS = before
