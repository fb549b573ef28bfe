"""The session settings that we need, whatever the server, the database and the account have as their defaults."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import psycopg
from peewee import Database
from psycopg.conninfo import conninfo_to_dict

from api.settings import Settings
from api.storage.faults import Finding

# What is asked for when a session begins, which goes before all defaults. Each write is judged by what has been
# committed when it gets its turn, so that no other isolation will do; the rest decides what texts and numbers mean.
PINNED = {
    "default_transaction_isolation": "read committed",
    "default_transaction_deferrable": "off",
    "standard_conforming_strings": "on",
    "transform_null_equals": "off",
    "extra_float_digits": "1",
    "timezone": "UTC",
    "datestyle": "ISO, MDY",
    # To compile a query of many conditions takes longer than to run it.
    "jit": "off",
}
# Not every server knows the first two. A commit that is not on disk is no acknowledgement; stricter ones stay as they
# are. Tables are looked for where ours are, should another schema have come to stand before it.
_SETTLED = """
    SELECT set_config(name, '0', false) FROM pg_settings
    WHERE name IN ('idle_session_timeout', 'transaction_timeout') AND setting <> '0'
    UNION ALL
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'
    UNION ALL
    (SELECT set_config('search_path', quote_ident(n.nspname), false)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relname = 'schema_migration' AND n.nspname = ANY (current_schemas(false) || 'public'::name)
    ORDER BY array_position(current_schemas(false), n.nspname) LIMIT 1)
"""
# What may only be read now may be meant to be, as where a disk is full, and stays so.
_LOCKED = "SELECT current_setting('default_transaction_read_only') = 'on'"
# What is told of, by what is usual.
_USUAL = PINNED | {
    "client_encoding": "UTF8",
    "synchronous_commit": "on",
    "search_path": '"$user", public',
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
    "transaction_timeout": "0",
}
_SHORT = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
# Those that an administrator chooses for a place or a server, and that change nothing of what is stored.
_INDIFFERENT = {"jit", "timezone", "datestyle"}
# Any of these is on disk before it is acknowledged, so that there is nothing to tell.
_DURABLE = {"on", "local", "remote_write", "remote_apply"}


def options(settings: Settings) -> str:
    """Return what the address asks of a session and, going before it, what we do."""
    # A wait for a lock that ends by its own limit is told from a query that takes too long.
    waits = min(settings.busy_timeout, settings.query_timeout * 0.9 or settings.busy_timeout)
    ours = PINNED | {
        "statement_timeout": int(settings.query_timeout * 1000),
        "lock_timeout": max(1, int(waits * 1000)),
        # A stream may wait so long for a slow client to take a batch.
        "idle_in_transaction_session_timeout": 300_000,
    }
    theirs = str(conninfo_to_dict(settings.database).get("options") or "")
    return " ".join([theirs, *(f"-c {name}={str(value).replace(' ', chr(92) + ' ')}" for name, value in ours.items())])


def settle(connection: Any) -> bool:
    """Set what cannot be asked for when a session begins; return whether it may write nothing, as it is told to."""
    connection.execute(_SETTLED)
    found: bool = connection.execute(_LOCKED).fetchone()[0]
    return found


def unusual(db: Database) -> Iterator[Finding]:
    """Yield what is set otherwise by default for this account, this database or the whole server."""
    found = _defaults(db)
    if found.get("default_transaction_read_only") == "on":
        detail = "default_transaction_read_only is on, so that nothing can be recorded."
        yield "wrong", "postgresql", detail, "Turn it off for the account, the database and the server."
    if found.get("session_replication_role", "origin") != "origin":
        detail = f"session_replication_role is {found['session_replication_role']}: the log guards itself no more."
        yield "wrong", "postgresql", detail, "Set it to origin for the account and the database."
    for name, usual in _USUAL.items():
        value = found.get(name, usual)
        if value != usual and name not in _INDIFFERENT and not (name == "synchronous_commit" and value in _DURABLE):
            detail = f"{name} is {value!r} by default, not {usual!r}; our own sessions have it as they need it."
            yield "warning", "postgresql", detail, "Nothing has to be done; RESET it unless another program needs it."


def _defaults(db: Database) -> dict[str, str]:
    """Return what a session has by default: what is stored for account and database, and what one without us finds."""
    stored = db.execute_sql(
        "SELECT unnest(setconfig) FROM pg_db_role_setting "
        "WHERE setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database())) "
        "AND setrole IN (0, (SELECT oid FROM pg_roles WHERE rolname = session_user))"
    ).fetchall()
    found = dict(each.split("=", 1) for (each,) in stored)
    # Limits of time that would end this very question are known from what is stored alone.
    freed = " ".join(f"-c {name}=0" for name in _SHORT)
    names = [*_USUAL, "default_transaction_read_only", "session_replication_role"]
    sql = "SELECT name, current_setting(name) FROM pg_settings WHERE name = ANY(%s)"
    plainly: dict[str, Any] = {"connect_timeout": 3, "autocommit": True, "options": freed}
    with suppress(psycopg.Error), psycopg.connect(db.database, **plainly) as plain:
        found |= {name: value for name, value in plain.execute(sql, (names,)).fetchall() if name not in _SHORT}
    return {name.lower(): value for name, value in found.items()}
