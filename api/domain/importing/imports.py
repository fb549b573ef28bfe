"""Imports: many statements at once, each line with its own outcome.

A line is checked by itself (`check`, which needs no database), then many are written together (`write`). They go
through the same drafting and storing as one that is posted; what is decided for many at once is only who of them
meets something that is held already.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

from marshmallow import ValidationError

from api.domain.core.errors import Conflict, Gone, Invalid, Refused
from api.domain.core.ids import is_id, is_time
from api.domain.core.items import Found
from api.domain.core.keys import Key
from api.domain.core.kinds import Document
from api.domain.drafting.worlds import World
from api.domain.evidence import statements
from api.domain.evidence.registry import KINDS
from api.domain.evidence.statements import STATEMENT, Drawn
from api.domain.importing.outcomes import Outcome
from api.domain.writing import records
from api.text.folding import fold
from schemas.faults import MOST_PROBLEMS, Fault, Path, pointer, problems
from schemas.statements import SHORTHAND, StatementOut

# What our own export lines hold besides what may be sent; id, time and corrections may be kept.
_DROPPED = ("version", "updated_at", "recorded_by")
_KEPT = ("id", "created_at", "corrections")
_CORRECTIONS = StatementOut().fields["corrections"]
_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Options:
    """What is done where a statement is held already (`error`, `skip` or `update`), and whether ids are kept."""

    on_conflict: str = "error"
    keeping: bool = False


class Line(NamedTuple):
    """A line that is right by itself: its fields, what is drawn from them, what may be kept of it, and who is
    described in it, by ids.

    `named` are the types and ids or folded names of all who may be meant by it. `held` are the members that it
    holds, which are all that it changes where it updates. Where it lacks what a new statement cannot be without, it
    `lacks` that, as problems, and nothing is drawn.
    """

    number: int
    fields: Document
    drawn: Drawn | None
    kept: Document
    described: dict[str, Document]
    named: set[tuple[str, str]]
    held: tuple[str, ...]
    lacks: tuple[dict[str, str], ...] = ()

    def patch(self) -> Document:
        """Return the members that it holds, as a merge patch."""
        fields = self.fields
        if not self.lacks and self.shorthand:
            fields = {**fields, **{name: fields["appearances"][0][name] for name in SHORTHAND}}
        return {name: fields.get(name) for name in self.held}

    @property
    def shorthand(self) -> bool:
        """Whether its one appearance is told at the top, which is where problems of that are shown."""
        return "appearances" not in self.held


def taken(found: Found, *, told: bool = True) -> Line | Outcome:
    """Return an item as it can be written, or its failure; with all that is wrong with it where that is to be told."""
    if not found.drafts:
        return Outcome(found.number, "failed", found.status, found.wrong)
    (draft,) = found.drafts
    return check(found.number, draft.fields, draft.wrong, told=told)


def check(
    number: int, document: Document, wrong: Sequence[dict[str, Any]] = (), *, told: bool = True
) -> Line | Outcome:
    """Return a line as it can be written, or its failure with every problem in it.

    What is `wrong` with it already is told besides, and nothing else of these places. To find out that it fails takes a
    small part of what it takes to say why, which is left out where it is not to be `told`.
    """
    sent = {name: value for name, value in document.items() if name not in (*_DROPPED, *_KEPT)}
    if document.get("appearances") is not None and isinstance(document.get("outlet"), Mapping):
        # In what we send, the outlet of the first appearance stands besides.
        del sent["outlet"]
    if not told and not STATEMENT.takes.load_fields.keys() >= sent.keys():
        return Outcome(number, "failed", 422)
    found: list[dict[str, Any]] = []
    lacking = False
    descriptions = _descriptions(sent, ())
    try:
        fields = STATEMENT.takes.load(sent)
    except ValidationError as error:
        lacking = _is_lacking(error, sent)
        if not told and not lacking:
            return Outcome(number, "failed", 422)
        found = [{**each, "pointer": STATEMENT.takes.locate(each["pointer"], sent)} for each in problems(error)]
        # In a patch, null says that what is there is taken away, also where something else stands for it here.
        fields = {**dict(error.valid_data or {}), **{name: None for name, value in sent.items() if value is None}}
        # Of a line that is right there are not too many.
        descriptions = islice(descriptions, MOST_PROBLEMS)
    try:
        kept = _kept(document)
    except Invalid as error:
        kept, lacking, found = {}, False, [*error.facts["errors"], *found]
    described: dict[str, Document] = {}
    for path, id, given in descriptions:
        told_of, faults = _description(id[:3], given["name"], given.get("type"))
        found += [{**each, "pointer": pointer(path) + each["pointer"].removeprefix("#")} for each in faults]
        lacking = lacking and not faults
        described.setdefault(id, {"id": id, **told_of})
    if wrong or (found and not lacking):
        places = tuple(each["pointer"] for each in wrong)
        others = [each for each in found if not _within(each["pointer"], places)]
        return Outcome(number, "failed", 422, (*wrong, *others))
    if lacking:
        return Line(number, fields, None, kept, described, set(), tuple(sent), tuple(found))
    named = _named(fields, described)
    return Line(number, fields, STATEMENT.draw(fields), kept, described, named, tuple(sent))


def _within(pointer: str, places: Sequence[str]) -> bool:
    return any(pointer == place or pointer.startswith(f"{place}/") for place in places)


def _is_lacking(error: ValidationError, sent: Document) -> bool:
    """Tell whether all that is wrong with a line is what is not in it, which a statement that is held may have."""
    return isinstance(error.messages, dict) and all(
        (name not in sent or name == "attributed_as")
        and isinstance(faults, list)
        and all(isinstance(each, Fault) and each.code == "required" for each in faults)
        for name, faults in error.messages.items()
    )


def _named(fields: Document, described: dict[str, Document]) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for type, given in statements.named(fields):
        told = given if "name" in given else described.get(given["id"], {})
        found.update((type, each) for each in (given.get("id"), told and fold(told["name"])) if each)
    return found


def _kept(document: Document) -> Document:
    """Return what may be kept of a line, where it is as we write it; raises Invalid."""
    found = []
    id, at, corrections = (document.get(name) for name in _KEPT)
    if id is not None and not (isinstance(id, str) and is_id(id, STATEMENT.prefix)):
        found.append({"pointer": "#/id", "code": "reference", "detail": "This is not the id of a statement."})
    if at is not None and not (isinstance(at, str) and is_time(at)):
        found.append({"pointer": "#/created_at", "code": "date", "detail": "This is no time as records carry it."})
    if corrections is not None:
        try:
            corrections = _CORRECTIONS.deserialize(corrections, "corrections", document)
        except ValidationError as error:
            wrong = ValidationError({"corrections": error.messages})
            found += problems(wrong)
    if found:
        raise Invalid(found)
    return {name: value for name, value in zip(_KEPT, (id, at, corrections), strict=True) if value}


def _descriptions(value: object, path: Path) -> Iterator[tuple[Path, str, Document]]:
    """Give place, id and members of each speaker and outlet that is named with both id and name."""
    if isinstance(value, dict):
        id = value.get("id")
        if (
            value.get("name") is not None
            and isinstance(id, str)
            and any(is_id(id, kind.prefix) for kind in KINDS.parties)
        ):
            yield path, id, value
        below: Iterable[tuple[str | int, object]] = value.items()
    else:
        below = enumerate(value) if isinstance(value, list) else ()
    for step, each in below:
        if isinstance(each, (dict, list)):
            yield from _descriptions(each, (*path, step))


def _description(prefix: str, name: object, type: object) -> tuple[Document, list[dict[str, str]]]:
    """Return what is told of one who is described, as who is new is checked, and what is wrong with it."""
    # The same few stand in most lines of a file.
    read = _read if isinstance(name, str) and isinstance(type, str | None) else _read.__wrapped__
    return read(prefix, name, type)


@lru_cache(maxsize=4096)
def _read(prefix: str, name: object, type: object) -> tuple[Document, list[dict[str, str]]]:
    told = {"name": name} if type is None else {"name": name, "type": type}
    try:
        loaded: Document = next(kind.takes for kind in KINDS.parties if kind.prefix == prefix).load(told)
    except ValidationError as error:
        return {}, problems(error)
    return {part: loaded[part] for part in told}, []


def write(lines: list[Line], options: Options, *, by: Key) -> list[Outcome]:
    """Write lines in their order, in the caller's transaction, and return what became of each."""
    outcomes: list[Outcome] = []
    for start in range(0, len(lines), _AT_ONCE):
        part = lines[start : start + _AT_ONCE]
        outcomes += _Batch(part, options, by).written()
    return outcomes


