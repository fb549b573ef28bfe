"""Checks of what is imported: each item by itself, which needs no database, and so can be done anywhere and before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

from marshmallow import ValidationError

from api.domain.core.errors import Invalid
from api.domain.core.ids import is_id, is_time
from api.domain.core.items import Draft, Found
from api.domain.core.kinds import Document
from api.domain.evidence import statements
from api.domain.evidence.registry import KINDS
from api.domain.evidence.statements import STATEMENT, Drawn
from api.domain.importing.outcomes import Outcome
from api.text.folding import fold
from schemas.faults import MOST_PROBLEMS, Fault, Path, pointer, problems
from schemas.statements import SHORTHAND, StatementOut

# What our own export lines hold besides what may be sent; id, time and corrections may be kept.
_DROPPED = ("version", "updated_at", "recorded_by")
_KEPT = ("id", "created_at", "corrections")
_CORRECTIONS = StatementOut().fields["corrections"]
# Stands for the id of a statement that is not made yet.
_NOBODY = f"{STATEMENT.prefix}_{'0' * 26}"


class Line(NamedTuple):
    """A line that is right by itself: its fields, what is drawn from them, what may be kept of it, and who is
    described in it, by ids.

    `named` are the types and ids or folded names of all who may be meant by it. `held` are the members that it
    holds, which are all that it changes where it updates. Where it lacks what a new statement cannot be without, it
    `lacks` that, as problems, and nothing is drawn. `more` are the other records that its item tells of, `place` is
    where it stands in that, and `at` where that stands in its file, where more than its number is to be told.
    """

    number: int
    fields: Document
    drawn: Drawn | None
    kept: Document
    described: dict[str, Document]
    named: set[tuple[str, str]]
    held: tuple[str, ...]
    lacks: tuple[dict[str, str], ...] = ()
    more: tuple[Line | Beside, ...] = ()
    place: str = ""
    at: tuple[int, str] | None = None

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


class Beside(NamedTuple):
    """A record of another kind, right by itself, that an item tells of beside its statement; its member `about`, if it
    has one, is to name that.
    """

    kind: str
    fields: Document
    about: str | None
    place: str


def taken(found: Found, *, told: bool = True) -> Line | Outcome:
    """Return an item as it can be written, or its failure; with all that is wrong with it where that is to be told.

    The first of its drafts is a statement, and all are taken or none.
    """
    at = None if found.line is None else (found.line, found.pointer or "")
    if not found.drafts:
        return Outcome(found.number, "failed", found.status, found.wrong, at)
    read = [_read_draft(found.number, each, told=told) for each in found.drafts]
    if failed := [each for each in read if isinstance(each, Outcome)]:
        return replace(failed[0], errors=tuple(one for each in failed for one in each.errors), at=at)
    first, *more = [each for each in read if not isinstance(each, Outcome)]
    assert isinstance(first, Line)
    return first._replace(more=tuple(more), at=at) if more or at else first


def _read_draft(number: int, draft: Draft, *, told: bool) -> Line | Beside | Outcome:
    if draft.kind != STATEMENT.name:
        return _beside(number, draft)
    made = check(number, draft.fields, draft.wrong, told=told)
    if not draft.place:
        return made
    return within(made, draft.place) if isinstance(made, Outcome) else made._replace(place=draft.place)


def within(outcome: Outcome, place: str) -> Outcome:
    """Return a failure with its problems told as those of what stands at a place in an item."""
    told = ({**each, "pointer": f"#{place}{each['pointer'].removeprefix('#')}"} for each in outcome.errors)
    return replace(outcome, errors=tuple(told))


def _beside(number: int, draft: Draft) -> Beside | Outcome:
    wrong = list(draft.wrong)
    fields = draft.fields if draft.about is None else {**draft.fields, draft.about: _NOBODY}
    try:
        fields = KINDS[draft.kind].takes.load(fields)
    except ValidationError as error:
        places = tuple(each["pointer"] for each in wrong)
        wrong += [each for each in problems(error) if not _within(each["pointer"], places)]
    if wrong:
        return within(Outcome(number, "failed", 422, tuple(wrong)), draft.place)
    return Beside(draft.kind, fields, draft.about, draft.place)


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
    described, faults = _described(descriptions)
    found += faults
    lacking = lacking and not faults
    if wrong or (found and not lacking):
        places = tuple(each["pointer"] for each in wrong)
        others = [each for each in found if not _within(each["pointer"], places)]
        return Outcome(number, "failed", 422, (*wrong, *others))
    if lacking:
        return Line(number, fields, None, kept, described, set(), tuple(sent), tuple(found))
    named = _named(fields, described)
    return Line(number, fields, STATEMENT.draw(fields), kept, described, named, tuple(sent))


def _described(descriptions: Iterable[tuple[Path, str, Document]]) -> tuple[dict[str, Document], list[dict[str, Any]]]:
    """Return what is told of records by their ids, and what is wrong with it."""
    described: dict[str, Document] = {}
    found: list[dict[str, Any]] = []
    for path, id, given in descriptions:
        told_of, faults = _description(id[:3], given["name"], given.get("type"))
        found += [{**each, "pointer": pointer(path) + each["pointer"].removeprefix("#")} for each in faults]
        described.setdefault(id, {"id": id, **told_of})
    return described, found


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
