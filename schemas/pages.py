"""Pages of lists: what they hold, and where the next one begins."""

from __future__ import annotations

from functools import cache

from schemas.answers import Answer, many
from schemas.base import OpenSchema
from schemas.fields import Plain, Whether
from schemas.numbers import Integer


class Page(Answer):
    """A page of a list, and where the next one begins."""

    next = Plain("The cursor of the next page.").sent()
    next_url = Plain("The address of the next page.").sent()
    total = Integer("How many match, exactly up to 10,000.", most=None).sent()
    total_exact = Whether("Whether `total` is all; if not, there are more.", required=True)


@cache
def page_of(item: type[OpenSchema]) -> type[Page]:
    """Return the schema of a page of a list of these: StatementPageOut of StatementOut."""
    name = f"{item.__name__.removesuffix('Out')}PageOut"
    one = {"data": [item.example], "next": None, "next_url": None, "total": 1, "total_exact": True}
    example = one if item.example else {}
    return type(name, (Page,), {"__doc__": Page.__doc__, "data": many(item, "What is listed."), "example": example})
