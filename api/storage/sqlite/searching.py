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
# The same for the search index that is made aside, while the one that is asked stays as it is.
INDEX_WORDS_ANEW = INDEX_WORDS.replace("statement_search", "statement_search_next")
# How many rows of an index that nobody asks any more are removed at a time.
_REMOVED = 200
# What no statement has cannot be told from the rest, and is left behind with the former index.
LOST_WORDS = ""


def search_row(place: int, words: str, stems: str) -> tuple[object, ...]:
    """Return the row of the search index for words in their order, and their stems, with spaces between them."""
    return place, words, stems


def forget_words(db: Database, place: int, words: list[str], stems: list[str], *, anew: bool) -> None:
    """Undo `INDEX_WORDS`, or `INDEX_WORDS_ANEW`, which must have been given the same."""
    table = "statement_search_next" if anew else "statement_search"
    db.execute_sql(
        f"INSERT INTO {table} ({table}, rowid, words, stems) VALUES ('delete', ?, ?, ?)",
        (place, " ".join(words), " ".join(stems)),
    )


def clear_places(db: Database, places: list[int]) -> None:
    """Nothing to do: an index that is made aside has nothing there."""


def begin_words(db: Database) -> None:
    """Make an empty search index aside: of the one that is asked it is not known what words a record has there."""
    (sql,) = db.execute_sql("SELECT sql FROM sqlite_master WHERE name = 'statement_search'").fetchone()
    options = sql[sql.index("USING") :]
    db.execute_sql(f"CREATE VIRTUAL TABLE statement_search_next {options}")
    forget_words_at_once(db, "statement_search_next")


def exchange_words(db: Database) -> None:
    """Have the search index that was made aside be asked from now on."""
    db.execute_sql("ALTER TABLE statement_search RENAME TO statement_search_former")
    db.execute_sql("ALTER TABLE statement_search_next RENAME TO statement_search")


def unasked(db: Database) -> str | None:
    """Return the name of a search index that is not asked: the former one, or one that is made aside."""
    sql = "SELECT min(name) FROM sqlite_master WHERE name IN ('statement_search_former', 'statement_search_next')"
    found: str | None = db.execute_sql(sql).fetchone()[0]
    return found


def make_room(db: Database) -> bool:
    """Remove some of a search index that is not asked; tell whether there is more.

    Dropping it at once would overwrite all of it in one write, which takes seconds where it is large.
    """
    if not (table := unasked(db)):
        return False
    some = f"SELECT id FROM {table}_data LIMIT {_REMOVED}"
    if not db.execute_sql(f"DELETE FROM {table}_data WHERE id IN ({some})").rowcount:
        db.execute_sql(f"DROP TABLE {table}")
    return True


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


# What the search index keeps besides words (https://sqlite.org/fts5.html, section 9.1, and the head of fts5_index.c):
# pages of its own that SQLite's check passes over.
_CANNOT_BE = (
    "SELECT 1 FROM statement_search_idx WHERE pgno < 2 UNION ALL "
    "SELECT 1 FROM statement_search_data WHERE id > 10 AND length(block) = 4 AND block <> x'00000004'"
)


def counted(db: Database) -> tuple[int, int, int] | None:
    """Return how many rows, words and stems the search index says it holds, None where it says what cannot be."""
    if db.execute_sql(_CANNOT_BE).fetchone():
        return None
    found = db.execute_sql("SELECT block FROM statement_search_data WHERE id = 1").fetchone()
    numbers, at = [], 0
    block: bytes = found[0] if found else b""
    while at < len(block):
        number = 0
        # Seven bits a byte, the first ones first; the highest bit says that there are more.
        while at < len(block):
            number = number << 7 | block[at] & 0x7F
            at += 1
            if block[at - 1] < 0x80:
                break
        numbers.append(number)
    rows, words, stems = numbers if len(numbers) == 3 else (0, 0, 0)
    return rows, words, stems


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


def forget_words_at_once(db: Database, table: str = "statement_search") -> None:
    """Have the search index overwrite words when they are forgotten, instead of marking them until a later merge.

    What is read by SQLite 3.42 or newer needs no more than that (https://sqlite.org/fts5.html, section 6.11).
    """
    if library().sqlite_version_info >= FORGETFUL_VERSION:
        db.execute_sql(f"INSERT INTO {table} ({table}, rank) VALUES ('secure-delete', 1)")