class _Batch:
    """Some lines and the world that they are written in, which has looked up at once whatever they might meet."""

    def __init__(self, lines: list[Line], options: Options, by: Key) -> None:
        self.lines, self.options = lines, options
        self.world = World(by.name, keeping=options.keeping)
        named = {each for line in lines for each in line.named}
        for kind in KINDS.parties:
            of_kind = {each for type, each in named if type == kind.name}
            ids = {each for each in of_kind if is_id(each, kind.prefix)}
            self.world.expect(kind, ids, of_kind - ids)
        self.world.expect_ids({id for line in lines if (id := self._kept(line).get("id"))})
        external = {each for line in lines if (each := line.fields["external_id"]) is not None}
        self.world.expect_statements(external, {line.drawn.print for line in lines if line.drawn})

    def _kept(self, line: Line) -> Document:
        return line.kept if self.options.keeping else {}

    def written(self) -> list[Outcome]:
        """Write all and return what became of each."""
        outcomes = []
        for line in self.lines:
            try:
                outcomes.append(self._line(line))
            except ValidationError as error:
                outcomes.append(_failed(line, Invalid(problems(error))))
            except Refused as error:
                outcomes.append(_failed(line, error))
        self.world.store()
        return outcomes

    def _line(self, line: Line) -> Outcome:
        held = self._met(line)
        if held and self.options.on_conflict == "update":
            return self._changed(line, held)
        if line.lacks:
            raise Invalid(list(line.lacks))
        if held and self.options.on_conflict == "skip":
            return Outcome(line.number, "unchanged")
        if held and held == self._kept(line).get("id"):
            raise Conflict(f"A statement with this id is or was held: {held}.", existing=statements.existing(held))
        return self._created(line)

    def _met(self, line: Line) -> str | None:
        """Return the id of the statement that a line is about, if one is held."""
        id, external = self._kept(line).get("id"), line.fields["external_id"]
        if id and self.world.was_held(id):
            return str(id)
        return self.world.holder(external) if external is not None else None

    def _created(self, line: Line) -> Outcome:
        try:
            records.create(
                STATEMENT, line.fields, line.drawn, self.world, described=line.described, kept=self._kept(line)
            )
        except Conflict:
            if self.options.on_conflict != "skip":
                raise
            return Outcome(line.number, "unchanged")
        return Outcome(line.number, "created")

    def _changed(self, line: Line, held: str) -> Outcome:
        # What is to be changed may be waiting itself, and the log has what was before it.
        self.world.store()
        kept = self._kept(line)
        made = records.change(STATEMENT, held, line.patch(), self.world, described=line.described, kept=kept)
        return Outcome(line.number, "updated" if made else "unchanged")


def _failed(line: Line, error: Refused) -> Outcome:
    if isinstance(error, Invalid):
        sent = {} if line.shorthand else line.fields
        located = [{**each, "pointer": STATEMENT.takes.locate(each["pointer"], sent)} for each in error.facts["errors"]]
        return Outcome(line.number, "failed", 422, tuple(located))
    status = 410 if isinstance(error, Gone) else 409
    problem = {"pointer": "#", "code": "conflict", "detail": str(error), **error.facts}
    return Outcome(line.number, "failed", status, (problem,))


def written(checked: Sequence[Line | Outcome], options: Options, *, by: Key) -> list[Outcome]:
    """Write what is right of checked lines, in the caller's transaction; return what became of all, in their order."""
    right = [each for each in checked if isinstance(each, Line)]
    outcomes = {each.line: each for each in write(right, options, by=by)}
    return [each if isinstance(each, Outcome) else outcomes[each.number] for each in checked]
