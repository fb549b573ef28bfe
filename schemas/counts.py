"""How many statements there are, by group."""

from __future__ import annotations

from schemas.answers import Answer, count, many
from schemas.base import OpenSchema
from schemas.fields import Choice, Plain
from schemas.filters import GROUPINGS


class GroupOut(OpenSchema):
    """A group of statements that are counted together."""

    key = Plain("The id of a speaker or outlet, else the word itself.", required=True)
    label = Plain("What people call it.", required=True)
    count = count("How many statements.")


class CountsOut(Answer):
    """How many statements there are in each group."""

    by = Choice(tuple(GROUPINGS), "What is counted by.", required=True)
    groups = many(GroupOut, "The groups, largest first; periods in their order, empty ones too.")
    groups_total = count("How many groups there are, listed or not.")
    other = count("How many statements are in the groups that are not listed.")
    missing = count("How many statements have no such value, or a coarser date.")
    total = count("How many statements match.")

    example = {
        "by": "kind",
        "groups": [
            {"key": "claim", "label": "claim", "count": 17},
            {"key": "quote", "label": "quote", "count": 4},
        ],
        "groups_total": 2,
        "other": 0,
        "missing": 0,
        "total": 21,
    }
