"""/v1/statements: statements, counts of them, corrections, and many at once."""

from __future__ import annotations

from typing import Any

from flask import Response

from api.domain.checking import judging
from api.domain.core.errors import Conflict, Gone, NotFound, Unusable
from api.domain.core.keys import Key
from api.domain.core.kinds import Document
from api.domain.counting import counts
from api.domain.evidence.statements import STATEMENT
from api.domain.importing import bulks
from api.domain.importing.imports import Options
from api.domain.reading.stored import Sent
from api.domain.writing import corrections
from api.domain.writing.repeats import Asked
from api.routes.records import collection
from api.web import bulk
from api.web.endpoint import endpoint
from api.web.preconditions import Expected
from schemas.bulk import BulkQuery
from schemas.checks import SimilarQuery
from schemas.corrections import CorrectionIn
from schemas.counts import CountsOut
from schemas.filters import CountsQuery, StatementQuery, StatementsQuery
from schemas.refusals import ReportOut
from schemas.statements import StatementOut
from schemas.verdicts import SimilarOut

routes = collection(STATEMENT, query=StatementsQuery, one=StatementQuery)


@routes.get("/counts")
@endpoint(query=CountsQuery, gives=CountsOut)
def count(query: dict[str, Any], key: Key) -> dict[str, Any]:
    """Count statements by speaker, outlet, topic, kind, form, language, status or time."""
    return counts.count(query, key)


@routes.get("/<id:id>/similar")
@endpoint(query=SimilarQuery, gives=SimilarOut, raises=(NotFound, Gone))
def similar(id: str, query: dict[str, Any], key: Key) -> dict[str, Any]:
    """List statements that say nearly the same, the nearest first."""
    return {"data": judging.similar(id, key, query["limit"])}


@routes.post("/bulk")
@endpoint(needs="write", query=BulkQuery, files=True, gives=ReportOut, statuses=(207,), raises=(Unusable,))
def record_many(query: dict[str, Any], key: Key, asked: Asked | None) -> Response:
    """Record many statements at once, a line each, and tell what became of every line."""
    options = Options(query["on_conflict"], keeping=key.may("admin"))
    parts = bulk.parts(query)
    with bulk.turn():
        if query["atomic"] or query["dry_run"]:
            done = bulks.together(
                parts, options, by=key, asked=asked, answering=bulk.remembered, atomic=query["atomic"],
                dry_run=query["dry_run"],
            )  # fmt: skip
        else:
            done = bulks.in_parts(parts, options, by=key, asked=asked, answering=bulk.remembered)
    return bulk.answer(done)


@routes.post("/<id:id>/corrections")
@endpoint(
    needs="write",
    takes=CorrectionIn,
    gives=StatementOut,
    status=201,
    conditional="optional",
    raises=(NotFound, Gone, Conflict),
)
def correct(id: str, body: Document, key: Key, expected: Expected) -> Sent:
    """Correct, clarify or retract a statement, saying what was wrong."""
    return corrections.correct(id, body, by=key, expected=expected)
