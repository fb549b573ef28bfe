"""Backups: all that cannot be made again, in one file that proves itself, for either database.

A backup is gzip'ed NDJSON: a line that says what it is, for each table a line with its columns and then its rows as
arrays, and a last line with the number of rows and the SHA-256 of everything before. What is missing its end, or has
a byte that is another, is no backup. Indexes are not in it; restoring makes them anew.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from gzip import GzipFile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson

from api.domain.core.ids import now
from api.domain.following import changes
from api.domain.indexing import beside
from api.domain.keeping import indexes, verification
from api.domain.keeping.verification import Seen
from api.settings import Settings
from api.storage import db as storage
from api.storage import tables as declared
from api.storage.db import db, execute, inspection, replacing, row, walk, writing
from api.storage.migrating import HISTORY, build, known

FORMAT, VERSION = "onrecord-backup", 1
_SEARCH = "statement_search"
# Rows that are written at a time; of sources, documents of half a million characters.
_BATCH = 50
# Faster than the usual 6 by half, and hardly larger.
_LEVEL = 3
Progress = Callable[[int, int], None]


class BadBackup(Exception):
    """A file is no backup that can be restored; the message says why."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself: its form, the schema of its rows, when it was made and where its log ends."""

    format: str
    version: int
    schema: str
    program: str
    made_at: str
    head: dict[str, Any]
    rows: int

    def facts(self) -> dict[str, Any]:
        """Return the manifest as what becomes JSON."""
        return asdict(self)


def kept_tables() -> list[str]:
    """Return the tables of a backup, those first that others refer to.

    All but the indexes, and but which history this is: what is restored begins another.
    """
    return [table for table in declared.TABLES if table not in (*beside.tables(), "index_state", "history")]


# --- writing -------------------------------------------------------------------------------------------------


