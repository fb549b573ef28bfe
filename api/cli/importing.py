"""onrecord import: files of statements, checked in several processes and written by one."""

from __future__ import annotations

import gc
import hashlib
import os
import pickle
import signal
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import IO, Any

import click
import orjson

from api.cli.database import opened
from api.domain import imports, progress
from api.domain.imports import Line, Options
from api.domain.keys import OPERATOR
from api.domain.outcomes import Outcome
from api.domain.progress import Progress
from api.formats.importing import checked
from api.formats.lines import CSV, NDJSON, BadFile, Format, Raw
from api.storage.db import close_database, expect_much, undoable, writing
from schemas.bulk import CONFLICTS, FILES
from schemas.statements import StatementOut

# So many lines are checked at a time in each process, and so many of these written in one transaction.
_CHUNK, _TOGETHER = 250, 8
# So many are on their way at most: what is written next is checked while one transaction is written.
_AHEAD = 2 * _TOGETHER
# How many failures are told at once; the others are in the rejects file.
_TOLD = 10
Chunk = list[tuple[Raw, Line | Outcome]]


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--format", "form", type=click.Choice(FILES), help="What the file holds; else its name says it.")
@click.option(
    "--on-conflict", type=click.Choice(CONFLICTS), default="error", show_default=True,
    help="What is done with a line of which the id or external_id is held.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Only try, and store nothing; lines far apart are not compared.")
@click.option(
    "--rejects", type=click.Path(dir_okay=False, path_type=Path),
    help="Where lines that fail are written, with the reasons; FILE.rejects.ndjson, unless said.",
)  # fmt: skip
@click.option("--again", is_flag=True, help="Begin anew with a file that was imported before.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def import_(
    file: Path, form: str | None, on_conflict: str, dry_run: bool, rejects: Path | None, again: bool, as_json: bool
) -> None:
    """Record the statements of FILE (- for the standard input), a line each, and keep the ids that they bring.

    Lines that are wrong are written to the rejects file; the others go in. An import that was broken off goes on
    where it stopped when it is called again with the same file.
    """
    form = form or {".ndjson": "ndjson", ".jsonl": "ndjson", ".csv": "csv"}.get(file.suffix.lower())
    if form is None:
        raise click.UsageError("Say what the file holds: --format ndjson or --format csv.")
    if str(file) != "-" and rejects is None:
        rejects = file.with_name(f"{file.name}.rejects.ndjson")
    importing = Importing(file, form, Options(on_conflict, keeping=True), rejects, dry_run)
    try:
        done, news = importing.run(again)
    except BadFile as error:
        raise click.ClickException(str(error)) from None
    finally:
        close_database()
    _tell(done, news, importing, as_json)
    if done.failed:
        raise SystemExit(1)


class Importing:
    """One import of one file."""

    def __init__(self, file: Path, form: str, options: Options, rejects: Path | None, dry_run: bool) -> None:
        self.file, self.form, self.options, self.rejects, self.dry_run = file, form, options, rejects, dry_run
        self.told: list[Outcome] = []
        self.name = "" if str(file) == "-" or dry_run else _name(file, form, options)

    def run(self, again: bool) -> tuple[Progress, bool]:
        """Import and return what became of the lines, and whether there was anything to do."""
        with ExitStack() as stack:
            source = stack.enter_context(closing(sys.stdin.buffer if str(self.file) == "-" else self.file.open("rb")))
            lines: Format = NDJSON(source) if self.form == "ndjson" else CSV(source, StatementOut)
            check = stack.enter_context(_checking(lines))
            opened()
            expect_much()
            _collect_seldom()
            done, finished = self._begun(again)
            if finished:
                return done, False
            rejected = stack.enter_context(self._rejects(done.rejected))
            bar = stack.enter_context(_shown(self.file, source))
            records = (raw for raw in lines.records() if raw.number > done.line)
            for part in _together(check(records)):
                self._write(part, done, rejected)
                bar()
            with writing():
                self._note(done, finished=True)
            return done, True

    def _begun(self, again: bool) -> tuple[Progress, bool]:
        if not self.name:
            return Progress(), False
        if again:
            with writing():
                progress.forget(self.name)
        return progress.begun(self.name)

    def _write(self, part: Chunk, done: Progress, rejected: IO[bytes] | None) -> None:
        lines = [each for _, each in part if isinstance(each, Line)]
        with undoable() as undo:
            written = {each.line: each for each in imports.write(lines, self.options, by=OPERATOR)}
            outcomes = [(raw, written[raw.number] if isinstance(each, Line) else each) for raw, each in part]
            for _, outcome in outcomes:
                done.add(outcome)
            done.rejected += self._reject([each for each in outcomes if each[1].result == "failed"], rejected)
            self._note(done)
            if self.dry_run:
                undo()

    def _note(self, done: Progress, *, finished: bool = False) -> None:
        if self.name:
            progress.note(self.name, done, finished=finished)

    def _reject(self, failed: list[tuple[Raw, Outcome]], rejected: IO[bytes] | None) -> int:
        """Write lines that failed, each with its reasons, before it is noted that they are done; return their size."""
        self.told += [outcome for _, outcome in failed[: _TOLD - len(self.told)]]
        if not failed or rejected is None:
            return 0
        text = b"".join(orjson.dumps(_rejected(raw, outcome)) + b"\n" for raw, outcome in failed)
        rejected.write(text)
        rejected.flush()
        os.fsync(rejected.fileno())
        return len(text)

    @contextmanager
    def _rejects(self, size: int) -> Iterator[IO[bytes] | None]:
        """Open the rejects file as it was when so many bytes of it were noted; one that stays empty is not left."""
        if self.rejects is None or self.dry_run:
            yield None
            return
        with self.rejects.open("r+b" if size and self.rejects.exists() else "wb") as file:
            file.truncate(size)
            file.seek(size)
            yield file
            empty = file.tell() == 0
        if empty:
            self.rejects.unlink()


