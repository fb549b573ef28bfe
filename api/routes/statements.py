"""/v1/statements"""

from __future__ import annotations

from typing import Any

from api.domain import counts
from api.domain.keys import Key
from api.domain.statements import STATEMENT
from api.routes.records import collection
from api.web.endpoint import endpoint
from schemas.queries import CountsQuery, StatementQuery, StatementsQuery
from schemas.statements import StatementOut, StatementPatch

routes = collection(STATEMENT, gives=StatementOut, patches=StatementPatch, query=StatementsQuery, one=StatementQuery)


@routes.get("/counts")
@endpoint(query=CountsQuery, gives="counts")
def count(query: dict[str, Any], key: Key) -> dict[str, Any]:
    """Count statements by speaker, outlet, topic, kind, form, language, status or time."""
    return counts.count(query, key)
