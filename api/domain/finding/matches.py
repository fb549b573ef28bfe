"""Matches: what a query asks for, a page of it or the whole, as whoever sends it wants it."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Any

from api.domain.core.keys import Key
from api.domain.core.kinds import Kind
from api.domain.finding import listing, samples, streams, views
from api.domain.finding.listing import Page


@dataclass(frozen=True, slots=True)
class Matches:
    """The records of a kind that a validated query asks for, of which nothing is read yet."""

    kind: Kind
    query: dict[str, Any]
    reader: Key

    def page(self) -> Page:
        """Return the page of them, or the sample, that was asked for, shown as it was; raises BadParameter."""
        if self.query.get("sample"):
            found = samples.sample(self.query, self.reader)
        else:
            found = listing.page(self.kind, self.query, self.reader)
        return replace(found, lines=views.shaped(self.kind, found.lines, self.query, self.reader))

    def whole(self) -> Generator[str]:
        """Yield all of them, at most `limit` where it has one, in batches of one state of the data."""
        return streams.batches(self.kind, self.query, self.reader)
