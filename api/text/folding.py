"""Normalization: copies of text made for comparing and finding; what was sent is kept beside them, untouched."""

from __future__ import annotations

import hashlib

from schemas.parts import evened, folded

# Every mark that prints a quotation or an apostrophe, by the plain one it stands for (Unicode chapter 6.2).
_MARKS = str.maketrans({**dict.fromkeys("“”„‟«»″〝〞＂", '"'), **dict.fromkeys("‘’‚‛‹›′＇ʼ", "'")})


def fold(text: str) -> str:
    """Return text as names are compared, here as where the schemas drop a repeated alias."""
    return folded(text)


def fold_quotation(text: str) -> str:
    """Return text as quotations are compared for being the same: evened, with one kind of quotation mark."""
    # None of the marks is ASCII.
    return evened(text if text.isascii() else text.translate(_MARKS)).strip("\"' ")


def fingerprint(text: str) -> int:
    """Return a signed 64-bit number that is equal for texts that fold alike (BLAKE2b, RFC 7693)."""
    digest = hashlib.blake2b(fold_quotation(text).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
