"""The parameters of the change feed."""

from __future__ import annotations

from schemas import parameters as take
from schemas.base import settings
from schemas.queries import Query


class MostChanges(take.Limit):
    """How many changes, from 1 to 1,000."""

    most = 1000


class ChangesQuery(Query):
    """The parameters of the change feed."""

    since = take.Position(
        **settings(
            "The sequence number after which to begin: `last` of the answer before; with its `epoch` and a full stop "
            "in front, a 409 tells that a restore has put another history in place; or `now`.",
            default=0,
            anyOf=[
                {"type": "integer", "minimum": 0, "maximum": take.Position.most},
                {"const": "now"},
                {"type": "string", "pattern": take.Position.pattern},
            ],
            examples=[0],
        )
    )
    limit = MostChanges(
        **settings("How many changes at most.", default=100, type="integer", minimum=1, maximum=1000, examples=[100])
    )
    wait = take.Wait(
        **settings(
            "How many seconds to wait for a change where there is none yet.",
            default=0,
            type="integer",
            minimum=0,
            maximum=25,
            examples=[0],
        )
    )
