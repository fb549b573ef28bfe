"""Holding the right to write from elsewhere, as a program that knows nothing of ours would."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from api.storage.postgres.connections import _WRITES

HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def write_lock(url: str) -> Iterator[None]:
    """Hold the right to write a database while the inside runs."""
    if url.startswith("postgresql"):
        with psycopg.connect(url) as other:
            other.execute("SELECT pg_advisory_xact_lock(%s)", [_WRITES])
            yield
        return
    # From another process: this one must never open the file with a second library.
    command = [sys.executable, "-c", HOLDER, url.removeprefix("sqlite:///")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        yield
        holder.communicate()
