"""Access keys: made, recognised, rotated and revoked. A key is random, so its SHA-256 needs no slow hash."""

from __future__ import annotations

import hashlib
import re
import secrets
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from api.domain.core.errors import NotFound, Unauthenticated
from api.domain.core.ids import new_id, now
from api.storage import seals
from api.storage.db import note, row, rows, writing
from schemas.faults import echo
from schemas.vocabulary import SCOPES

# Each scope holds the ones before it: who may write may read what is withheld, who administers may both.
_HOLDS = {"read": {"read"}, "write": {"read", "write"}, "admin": {"read", "write", "admin"}}
_FORM = re.compile(r"onr_([A-Za-z0-9_-]{43})_([0-9a-f]{8})")
_USE_NOTED_EVERY = timedelta(minutes=1)
# What is told of a key: neither its hash nor the proofs of its row.
_SHOWN = ("id", "name", "scopes", "created_at", "expires_at", "revoked_at", "last_used_at")


@dataclass(frozen=True, slots=True)
class Key:
    """Who asks: a key's id and name and all it may do."""

    id: str
    name: str
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        """Tell whether the key holds a scope."""
        return scope in self.scopes


class _Kept(NamedTuple):
    """What of a key decides what becomes of it."""

    name: str
    scopes: str
    expires_at: str | None
    revoked_at: str | None


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
        seals.add(
            "access_key",
            {
                "id": kept["id"],
                "name": name,
                "sha256": _hash(key),
                "scopes": ",".join(kept["scopes"]),
                "created_at": made,
                "expires_at": expires,
            },
        )
    return {**kept, "key": key, "created_at": made, "expires_at": expires}


def well_formed(key: str) -> bool:
    """Tell whether this could be a key, by its form and its checksum, without asking the database."""
    form = _FORM.fullmatch(key)
    return form is not None and zlib.crc32(form[1].encode()) == int(form[2], 16)


def recognise(key: str) -> Key:
    """Return whose key this is, as the database has it now; raises Unauthenticated where it is not good."""
    if not well_formed(key):
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
        # A convenience for whoever tidies up keys; it must not keep a reader waiting.
        proof = seals.use_proof(id, time)
        note("UPDATE access_key SET last_used_at = ?, use_proof = ? WHERE id = ?", (time, proof, id))
    return Key(id, name, frozenset().union(*(_HOLDS[scope] for scope in scopes.split(","))))


def listed() -> list[dict[str, Any]]:
    """Return every key without its secret, oldest first."""
    found = rows(f"SELECT {', '.join(_SHOWN)} FROM access_key ORDER BY created_at, id")
    return [{**dict(zip(_SHOWN, each, strict=True)), "scopes": each[2].split(",")} for each in found]


def revoke(id: str) -> None:
    """End a key now, in every worker; raises NotFound. Revoking twice keeps the first time."""
    with writing():
        if _one(id).revoked_at is None:
            seals.change("access_key", id, {"revoked_at": now()})


def rotate(id: str, *, overlap: timedelta) -> dict[str, Any]:
    """Return a new key with the old one's name and scopes; the old one ends after the overlap."""
    with writing():
        key = _one(id)
        ends = later(overlap)
        if key.expires_at is None or ends < key.expires_at:
            seals.change("access_key", id, {"expires_at": ends})
        return make(key.name, key.scopes.split(","))


def later(span: timedelta) -> str:
    """Return the time that is a span away from now, as RFC 3339."""
    return (datetime.now(UTC) + span).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def any_exist() -> bool:
    """Tell whether a key has ever been made."""
    return row("SELECT 1 FROM access_key LIMIT 1") is not None


def _one(id: str) -> _Kept:
    found = row("SELECT name, scopes, expires_at, revoked_at FROM access_key WHERE id = ?", (id,))
    if found is None:
        raise NotFound(f"There is no key {echo(id)}.")
    return _Kept(*found)


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
