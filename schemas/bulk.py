"""The parameters of many statements at once."""

from __future__ import annotations

from schemas import parameters as take
from schemas.base import settings
from schemas.queries import Query

# What is done with a line of a statement that is held already.
CONFLICTS = ("error", "skip", "update")


class BulkQuery(Query):
    """The parameters of many statements at once, besides the form of what is sent."""

    on_conflict = take.One(
        CONFLICTS,
        "What is done with a line whose `external_id` is held: it fails, is left out, or changes what is held.",
        example="update",
        default="error",
    )
    atomic = take.Flag(**settings("Whether one bad line refuses all.", default=False, type="boolean", examples=[True]))
    dry_run = take.Flag(
        **settings("Whether it is only tried, and nothing stored.", default=False, type="boolean", examples=[True])
    )
