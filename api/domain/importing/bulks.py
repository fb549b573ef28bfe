"""Bulks, the work of the batch endpoint: many checked lines of one request, written in parts so that others write
meanwhile, or all together.

How far it has come is noted in the transaction of each part, under the name that its sender gave it. So a bulk that
broke off goes on where it stopped when it is sent again, and several at the same time share the work: each line is
written once, and every report tells of all.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from tempfile import SpooledTemporaryFile
from typing import IO

from api.domain.core.keys import Key
from api.domain.importing import imports
from api.domain.importing.checks import Line
from api.domain.importing.imports import Options
from api.domain.importing.outcomes import Outcome, Report
from api.domain.writing import repeats
from api.domain.writing.repeats import Asked, Remembered
from api.storage.db import Unavailable, undoable, writing

Part = list[Line | Outcome]
# Makes the answer that is remembered of a report, None where it is none to remember.
Answering = Callable[[Report], Remembered | None]
# Of lines that wait to be written together so many bytes are kept in memory.
_IN_MEMORY = 4 << 20


def in_parts(
    parts: Iterable[Part], options: Options, *, by: Key, asked: Asked | None, answering: Answering
) -> Report | Remembered:
    """Write each part in a transaction of its own; return the report, or the answer that was given before.

    A part is checked when it is asked for, which is before its transaction begins.
    """
    report = Report()
    for part, last in _with_last(parts):
        if not last and not any(isinstance(each, Line) for each in part):
            _add(report, part)
            continue
        with writing():
            if asked and (known := repeats.recall(asked)):
                return known
            report = _further(report, asked)
            left = [each for each in part if _number(each) > report.line]
            _add(report, imports.written(left, options, by=by))
            _note(asked, report, answering(report) if last else None, last=last)
    return report


def together(
    parts: Iterable[Part], options: Options, *, by: Key, asked: Asked | None, answering: Answering, atomic: bool,
    dry_run: bool,
) -> Report | Remembered:  # fmt: skip
    """Write all parts in one transaction; return as `in_parts` does.

    None is stored where it is `atomic` and a line fails, nor in a `dry_run`, which tells what would become of each.
    """
    report = Report()
    with _spooled(parts) as checked, writing():
        if asked and (known := repeats.recall(asked)):
            return known
        with undoable() as undo:
            for part in _unpickled(checked):
                _add(report, imports.written(part, options, by=by))
            if atomic and report.failed:
                report.undo()
                undo()
            if dry_run:
                undo()
        _note(asked, report, answering(report), last=True)
    return report


def _with_last(parts: Iterable[Part]) -> Iterator[tuple[Part, bool]]:
    """Give each part with whether it is the last; of none, an empty one."""
    before: Part | None = None
    for part in parts:
        if before is not None:
            yield before, False
        before = part
    yield before or [], True


def _number(each: Line | Outcome) -> int:
    return each.number if isinstance(each, Line) else each.line


def _add(report: Report, outcomes: Iterable[Line | Outcome]) -> None:
    for each in outcomes:
        assert isinstance(each, Outcome)
        if each.line > report.line:
            report.add(each)


def _further(report: Report, asked: Asked | None) -> Report:
    """Return the report of whoever has come further with the same request: this one, or one that has noted it."""
    begun = repeats.begun(asked) if asked else None
    noted = Report.restored(begun) if begun else report
    return noted if noted.line > report.line else report


def _note(asked: Asked | None, report: Report, answer: Remembered | None, *, last: bool) -> None:
    if asked is None:
        return
    if answer:
        repeats.remember(asked, answer)
    elif last:
        repeats.drop(asked)
    elif report.taken:
        repeats.begin(asked, report.state())


@contextmanager
def _spooled(parts: Iterable[Part]) -> Iterator[IO[bytes]]:
    """Give a file of parts, which are checked before anybody has to wait for them.

    What was made of the lines is several times as large as what was sent, so it cannot stay in memory.
    """
    with SpooledTemporaryFile(_IN_MEMORY) as file:
        try:
            for part in parts:
                file.write(pickle.dumps(part))
        except OSError as error:
            raise Unavailable(str(error), "There is no room for files that are needed for a while.") from None
        file.seek(0)
        yield file


def _unpickled(file: IO[bytes]) -> Iterator[Part]:
    while True:
        try:
            yield pickle.load(file)
        except EOFError:
            return
