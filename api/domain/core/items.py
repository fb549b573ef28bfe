"""Items: what somebody's file holds one by one, as it was read and before any of it is checked."""

from __future__ import annotations

from typing import Any, NamedTuple

Problem = dict[str, Any]


class Draft(NamedTuple):
    """A record as a file tells of it: the name of its kind, and its fields as they may be sent.

    `place` is where it stands in its item (a JSON Pointer), by which the problems of several can be told apart. What
    of it cannot be read is `wrong`. Where it is to name the statement that its item is about, it does by its member
    `about`.
    """

    kind: str
    fields: dict[str, Any]
    place: str = ""
    wrong: tuple[Problem, ...] = ()
    about: str | None = None


class Found(NamedTuple):
    """The drafts in an item, first the statement that it is about. Where it cannot be read there are none, but what is
    `wrong`, with a status of HTTP.

    Its `number` grows from item to item: that of the line that it begins in, or where several begin in one, a count;
    then `line` and `pointer` (a JSON Pointer in what begins there) tell where it stands.
    """

    number: int
    drafts: list[Draft]
    status: int = 200
    wrong: tuple[Problem, ...] = ()
    line: int | None = None
    pointer: str | None = None
