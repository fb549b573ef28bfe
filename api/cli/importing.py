"""onrecord import: files of statements, checked in several processes and written by one."""

from __future__ import annotations

import hashlib
import os
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import IO, Any

import click
import orjson

from api.cli import checkers
from api.cli.checkers import Chunk, Died
from api.cli.database import opened
from api.domain.core.keys import OPERATOR
from api.domain.importing import imports, progress
from api.domain.importing.checks import Line
from api.domain.importing.imports import Options
from api.domain.importing.outcomes import Outcome
from api.domain.importing.progress import Progress
from api.formats.cutting import BadFile, Item
from api.formats.registry import reading
from api.storage.db import close_database, expect_much, undoable, writing
from schemas.bulk import CONFLICTS

Command = Callable[..., None]
# So many chunks of lines that were checked together are written in one transaction.
_TOGETHER = 8
# How many failures are told at once; the others are in the rejects file.
_TOLD = 10
# What else some readers of lines take for their ends; JSON lets them stand in its strings.
_BREAKS = {ord(each): f"\\u{ord(each):04x}" for each in "\x85\u2028\u2029"}


_FORMATS = {each.suffix: reads for each, reads in reading()}
_ENDINGS = {ending: name for name, reads in _FORMATS.items() for ending in reads.endings}


def _options(command: Command) -> Command:
    """Give a command the options that formats have."""
    for name, option in {name: each for reads in _FORMATS.values() for name, each in reads.options.items()}.items():
        shown, about = f"--{name.replace('_', '-')}", option.metadata["description"]
        given = f"{shown}/--no-{shown.removeprefix('--')}"
        command = click.option(given, name, default=option.load_default, show_default=True, help=about)(command)
    return command


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--format", "form", type=click.Choice(list(_FORMATS)), help="What the file holds; else its name says it.")
@click.option(
    "--on-conflict", type=click.Choice(CONFLICTS), default="error", show_default=True,
    help="What is done with a line of which the id or external_id is held.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Only try, and store nothing; lines far apart are not compared.")
@click.option(
    "--rejects", type=click.Path(dir_okay=False, path_type=Path),
    help="Where lines that fail are written, with the reasons; FILE.rejects.ndjson, unless said.",
)  # fmt: skip
@_options
@click.option("--again", is_flag=True, help="Begin anew with a file that was imported before.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def import_(
    file: Path,
    form: str | None,
    on_conflict: str,
    dry_run: bool,
    rejects: Path | None,
    again: bool,
    as_json: bool,
    **said: bool,
) -> None:
    """Record the statements of FILE (- for the standard input), a line each, and keep the ids that they bring.

    Lines that are wrong are written to the rejects file; the others go in. An import that was broken off goes on
    where it stopped when it is called again with the same file.
    """
    form = form or _ENDINGS.get(file.suffix.lower())
    if form is None:
        named = [f"--format {name}" for name in _FORMATS]
        raise click.UsageError(f"Say what the file holds: {', '.join(named[:-1])} or {named[-1]}.")
    if str(file) != "-" and rejects is None:
        rejects = file.with_name(f"{file.name}.rejects.ndjson")
    try:
        importing = Importing(file, form, Options(on_conflict, keeping=True), rejects, dry_run=dry_run, said=said)
        before = importing.run(again)
    except BadFile as error:
        raise click.ClickException(str(error)) from None
    except Died as error:
        later = "." if str(file) == "-" or dry_run else ", and the same command goes on from there."
        raise click.ClickException(f"{error}. What was written before is stored{later}") from None
    except OSError as error:
        raise click.ClickException(f"{error.strerror or error}: {error.filename or file}") from None
    finally:
        close_database()
    _tell(importing, before, as_json)
    if importing.done.failed:
        raise SystemExit(1)


