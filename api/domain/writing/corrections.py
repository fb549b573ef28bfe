"""Corrections, clarifications and retractions: changes of a statement that say what was wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from marshmallow import ValidationError

from api.domain.core.errors import Invalid
from api.domain.core.ids import now
from api.domain.core.keys import Key
from api.domain.core.kinds import Document
from api.domain.drafting.worlds import World
from api.domain.evidence.statements import STATEMENT
from api.domain.reading import stored
from api.domain.reading.stored import Sent
from api.domain.writing import records
from api.storage.db import writing
from schemas.faults import problems


def correct(id: str, correction: Document, *, by: Key, expected: frozenset[int] | None) -> Sent:
    """Make one version of a statement that carries a correction and what it changes, and return it.

    A retraction marks the statement as retracted. `expected` holds the versions that it was made for, None for
    any. Raises NotFound, Gone, Stale, Conflict, and Invalid with pointers into the correction.
    """
    with writing():
        n, previous = records.current(STATEMENT, id, expected)
        patch = correction["patch"] or {}
        if correction["kind"] == "retraction":
            patch = _retracting(patch, previous)
        world = World(by.name)
        with _inside(patch):
            settled = records.patched(STATEMENT, previous, patch, world)
        made = {part: correction[part] for part in ("kind", "note", "on")}
        made.update(on=made["on"] or now()[:10], version=previous["version"] + 1)
        settled["corrections"] = [*previous["corrections"], made]
        records.replace(STATEMENT, n, previous, settled, world, note=correction["note"])
        return stored.find(STATEMENT, id, by)


def _retracting(patch: Document, previous: Document) -> Document:
    """Return a patch that also marks the statement as retracted; raises Invalid where it says otherwise."""
    if patch.get("status", "retracted") != "retracted":
        raise _invalid("#/patch/status", "A retraction makes the statement retracted; leave the status out.")
    if previous["status"] == "withheld" and "status" not in patch:
        detail = "This statement is withheld, and a retracted one is shown; say `retracted` here if that is meant."
        raise _invalid("#/patch/status", detail)
    return {**patch, "status": "retracted"}


def _invalid(pointer: str, detail: str) -> Invalid:
    return Invalid([{"pointer": pointer, "code": "conflict", "detail": detail}])


@contextmanager
def _inside(patch: Document) -> Iterator[None]:
    """Have what is wrong with the record that a patch makes point into the patch."""
    try:
        yield
    except ValidationError as error:
        raise Invalid([_placed(each, patch) for each in problems(error)]) from None
    except Invalid as error:
        raise Invalid([_placed(each, patch) for each in error.facts["errors"]]) from None


def _placed(problem: dict[str, Any], patch: Document) -> dict[str, Any]:
    pointer = STATEMENT.takes.locate(problem["pointer"], patch)
    return {**problem, "pointer": f"#/patch{pointer.removeprefix('#')}"}
