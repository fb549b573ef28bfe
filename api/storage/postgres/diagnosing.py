"""What PostgreSQL says of its own health."""

from __future__ import annotations

import time
from collections.abc import Iterator

from peewee import Database

from api.storage.faults import Finding
from api.storage.postgres.sessions import unusual

REMEDY = "See to it that the server runs and that ONRECORD_DATABASE names it, an account and a database rightly."
# The oldest that is still looked after, and how many seconds its clock may be off ours.
_OLDEST, _OFF = 130_000, 5


def damage(db: Database) -> list[str]:
    """Return nothing: the files are the server's own business (pg_amcheck, data checksums)."""
    return []


def before_connecting(db: Database) -> Iterator[Finding]:
    """Yield nothing: all there is to know is with the server."""
    yield from ()


def condition(db: Database) -> Iterator[Finding]:
    """Yield what the server says of itself."""
    sql = (
        "SELECT current_setting('server_version'), current_setting('server_version_num')::int, "
        "current_setting('server_encoding'), current_setting('fsync'), "
        "extract(epoch FROM clock_timestamp()), pg_is_in_recovery(), current_setting('max_connections')::int"
    )
    name, number, encoding, fsync, clock, standby, most = db.execute_sql(sql).fetchone()
    yield "ok", "database", f"PostgreSQL {name} answers and takes {most} connections.", None
    if number < _OLDEST:
        yield "warning", "postgresql", f"PostgreSQL {name} is older than any we know to work.", "Update the server."
    if encoding != "UTF8":
        yield "wrong", "postgresql", f"The database's encoding is {encoding}.", "createdb --encoding=UTF8"
    if fsync == "off":
        yield (
            "warning",
            "postgresql",
            "fsync is off: a power cut loses acknowledged writes.",
            "Turn it on in the server.",
        )
    yield from unusual(db)
    if standby:
        yield "wrong", "postgresql", "The server is a standby, which takes no writes.", "Name the primary."
    if abs(float(clock) - time.time()) > _OFF:
        detail = "The server's clock and this machine's are more than five seconds apart."
        yield "warning", "clock", detail, "Have both set by NTP."


def several_workers_problem() -> str | None:
    """Return None: a database server is made for several processes."""
    return None
