"""The search index in SQLite: its table, filling it, and asking it."""

from __future__ import annotations

from collections.abc import Sequence

from peewee import Database

from api.storage.sqlite.embedded import library

# The rowid of a statement's words is its place in the order of relevance, so that the best are found first.
# Nothing of the words is kept but the index; `ascii` takes our ready tokens as they are.
SEARCH_TABLE = (
    "CREATE VIRTUAL TABLE statement_search "
    "USING fts5(words, stems, content = '', columnsize = 0, tokenize = \"ascii\")",
)
MATCHES = "s.statement_search MATCH ?"
_SUM = 2**64 - 1
# Keeps the search index first: given the choice, the planner may look up each row of the table in it.
PINNED = "CROSS JOIN"
# The first whose search index can forget words at once.
FORGETFUL_VERSION = (3, 42, 0)
# Makes a statement findable at its place by its words and their stems, given what `search_row` gives.
INDEX_WORDS = "INSERT INTO statement_search (rowid, words, stems) VALUES (?, ?, ?)"


def search_row(place: int, words: str, stems: str) -> tuple[object, ...]:
    """Return the row of the search index for words in their order, and their stems, with spaces between them."""
    return place, words, stems


def forget_words(db: Database, place: int, words: list[str], stems: list[str]) -> None:
    """Undo `index_words`, which must have been given the same."""
    db.execute_sql(
        "INSERT INTO statement_search (statement_search, rowid, words, stems) VALUES ('delete', ?, ?, ?)",
        (place, " ".join(words), " ".join(stems)),
    )


def indexed_sum(db: Database) -> int | None:
    """Return a sum of everything that the search index holds, which is that of `sum_of` over all it should hold.

    Looking up each statement's words would take milliseconds for every one; reading the whole index takes far less.
    """
    # A view of the index (https://sqlite.org/fts5.html, section 9), which is no part of the file.
    db.execute_sql("PRAGMA query_only = 0")
    view = "temp.statement_search_instances"
    db.execute_sql(f"CREATE VIRTUAL TABLE {view} USING fts5vocab(main, statement_search, instance)")
    try:
        return sum(map(hash, db.execute_sql(f"SELECT doc, col, offset, term FROM {view}"))) & _SUM
    finally:
        db.execute_sql(f"DROP TABLE {view}")
        db.execute_sql("PRAGMA query_only = 1")


def sum_of(place: int, words: list[str], stems: list[str]) -> int:
    """Return what one statement adds to the sum."""
    found = sum(hash((place, "words", offset, word)) for offset, word in enumerate(words))
    return found + sum(hash((place, "stems", offset, stem)) for offset, stem in enumerate(stems)) & _SUM


def unlike_words(db: Database, expected: Sequence[tuple[int, list[str], list[str]]]) -> list[int]:
    """Return the places at which the search index does not hold the words and stems that it should."""
    return [place for place, words, stems in expected if not _holds(db, place, words, stems)]


def _holds(db: Database, place: int, words: list[str], stems: list[str]) -> bool:
    phrases = [f'stems : "{" ".join(stems)}"', *([f'words : "{" ".join(words)}"'] if words else [])]
    sql = "SELECT 1 FROM statement_search WHERE statement_search MATCH ? AND rowid = ?"
    return db.execute_sql(sql, (" AND ".join(phrases), place)).fetchone() is not None


def forget_all_words(db: Database) -> None:
    """Empty the search index."""
    db.execute_sql("INSERT INTO statement_search (statement_search) VALUES ('delete-all')")


def match_stems(stems: list[str]) -> str:
    """Return the expression for any of these stems (https://sqlite.org/fts5.html, section 3)."""
    return "(" + " OR ".join(f'stems : "{stem}"' for stem in stems) + ")"


def match_phrase(words: tuple[str, ...], *, open: bool) -> str:
    """Return the expression for words next to each other, the last of which may be only a beginning."""
    return f'words : "{" ".join(words)}"{" *" if open else ""}'


def match_all(parts: list[str]) -> str:
    """Return the expression for all of these."""
    return "(" + " AND ".join(parts) + ")"


def match_any(parts: list[str]) -> str:
    """Return the expression for any of these."""
    return "(" + " OR ".join(parts) + ")"


def match_without(wanted: str, unwanted: str) -> str:
    """Return the expression for one and not the other."""
    return f"({wanted} NOT {unwanted})"


def forget_words_at_once(db: Database) -> None:
    """Have the search index overwrite words when they are forgotten, instead of marking them until a later merge.

    What is read by SQLite 3.42 or newer needs no more than that (https://sqlite.org/fts5.html, section 6.11).
    """
    if library().sqlite_version_info >= FORGETFUL_VERSION:
        db.execute_sql("INSERT INTO statement_search (statement_search, rank) VALUES ('secure-delete', 1)")