def _collect_seldom() -> None:
    """Look for garbage in circles, of which lines make hardly any, less often, and not among what was imported."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000)


def _name(file: Path, form: str, options: Options) -> str:
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256")
    digest.update(f"{form} {options.on_conflict}".encode())
    return digest.hexdigest()


def _rejected(raw: Raw, outcome: Outcome) -> dict[str, Any]:
    found = raw.found
    if isinstance(found, bytes):
        found = found.decode(errors="replace")
    elif isinstance(found, list):
        found = [cell.encode(errors="surrogateescape").decode(errors="replace") for cell in found]
    else:
        found = None
    return {"line": outcome.line, "status": outcome.status, "errors": outcome.errors, "found": found}


# --- checking, in processes that never see the database ---

_form: Format


@contextmanager
def _checking(form: Format) -> Iterator[Any]:
    """Give what checks records chunk by chunk, in order, in as many processes as there are processors.

    They are forked before the database is opened. So many chunks are on their way at most, so that a file of any
    size takes no more memory than a small one.
    """
    global _form
    _form = form
    count = os.cpu_count() or 1
    if count == 1:
        yield lambda records: (list(zip(chunk, _check(chunk), strict=True)) for chunk in _chunks(records))
        return

    def check(records: Iterator[Raw]) -> Iterator[Chunk]:
        waiting: deque[tuple[list[Raw], Any]] = deque()
        for chunk in _chunks(records):
            waiting.append((chunk, pool.apply_async(_handed_over, (chunk,))))
            if len(waiting) > _AHEAD:
                first, found = waiting.popleft()
                yield _paired(first, found.get())
        for first, found in waiting:
            yield _paired(first, found.get())

    with get_context("fork").Pool(count, initializer=_begin_checking) as pool:
        yield check


def _begin_checking() -> None:
    # Who interrupts a command interrupts all its processes; this one ends with the one that writes.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # The one that writes is what the others wait for in the end, so it goes first where processors are few.
    os.nice(10)
    _collect_seldom()


def _chunks(records: Iterator[Raw]) -> Iterator[list[Raw]]:
    while chunk := list(islice(records, _CHUNK)):
        yield chunk


def _check(chunk: list[Raw]) -> list[Line | Outcome]:
    return [checked(_form, raw) for raw in chunk]


def _handed_over(chunk: list[Raw]) -> bytes:
    """Return what checking some lines gives, as another process takes it over.

    The pool would read it in a thread of its own, for which the one that writes would have to wait each time.
    """
    return pickle.dumps(_check(chunk))


def _paired(chunk: list[Raw], found: bytes) -> Chunk:
    return list(zip(chunk, pickle.loads(found), strict=True))


def _together(chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    waiting: deque[Chunk] = deque()
    for chunk in chunks:
        waiting.append(chunk)
        if len(waiting) == _TOGETHER:
            yield [each for part in waiting for each in part]
            waiting.clear()
    if waiting:
        yield [each for part in waiting for each in part]


# --- telling ---


@contextmanager
def _shown(file: Path, source: IO[bytes]) -> Iterator[Any]:
    """Show on stderr how much of the file is done, where that is a terminal."""
    if not sys.stderr.isatty() or str(file) == "-":
        yield lambda: None
        return
    with click.progressbar(length=file.stat().st_size, label="Importing", file=sys.stderr) as bar:
        yield lambda: bar.update(source.tell() - bar.pos)


def _tell(done: Progress, news: bool, importing: Importing, as_json: bool) -> None:
    counts = done.counts()
    for each in importing.told:
        for problem in each.errors:
            click.echo(f"line {each.line}: {problem['pointer']}: {problem['detail']}", err=True)
    kept = str(importing.rejects) if done.failed and importing.rejects and not importing.dry_run else None
    if as_json:
        click.echo(orjson.dumps({**counts, "rejects": kept, "dry_run": importing.dry_run}).decode())
        return
    if not news:
        click.echo("This file was imported before; nothing is done. --again imports it once more.")
    said = ", ".join(f"{count:,} {name}" for name, count in counts.items() if name != "received")
    click.echo(f"{counts['received']:,} lines: {said}.{f' Those that failed are in {kept}.' if kept else ''}")
