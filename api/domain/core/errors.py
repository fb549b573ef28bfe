"""What can be wrong with a request, named for the fact; `web/problems.py` says how HTTP puts it."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """A request that cannot be carried out; `facts` go into the answer as they are."""

    def __init__(self, detail: str, **facts: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.facts = facts


class NotFound(Refused):
    """Nothing is there, or nothing that this reader may know of."""


class Gone(Refused):
    """It was withdrawn: when, by whom and why."""


class Merged(Refused):
    """Another record stands for this one now; `facts["existing"]` names it."""


class Stale(Refused):
    """The record has moved on from the version that the change was made for."""


class PreconditionMissing(Refused):
    """A change came without the version it was made for."""


class Conflict(Refused):
    """It would be a second of what there may be one of, or take away what others need."""


class OtherEpoch(Refused):
    """A place was named in a history that this log does not tell any more; `facts["epoch"]` names that it does."""


class Reused(Refused):
    """The name that was given to this request belongs to another one."""


class Unusable(Refused):
    """Nothing of what was sent together could be taken; `facts` tell of each part."""


class Invalid(Refused):
    """The request breaks rules; `facts["errors"]` lists each with its place."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        count = len(errors)
        super().__init__(f"{count} {'problem' if count == 1 else 'problems'} found.", errors=errors)


class BadParameter(Invalid):
    """The query parameters break rules."""


class Unauthenticated(Refused):
    """No key, or not a good one."""


class Forbidden(Refused):
    """A good key without the scope."""
