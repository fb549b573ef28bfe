"""Idempotency keys, by the header Idempotency-Key: a write that is sent again is answered again, not done again.

After draft-ietf-httpapi-idempotency-key-header. The key is bound to the access key, the method and the path.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

from flask import Response, request

from api.domain.core.errors import BadParameter
from api.domain.core.keys import Key
from api.domain.writing import repeats
from api.domain.writing.repeats import Asked, Remembered
from api.storage.db import writing
from api.web import bodies
from api.web.keys import token

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
LONGEST = 255
# A structured string (RFC 9651, section 3.3.3); whoever leaves the quotation marks out means the same.
_QUOTED = re.compile(r'"((?:[^"\\]|\\["\\])*)"')
_VISIBLE = re.compile(r"[ -~]+")


def asked(key: Key, *, secret: bool) -> Asked | None:
    """Return the request as it is remembered, None where it does not ask for that; raises BadParameter.

    The body is read here, so that nobody waits for a slow sender while the database is locked. An answer
    with a `secret` in it is stored so that only the access key that asked can read it.
    """
    header = request.headers.get(HEADER)
    if header is None:
        return None
    sent = hashlib.sha256(f"{request.mimetype}\n".encode() + request.query_string + b"\n")
    sent.update(bodies.whole())
    path = request.path.rstrip("/")
    return Asked(key.id, request.method, path, _name(header), sent.hexdigest(), token() if secret else None)


def replay(asked: Asked) -> Response | None:
    """Return the answer that the request had before, None where it is new; raises Reused."""
    known = repeats.recall(asked)
    return None if known is None else replayed(known)


def replayed(known: Remembered) -> Response:
    """Return an answer that was given before."""
    return Response(known.body, known.status, [*known.headers, (REPLAYED, "true")])


def once(asked: Asked, work: Callable[[], Response]) -> Response:
    """Return the answer of some work that is done once, stored with whatever the work stores.

    Writes run one after another, so whoever sends the same at the same time waits here, and is then answered
    as the first was. Work that raises, or whose answer is no success, is not remembered and may be tried again.
    """
    with writing():
        if known := replay(asked):
            return known
        answer = work()
        if kept := memory(answer):
            repeats.remember(asked, kept)
        return answer


def memory(answer: Response) -> Remembered | None:
    """Return an answer as it is remembered, None for one that is no success."""
    if not 200 <= answer.status_code < 300:
        return None
    headers = [(name, value) for name, value in answer.headers if name != "Content-Length"]
    return Remembered(answer.status_code, headers, answer.get_data())


def _name(header: str) -> str:
    header = header.strip()
    quoted = _QUOTED.fullmatch(header)
    name = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else header
    if not _VISIBLE.fullmatch(name) or (header.startswith('"') and not quoted):
        raise _bad("characters", "It must hold visible ASCII characters, bare or between quotation marks.")
    if len(name) > LONGEST:
        raise _bad("length", f"It has {len(name)} characters; at most {LONGEST} are taken.")
    return name


def _bad(code: str, detail: str) -> BadParameter:
    return BadParameter([{"parameter": HEADER, "code": code, "detail": detail}])
