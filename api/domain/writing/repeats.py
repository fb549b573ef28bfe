"""The store of idempotency keys: answers to writes, remembered for a day, so that whoever repeats a request gets the
first answer.

An answer is stored in the transaction of the write that it tells of: after a crash there are both or neither.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

import orjson

from api.domain.core.errors import Reused
from api.domain.core.ids import now
from api.domain.core.keys import later
from api.storage import seals
from api.storage.db import numbers, row

LIFETIME = timedelta(hours=24)
# With so many a write, what has expired goes faster than new answers come.
_FORGOTTEN_AT_ONCE = 10
# Stands in the place of a status where there is no answer yet, and the body says how far the work has come.
_BEGUN = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """One request by the name that its sender gave it, which is the sender's own.

    `request` is a hash of what was sent. `secret` is given where the answer must not be stored as it is: it is
    something that only the sender has.
    """

    access_key: str
    method: str
    path: str
    name: str
    request: str
    secret: bytes | None = None


@dataclass(frozen=True, slots=True)
class Remembered:
    """An answer as it was sent."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


def recall(asked: Asked) -> Remembered | None:
    """Return the answer to a request that was carried out within the last day, None where there is none.

    Raises Reused where the name was given to another request.
    """
    known = _known(asked)
    return known if known and known.status != _BEGUN else None


def begun(asked: Asked) -> bytes | None:
    """Return how far the work of a request has come that is not done, None where none of it is; raises Reused."""
    known = _known(asked)
    return known.body if known and known.status == _BEGUN else None


def begin(asked: Asked, state: bytes) -> None:
    """Store how far the work of a request has come, in the transaction of that work."""
    remember(asked, Remembered(_BEGUN, [], state))


def _known(asked: Asked) -> Remembered | None:
    found = row(
        "SELECT request, status, headers, body, nonce FROM remembered_answer "
        "WHERE access_key = ? AND method = ? AND path = ? AND name = ? AND at > ?",
        (*_scope(asked), later(-LIFETIME)),
    )
    if found is None:
        return None
    request, status, headers, body, nonce = found
    if request != asked.request:
        raise Reused("This Idempotency-Key was sent with another request; take a new key for a new request.")
    listed = [(name, value) for name, value in orjson.loads(headers)]
    return Remembered(status, listed, _opened(body, nonce, asked.secret))


def remember(asked: Asked, answer: Remembered) -> None:
    """Store an answer in the caller's transaction, in place of one that has expired; forget some that have, too."""
    drop(asked)
    _forget_expired()
    nonce = secrets.token_hex(16) if asked.secret else None
    values = {
        "n": numbers("remembered_answer", 1)[0],
        "access_key": asked.access_key,
        "method": asked.method,
        "path": asked.path,
        "name": asked.name,
        "request": asked.request,
        "status": answer.status,
        "headers": orjson.dumps(answer.headers).decode(),
        "body": _closed(answer.body, nonce, asked.secret),
        "nonce": nonce,
        "at": now(),
    }
    seals.add("remembered_answer", values)


def drop(asked: Asked) -> None:
    """Forget what is stored of a request."""
    seals.remove("remembered_answer", "access_key = ? AND method = ? AND path = ? AND name = ?", _scope(asked))


def forget(record: str) -> None:
    """Delete every answer that names a record, as when its words must go; what it answered is then done anew."""
    # An answer that is stored unreadably is of no record.
    seals.remove("remembered_answer", "nonce IS NULL AND body LIKE ?", (f'%"{record}"%',))


def _scope(asked: Asked) -> tuple[str, str, str, str]:
    return asked.access_key, asked.method, asked.path, asked.name


def _forget_expired() -> None:
    old = f"SELECT n FROM remembered_answer WHERE at <= ? ORDER BY at LIMIT {_FORGOTTEN_AT_ONCE}"
    seals.remove("remembered_answer", f"n IN ({old})", (later(-LIFETIME),))


def _closed(body: bytes, nonce: str | None, secret: bytes | None) -> str:
    return _mixed(body, nonce, secret).hex() if nonce and secret else body.decode()


def _opened(body: str, nonce: str | None, secret: bytes | None) -> bytes:
    return _mixed(bytes.fromhex(body), nonce, secret) if nonce and secret else body.encode()


def _mixed(body: bytes, nonce: str, secret: bytes) -> bytes:
    """Return a body exclusive-or a stream that nobody can make without the secret, which also undoes it.

    The stream is SHAKE256 (FIPS 202) of nonce and secret. No two bodies share one, since every nonce is new.
    """
    stream = hashlib.shake_256(f"remembered answer {nonce} ".encode() + secret).digest(len(body))
    mixed = int.from_bytes(body, "big") ^ int.from_bytes(stream, "big")
    return mixed.to_bytes(len(body), "big")