class Importing:
    """One import of one file."""

    def __init__(
        self, file: Path, form: str, options: Options, rejects: Path | None, *, dry_run: bool, said: dict[str, bool]
    ) -> None:
        self.file, self.form, self.options, self.rejects = file, form, options, rejects
        self.dry_run = dry_run
        self.said = {name: said[name] for name in _FORMATS[form].options}
        self.told: list[Outcome] = []
        self.done = Progress()
        self.name = "" if str(file) == "-" or dry_run else _name(file, self._read_as(), options)

    def run(self, again: bool) -> Progress | None:
        """Import, counting in `done`; return what became of the lines before, where all has been done already."""
        with ExitStack() as stack:
            source = stack.enter_context(closing(sys.stdin.buffer if str(self.file) == "-" else self.file.open("rb")))
            reader = _FORMATS[self.form].reader(source, self.said)
            check = stack.enter_context(checkers.checking(reader))
            opened()
            expect_much()
            checkers.collect_seldom()
            done, finished = self._begun(again)
            if finished:
                return done
            self.done = done
            rejected = stack.enter_context(self._rejects())
            bar = stack.enter_context(_shown(self.file, source))
            records = (raw for raw in reader.items() if raw.number > done.line)
            for part in _together(check(records)):
                self._write(part, rejected)
                bar()
            with writing():
                self._note(finished=True)
            return None

    def _read_as(self) -> str:
        """Return the format, and what was said of it otherwise than is usual."""
        usual = {name: option.load_default for name, option in _FORMATS[self.form].options.items()}
        if self.said == {**usual, "safe": False}:
            # As files were named before there were other options.
            return f"{self.form} as it is"
        unusual = [f" {name}={value}" for name, value in self.said.items() if value != usual[name]]
        return self.form + "".join(unusual)

    def _begun(self, again: bool) -> tuple[Progress, bool]:
        if not self.name:
            return Progress(), False
        if again:
            with writing():
                progress.forget(self.name)
        return progress.begun(self.name)

    def _write(self, part: Chunk, rejected: IO[bytes] | None) -> None:
        lines = [each for _, each in part if isinstance(each, Line)]
        with undoable() as undo:
            written = {each.line: each for each in imports.write(lines, self.options, by=OPERATOR)}
            outcomes = [(raw, written[raw.number] if isinstance(each, Line) else each) for raw, each in part]
            for _, outcome in outcomes:
                self.done.add(outcome)
            self.done.rejected += self._reject([each for each in outcomes if each[1].result == "failed"], rejected)
            self._note()
            if self.dry_run:
                undo()

    def _note(self, *, finished: bool = False) -> None:
        if self.name:
            progress.note(self.name, self.done, finished=finished)

    def _reject(self, failed: list[tuple[Item, Outcome]], rejected: IO[bytes] | None) -> int:
        """Write lines that failed, each with its reasons, before it is noted that they are done; return their size."""
        self.told += [outcome for _, outcome in failed[: _TOLD - len(self.told)]]
        if not failed or rejected is None:
            return 0
        text = b"".join(_rejected(raw, outcome) for raw, outcome in failed)
        rejected.write(text)
        rejected.flush()
        os.fsync(rejected.fileno())
        return len(text)

    @contextmanager
    def _rejects(self) -> Iterator[IO[bytes] | None]:
        """Open the rejects file as it was when its size was noted; one that stays empty is not left."""
        if self.rejects is None or self.dry_run:
            yield None
            return
        with self.rejects.open("r+b" if self.done.rejected and self.rejects.exists() else "wb") as file:
            # What was taken away meanwhile is not made up for.
            self.done.rejected = min(self.done.rejected, file.seek(0, os.SEEK_END))
            file.truncate(self.done.rejected)
            file.seek(self.done.rejected)
            yield file
            empty = file.tell() == 0
        if empty:
            self.rejects.unlink()


def _name(file: Path, form: str, options: Options) -> str:
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256")
    digest.update(f"{form} {options.on_conflict}".encode())
    return digest.hexdigest()


def _rejected(raw: Item, outcome: Outcome) -> bytes:
    line = orjson.dumps({**outcome.told(), "found": raw.text.decode(errors="replace")}).decode()
    return f"{line.translate(_BREAKS)}\n".encode()


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


def _tell(importing: Importing, before: Progress | None, as_json: bool) -> None:
    done = importing.done
    for each in importing.told:
        for problem in each.errors:
            click.echo(f"line {each.told()['line']}: {problem['pointer']}: {problem['detail']}", err=True)
    kept = str(importing.rejects) if done.failed and importing.rejects and not importing.dry_run else None
    if as_json:
        told = {"rejects": kept, "dry_run": importing.dry_run, "before": before and before.counts()}
        click.echo(orjson.dumps({**done.counts(), **told}).decode())
        return
    if before:
        click.echo(f"This file was imported before ({_said(before)}); nothing is done. --again imports it once more.")
    click.echo(f"{_said(done)}.{f' Those that failed are in {kept}.' if kept else ''}")


def _said(done: Progress) -> str:
    counts = done.counts()
    said = ", ".join(f"{count:,} {name}" for name, count in counts.items() if name != "received")
    return f"{counts['received']:,} lines: {said}"
