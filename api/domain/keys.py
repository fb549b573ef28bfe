"""Access keys: made, recognised, rotated and revoked. A key is random, so its SHA-256 needs no slow hash."""

from __future__ import annotations

import hashlib
import re
import secrets
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from api.domain.errors import NotFound, Unauthenticated
from api.domain.ids import new_id, now
from api.storage.db import Unavailable, execute, row, rows, writing
from schemas.vocabulary import SCOPES

# Each scope holds the ones before it: who may write may read what is withheld, who administers may both.
_HOLDS = {"read": {"read"}, "write": {"read", "write"}, "admin": {"read", "write", "admin"}}
_FORM = re.compile(r"onr_([A-Za-z0-9_-]{43})_([0-9a-f]{8})")
_USE_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Key:
    """Who asks: a key's id and name and all it may do."""

    id: str
    name: str
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        """Tell whether the key holds a scope."""
        return scope in self.scopes


ANONYMOUS = Key("", "anonymous", frozenset())
OPERATOR = Key("", "operator", frozenset(SCOPES))


def make(name: str, scopes: list[str], *, expires: str | None = None) -> dict[str, Any]:
    """Store a new key and return it with `key`, which is shown this once and never kept."""
    secret = secrets.token_urlsafe(32)
    # The checksum lets a mistyped or cut key be refused without asking the database.
    key = f"onr_{secret}_{zlib.crc32(secret.encode()):08x}"
    made = now()
    kept = {"id": new_id("key"), "name": name, "scopes": [scope for scope in SCOPES if scope in scopes]}
    with writing():
        execute(
            "INSERT INTO access_key (id, name, sha256, scopes, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
            (kept["id"], name, _hash(key), ",".join(kept["scopes"]), made, expires),
        )
    return {**kept, "key": key, "created_at": made, "expires_at": expires}


def recognise(key: str) -> Key:
    """Return whose key this is, as the database has it now; raises Unauthenticated where it is not good."""
    form = _FORM.fullmatch(key)
    if form is None or zlib.crc32(form[1].encode()) != int(form[2], 16):
        raise Unauthenticated("The key is malformed: it was mistyped or cut. A key looks like onr_…_….")
    found = row(
        "SELECT id, name, scopes, expires_at, revoked_at, last_used_at FROM access_key WHERE sha256 = ?",
        (_hash(key),),
    )
    if found is None:
        raise Unauthenticated("The key is not known here.")
    id, name, scopes, expires, revoked, used = found
    time = now()
    if revoked is not None and revoked <= time:
        raise Unauthenticated("The key has been revoked.")
    if expires is not None and expires <= time:
        raise Unauthenticated("The key has expired.")
    if used is None or used < later(-_USE_NOTED_EVERY):
        _note_use(id, time)
    return Key(id, name, frozenset().union(*(_HOLDS[scope] for scope in scopes.split(","))))


def listed() -> list[dict[str, Any]]:
    """Return every key without its secret, oldest first."""
    fields = ("id", "name", "scopes", "created_at", "expires_at", "revoked_at", "last_used_at")
    found = rows(f"SELECT {', '.join(fields)} FROM access_key ORDER BY created_at, id")
    return [{**dict(zip(fields, each, strict=True)), "scopes": each[2].split(",")} for each in found]


def revoke(id: str) -> None:
    """End a key now, in every worker; raises NotFound. Revoking twice keeps the first time."""
    with writing():
        _one(id)
        execute("UPDATE access_key SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", (now(), id))


def rotate(id: str, *, overlap: timedelta) -> dict[str, Any]:
    """Return a new key with the old one's name and scopes; the old one ends after the overlap."""
    with writing():
        name, scopes, expires = _one(id)
        ends = later(overlap)
        if expires is None or ends < expires:
            execute("UPDATE access_key SET expires_at = ? WHERE id = ?", (ends, id))
        return make(name, scopes.split(","))


def later(span: timedelta) -> str:
    """Return the time that is a span away from now, as RFC 3339."""
    return (datetime.now(UTC) + span).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def any_exist() -> bool:
    """Tell whether a key has ever been made."""
    return row("SELECT 1 FROM access_key LIMIT 1") is not None


def _one(id: str) -> tuple[Any, ...]:
    found = row("SELECT name, scopes, expires_at FROM access_key WHERE id = ?", (id,))
    if found is None:
        raise NotFound(f"There is no key {id}.")
    return found


def _note_use(id: str, time: str) -> None:
    # A convenience for whoever tidies up keys: it must not cost a reader an answer when no write is possible.
    try:
        with writing():
            execute("UPDATE access_key SET last_used_at = ? WHERE id = ?", (time, id))
    except Unavailable:
        return


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
