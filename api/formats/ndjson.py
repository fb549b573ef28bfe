"""NDJSON: a document a line, its bytes those of the list (https://github.com/ndjson/ndjson-spec)."""

from __future__ import annotations


def lines(texts: list[str]) -> bytes:
    """Return documents in JSON as lines; within JSON a line break is always escaped, so they need no other care."""
    return ("\n".join(texts) + "\n").encode() if texts else b""
