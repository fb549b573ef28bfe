"""All formats, and which of them there are for what."""

from __future__ import annotations

from functools import lru_cache

from api.formats.csv import CSV
from api.formats.format import Format, Reads, Writes
from api.formats.json import JSON
from api.formats.ndjson import NDJSON

Files = tuple[tuple[Format, Reads], ...]
# In the order of the documentation. The first is what is sent where nobody chooses.
FORMATS: tuple[Format, ...] = (JSON, NDJSON, CSV)


def answering(kind: str, *, many: bool) -> tuple[Format, ...]:
    """Return the formats that one record of a kind comes in, or many."""
    return _answering(FORMATS, kind, many)


def writing(format: Format) -> Writes:
    """Return how a format sends records, which it is known to do."""
    assert format.writes is not None
    return format.writes


def reading() -> Files:
    """Return the formats of files that are read, each with how that is done."""
    return _reading(FORMATS)


@lru_cache(maxsize=10)
def _reading(formats: tuple[Format, ...]) -> Files:
    return tuple((each, each.reads) for each in formats if each.reads)


@lru_cache(maxsize=100)
def _answering(formats: tuple[Format, ...], kind: str, many: bool) -> tuple[Format, ...]:
    return tuple(each for each in formats if each.writes and each.writes.fits(kind, many=many))