def write(file: Path, progress: Progress) -> Manifest:
    """Write a backup of the open database while others go on, and return what it says of itself.

    It holds everything that was stored before it began. It is written under another name, synced, read back and only
    then renamed, so that whatever has the name is whole. Raises BadBackup where a file of another kind has it,
    Unavailable, OSError.
    """
    _refuse_other(file)
    part = file.with_name(f"{file.name}.part")
    try:
        # What is withheld, and the hashes of keys, are nobody else's business.
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as raw:
            with GzipFile(fileobj=raw, mode="wb", compresslevel=_LEVEL, filename="", mtime=0) as out:
                _write(_Summed(out), progress)
            raw.flush()
            os.fsync(raw.fileno())
        manifest = check(part, lambda done, total: None)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    descriptor = os.open(file.parent, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
    return manifest


def _refuse_other(file: Path) -> None:
    if not file.exists():
        return
    try:
        with gzip.open(file) as held:
            _header(held.readline(2**16))
    except (OSError, EOFError, zlib.error, BadBackup):
        raise BadBackup(f"{file} exists and is not a backup; choose another name.") from None


class _Summed:
    """Lines written and summed up."""

    def __init__(self, out: GzipFile) -> None:
        self.out = out
        self.sum = hashlib.sha256()

    def line(self, value: object) -> None:
        data = orjson.dumps(value, default=_binary) + b"\n"
        self.sum.update(data)
        self.out.write(data)


def _binary(value: object) -> dict[str, str]:
    if isinstance(value, (bytes, memoryview)):
        return {"base64": base64.b64encode(value).decode()}
    raise TypeError


def _write(out: _Summed, progress: Progress) -> None:
    done = 0
    with inspection():
        tables = kept_tables()
        total = sum(int((row(f"SELECT count(*) FROM {table}") or (0,))[0]) for table in tables)
        schema = (row(f"SELECT max(name) FROM {HISTORY}") or ("",))[0]
        head = changes.head()
        facts = {"format": FORMAT, "version": VERSION, "schema": schema, "program": version("onrecord")}
        out.line({**facts, "made_at": now(), "head": head, "rows": total})
        for table in tables:
            columns = declared.columns(table)
            out.line({"table": table, "columns": columns})
            with closing(walk(f"SELECT {_names(columns)} FROM {table}", (), _BATCH)) as batches:
                for batch in batches:
                    for each in batch:
                        out.line(each)
                    done += len(batch)
                    progress(done, total)
        out.line({"end": done, "sha256": out.sum.hexdigest()})


def _names(columns: list[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


# --- reading -------------------------------------------------------------------------------------------------


def describe(file: Path) -> Manifest:
    """Return what a backup says of itself, without reading further; raises BadBackup, OSError."""
    with _reading(file) as (manifest, _):
        return manifest


def check(file: Path, progress: Progress) -> Manifest:
    """Return what a backup says of itself, once all of it has been read and is as it was written.

    Raises BadBackup where it is none, is cut off, damaged, or made by a newer program; OSError.
    """
    done = 0
    with _reading(file) as (manifest, lines):
        for line in lines:
            if isinstance(line, list):
                done += 1
                if done % 1000 == 0:
                    progress(done, manifest.rows)
    return manifest


@contextmanager
def _reading(file: Path) -> Iterator[tuple[Manifest, Iterator[Any]]]:
    try:
        with gzip.open(file) as held:
            first = held.readline(2**16)
            yield _header(first), _lines(held, first)
    except (EOFError, zlib.error, gzip.BadGzipFile, UnicodeDecodeError, orjson.JSONDecodeError) as error:
        raise BadBackup(f"{file} is cut off, damaged, or no backup of On Record ({error}).") from None


def _header(line: bytes) -> Manifest:
    try:
        said = orjson.loads(line)
        manifest = Manifest(**{name: said[name] for name in Manifest.__dataclass_fields__})
    except (ValueError, KeyError, TypeError):
        raise BadBackup("This is not a backup of On Record.") from None
    if manifest.format != FORMAT:
        raise BadBackup("This is not a backup of On Record.")
    if manifest.version != VERSION or manifest.schema not in known():
        raise BadBackup(
            f"The backup was made by On Record {manifest.program} with the schema {manifest.schema}, which this "
            "version does not know; install that one or a newer one."
        )
    return manifest


def _lines(held: GzipFile, first: bytes) -> Iterator[Any]:
    """Yield the lines after the first; raises BadBackup unless the last one confirms them all."""
    summed, count = hashlib.sha256(first), 0
    for data in held:
        line = orjson.loads(data)
        if isinstance(line, dict) and "end" in line:
            if line != {"end": count, "sha256": summed.hexdigest()} or held.read(1):
                raise BadBackup("The backup is damaged: it does not have the checksum that it ends with.")
            return
        summed.update(data)
        count += isinstance(line, list)
        yield line
    raise BadBackup("The backup is cut off: its end is missing.")


# --- restoring -----------------------------------------------------------------------------------------------


def restore(file: Path, settings: Settings, progress: Progress) -> tuple[Manifest, str | None]:
    """Make the database of settings what a backup holds; return what it says of itself and where the old one is kept.

    The backup goes into a new database that is verified before it takes the place of the old one, which until then
    is not touched. Raises BadBackup, InUse, Unavailable, OSError.
    """
    check(file, lambda done, total: None)
    with _reading(file) as (manifest, lines), replacing(settings, [*declared.TABLES, _SEARCH, HISTORY]) as kept:
        build(manifest.schema)
        with writing():
            _load(lines, manifest, progress)
        build()
        indexes.rebuild(lambda done, total: None)
        for problem in verification.verify(Seen(), manifest.head):
            # A key or an answer that had rotted is no reason to lose everything else; `verify` goes on naming it.
            if problem.about != "row":
                raise BadBackup(f"What the backup holds is not as it was written: {problem.detail}")
    return manifest, kept


def _load(lines: Iterator[Any], manifest: Manifest, progress: Progress) -> None:
    table, columns, batch, done = "", [""], list[Any](), 0
    allowed = set(kept_tables())
    for line in lines:
        if isinstance(line, dict):
            _insert(table, columns, batch)
            table, columns, batch = str(line["table"]), [str(each) for each in line["columns"]], []
            if table not in allowed or not all(each.isidentifier() for each in columns):
                raise BadBackup(f"The backup holds a table {table!r}, which this version does not know.")
            continue
        batch.append([_value(each) for each in line])
        if len(batch) == _BATCH:
            _insert(table, columns, batch)
            done += len(batch)
            batch = []
            progress(done, manifest.rows)
    _insert(table, columns, batch)
    for each in allowed:
        if "n" in declared.columns(each):
            storage.dialect.numbered(db, each)


def _insert(table: str, columns: list[str], batch: list[Any]) -> None:
    if batch:
        marks = f"({', '.join('?' * len(columns))})"
        values = [value for each in batch for value in each]
        execute(f"INSERT INTO {table} ({_names(columns)}) VALUES {', '.join([marks] * len(batch))}", values)


def _value(value: Any) -> Any:
    return base64.b64decode(value["base64"]) if isinstance(value, dict) else value
