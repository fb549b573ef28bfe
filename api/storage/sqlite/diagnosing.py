"""What SQLite says of its own health."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from peewee import Database

from api.storage.faults import Finding
from api.storage.sqlite.embedded import library

REMEDY = "Run `onrecord verify` for what is damaged, and `onrecord restore` with the newest backup."
# Fewer free bytes than these, and a write may find none.
_LITTLE = 100 * 2**20
# SQLite 3.7.0 to 3.51.2 can corrupt a write-ahead log that several processes write
# (https://sqlite.org/wal.html#walresetbug).
SAFE_VERSION = (3, 51, 3)


def damage(db: Database) -> list[str]:
    """Return what SQLite finds wrong with the file (https://sqlite.org/pragma.html#pragma_integrity_check)."""
    found = [str(line) for (line,) in db.execute_sql("PRAGMA integrity_check").fetchall()]
    return [] if found == ["ok"] else found


def before_connecting(db: Database) -> Iterator[Finding]:
    """Yield what can be said of the file without opening it, which might make it."""
    path = Path(db.database)
    if not path.exists():
        yield "wrong", "database", f"There is no database {path} yet.", "onrecord migrate, or onrecord serve"
        return
    if not os.access(path, os.R_OK):
        yield "wrong", "database", f"{path} cannot be read.", "Give it to the account that the service runs as."
        return
    if not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
        detail = f"{path} or its folder cannot be written, so that nothing can be recorded."
        yield "wrong", "disk", detail, "Give both to the account that the service runs as."
    free, size = shutil.disk_usage(path.parent).free, path.stat().st_size
    level = "wrong" if free < _LITTLE else "warning" if free < size + 10 * _LITTLE else "ok"
    todo = None if level == "ok" else "Make room: a full disk refuses every write."
    yield level, "disk", f"{free // 2**20:,} MB are free; the database has {size // 2**20:,} MB.", todo


def condition(db: Database) -> Iterator[Finding]:
    """Yield what the open database says of itself."""
    yield "ok", "database", f"{db.database} answers, with SQLite {library().sqlite_version}.", None
    if problem := several_workers_problem():
        yield "warning", "sqlite", f"{problem}.", "Until then run with --workers 1."
    (mode,) = db.execute_sql("PRAGMA journal_mode").fetchone()
    if mode != "wal":
        detail = f"The journal mode is {mode}, not wal, so that readers and writers wait for each other."
        yield "wrong", "sqlite", detail, "Put the file on a local disk that can be written."
    found = [str(line) for (line,) in db.execute_sql("PRAGMA quick_check(3)").fetchall()]
    if found != ["ok"]:
        yield "wrong", "file", f"The file is damaged: {'; '.join(found)}.", REMEDY


def several_workers_problem() -> str | None:
    """Return why this SQLite must not be written by several processes, or None where it may."""
    found = library()
    if found.sqlite_version_info >= SAFE_VERSION:
        return None
    return (
        f"SQLite {found.sqlite_version} can corrupt its write-ahead log when several processes write; "
        "install the pysqlite3 package, which brings a newer one"
    )
