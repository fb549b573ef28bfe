"""The list of figures: who says how many, and when."""

from __future__ import annotations

from typing import Any

import orjson

from api.domain.core.keys import Key
from api.domain.evidence.statements import STATEMENT
from api.domain.finding import filters
from api.domain.finding.listing import Page, select, turn
from api.domain.finding.selections import Phase, Selection
from api.domain.indexing.conditions import Conditions
from api.domain.reading.splicing import joins
from api.domain.reading.stored import visible

_READ = "f.id, f.document, t.document, speaker.reference, outlet.reference"


def page(query: dict[str, Any], reader: Key) -> Page:
    """Return the page of figures that a validated query asks for, oldest statement first, undated ones last."""
    own = Conditions()
    filters.figure_named(own, query["name"] or [])
    filters.figure_range(own, query)
    whole = {name: None if name in ("figure_gte", "figure_lte") else value for name, value in query.items()}
    selection = select(STATEMENT, {**whole, "sort": "said_on"}, reader)
    phases = [Phase(own.and_also(phase.conditions), "f.said_lower", False) for phase in selection.phases]
    tables = f"{selection.tables} JOIN figure f ON f.statement = t.n"
    listed = Selection(STATEMENT, tables, phases, _READ, joins(STATEMENT), tie="f.id")
    seen = visible(STATEMENT, reader)
    return turn(listed, "figures", query, lambda found: "\n".join(_written(*each[1:5]) for each in found), seen)


def _written(figure: str, statement: str, speaker: str | None, outlet: str) -> str:
    said = orjson.loads(statement)
    shown = orjson.dumps({name: said[name] for name in ("id", "kind", "text")}).decode()
    date = orjson.dumps(said["said_on"]).decode()
    return f'{figure[:-1]},"statement":{shown},"speaker":{speaker or "null"},"outlet":{outlet},"said_on":{date}}}'
