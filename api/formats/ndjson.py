"""NDJSON: a document a line, its bytes those of the list (https://github.com/ndjson/ndjson-spec)."""

from __future__ import annotations


def lines(documents: str) -> bytes:
    """Return documents in JSON, one a line, as what is sent of them: each line ended."""
    return f"{documents}\n".encode() if documents else b""
