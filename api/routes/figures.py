"""/v1/figures: who says how many, and when."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from api.domain.core.keys import Key
from api.domain.counting import figures
from api.domain.finding.listing import Page
from api.web.endpoint import endpoint
from schemas.assertions import AssertedOut
from schemas.filters import FiguresQuery

routes = Blueprint("figures", __name__, url_prefix="/v1/figures")


@routes.get("")
@endpoint(query=FiguresQuery, gives=AssertedOut, lists=True)
def list_(query: dict[str, Any], key: Key) -> Page:
    """List figures with who says so and when, in the order of their dates."""
    return figures.page(query, key)
