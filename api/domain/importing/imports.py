"""Imports: many statements at once, each line with its own outcome.

A line is checked by itself (`check`, which needs no database), then many are written together (`write`). They go
through the same drafting and storing as one that is posted; what is decided for many at once is only who of them
meets something that is held already.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from marshmallow import ValidationError

from api.domain.core.errors import Conflict, Gone, Invalid, Refused
from api.domain.core.ids import is_id
from api.domain.core.keys import Key
from api.domain.core.kinds import Document
from api.domain.drafting.worlds import World
from api.domain.evidence import statements
from api.domain.evidence.registry import KINDS
from api.domain.evidence.statements import STATEMENT
from api.domain.importing.checks import Beside, Line, within
from api.domain.importing.outcomes import Outcome
from api.domain.writing import records
from api.storage.db import undoable
from schemas.faults import problems

_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Options:
    """What is done where a statement is held already (`error`, `skip` or `update`), and whether ids are kept."""

    on_conflict: str = "error"
    keeping: bool = False


def write(lines: list[Line], options: Options, *, by: Key) -> list[Outcome]:
    """Write lines in their order, in the caller's transaction, and return what became of each."""
    outcomes: list[Outcome] = []
    for start in range(0, len(lines), _AT_ONCE):
        outcomes += _written(lines[start : start + _AT_ONCE], options, by)
    return outcomes


def _written(lines: list[Line], options: Options, by: Key) -> list[Outcome]:
    """Write lines together; those that tell of several records each whole or not at all."""
    if not any(line.more for line in lines):
        return _Batch(lines, options, by).written()
    with undoable() as undo:
        batch = _Batch(lines, options, by)
        outcomes = batch.written()
        torn = batch.torn
        if torn:
            undo()
    if not batch.torn or len(lines) == 1:
        return outcomes
    # Of one that failed some was written. It is found by halves, and the others are written without it.
    half = len(lines) // 2
    return [*_written(lines[:half], options, by), *_written(lines[half:], options, by)]


class _Batch:
    """Some lines and the world that they are written in, which has looked up at once whatever they might meet."""

    def __init__(self, lines: list[Line], options: Options, by: Key) -> None:
        self.lines, self.options = lines, options
        # Whether of an item that failed some was written; whether records of other kinds are to come; and the ids of
        # statements by the numbers of their items.
        self.torn = self._later = False
        self._ids: dict[int, str] = {}
        every = [each for line in lines for each in (line, *line.more) if isinstance(each, Line)]
        self.world = World(by.name, keeping=options.keeping)
        named = {each for line in every for each in line.named}
        for kind in KINDS.parties:
            of_kind = {each for type, each in named if type == kind.name}
            ids = {each for each in of_kind if is_id(each, kind.prefix)}
            self.world.expect(kind, ids, of_kind - ids)
        self.world.expect_ids({id for line in every if (id := self._kept(line).get("id"))})
        external = {each for line in every if (each := line.fields["external_id"]) is not None}
        self.world.expect_statements(external, {line.drawn.print for line in every if line.drawn})

    def _kept(self, line: Line) -> Document:
        return line.kept if self.options.keeping else {}

    def written(self) -> list[Outcome]:
        """Write all and return what became of each."""
        outcomes = [self._item(line) for line in self.lines]
        self.world.store()
        if self._later:
            # These name statements, which have to be there.
            for number, line in enumerate(self.lines):
                if line.more and outcomes[number].result != "failed":
                    outcomes[number] = self._besides(line, outcomes[number])
            self.world.store()
        return outcomes

    def _item(self, line: Line) -> Outcome:
        """Write what an item tells of statements, as far as the first that fails."""
        outcome = self._tried(line)
        for each in line.more:
            if outcome.result == "failed":
                break
            if isinstance(each, Beside):
                self._later = True
            elif (other := self._tried(each)).result == "failed":
                outcome, self.torn = other, True
        return outcome if line.at is None else replace(outcome, at=line.at)

    def _tried(self, line: Line) -> Outcome:
        try:
            outcome, id = self._line(line)
        except ValidationError as error:
            return _failed(line, Invalid(problems(error)))
        except Refused as error:
            return _failed(line, error)
        # Of an item it is the first that it is about.
        self._ids.setdefault(line.number, id)
        return outcome

    def _besides(self, line: Line, outcome: Outcome) -> Outcome:
        """Write what an item tells of beside its statement."""
        for each in line.more:
            if isinstance(each, Beside):
                kind = KINDS[each.kind]
                fields = (
                    each.fields if each.about is None else {**each.fields, each.about: {"id": self._ids[line.number]}}
                )
                try:
                    records.create(kind, fields, kind.draw(fields), self.world)
                except Refused as error:
                    self.torn = True
                    return within(replace(_refused(line.number, error), at=line.at), each.place)
        return outcome

    def _line(self, line: Line) -> tuple[Outcome, str]:
        """Return what became of a statement, and its id."""
        held = self._met(line)
        if held and self.options.on_conflict == "update":
            return self._changed(line, held), held
        if line.lacks:
            raise Invalid(list(line.lacks))
        if held and self.options.on_conflict == "skip":
            return Outcome(line.number, "unchanged"), held
        if held and held == self._kept(line).get("id"):
            raise Conflict(f"A statement with this id is or was held: {held}.", existing=statements.existing(held))
        return self._created(line)

    def _met(self, line: Line) -> str | None:
        """Return the id of the statement that a line is about, if one is held."""
        id, external = self._kept(line).get("id"), line.fields["external_id"]
        if id and self.world.was_held(id):
            return str(id)
        return self.world.holder(external) if external is not None else None

    def _created(self, line: Line) -> tuple[Outcome, str]:
        try:
            made = records.create(
                STATEMENT, line.fields, line.drawn, self.world, described=line.described, kept=self._kept(line)
            )
        except Conflict as error:
            if self.options.on_conflict != "skip":
                raise
            return Outcome(line.number, "unchanged"), error.facts["existing"]["id"]
        return Outcome(line.number, "created"), str(made["id"])

    def _changed(self, line: Line, held: str) -> Outcome:
        # What is to be changed may be waiting itself, and the log has what was before it.
        self.world.store()
        kept = self._kept(line)
        made = records.change(STATEMENT, held, line.patch(), self.world, described=line.described, kept=kept)
        return Outcome(line.number, "updated" if made else "unchanged")


def _failed(line: Line, error: Refused) -> Outcome:
    outcome = _refused(line.number, error)
    if isinstance(error, Invalid):
        sent = {} if line.shorthand else line.fields
        located = [{**each, "pointer": STATEMENT.takes.locate(each["pointer"], sent)} for each in outcome.errors]
        outcome = replace(outcome, errors=tuple(located))
    return within(outcome, line.place) if line.place else outcome


def _refused(number: int, error: Refused) -> Outcome:
    if isinstance(error, Invalid):
        return Outcome(number, "failed", 422, tuple(error.facts["errors"]))
    status = 410 if isinstance(error, Gone) else 409
    problem = {"pointer": "#", "code": "conflict", "detail": str(error), **error.facts}
    return Outcome(number, "failed", status, (problem,))


def written(checked: Sequence[Line | Outcome], options: Options, *, by: Key) -> list[Outcome]:
    """Write what is right of checked lines, in the caller's transaction; return what became of all, in their order."""
    right = [each for each in checked if isinstance(each, Line)]
    outcomes = {each.line: each for each in write(right, options, by=by)}
    return [each if isinstance(each, Outcome) else outcomes[each.number] for each in checked]
