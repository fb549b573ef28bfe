"""The search index in PostgreSQL: its table, filling it, and asking it."""

from __future__ import annotations

from collections.abc import Sequence

from peewee import Database

# The same shape as SQLite's, so that one query serves both; `rowid` is the place in the order of relevance.
SEARCH_TABLE = (
    "CREATE TABLE statement_search (rowid bigint PRIMARY KEY, words tsvector NOT NULL)",
    "CREATE INDEX statement_search_words ON statement_search USING gin (words)",
)
MATCHES = "s.words @@ ?::tsquery"
PINNED = "JOIN"
# A lexeme keeps at most 256 places, none beyond 16383 (PostgreSQL, section 12.11).
_LAST_PLACE = 16383
# Makes a statement findable at its place by its words and their stems, given what `search_row` gives.
INDEX_WORDS = "INSERT INTO statement_search (rowid, words) VALUES (?, ?::tsvector)"
# It is made anew where it is, since it is known which of its rows are a statement's.
INDEX_WORDS_ANEW = INDEX_WORDS
# The condition by which a row is no statement's.
LOST_WORDS = "NOT EXISTS (SELECT 1 FROM statement t WHERE t.place = statement_search.rowid)"


def search_row(place: int, words: str, stems: str) -> tuple[object, ...]:
    """Return the row of the search index for words in their order, and their stems, with spaces between them."""
    return place, _vector(words.split(), stems.split())


def _vector(words: list[str], stems: list[str]) -> str:
    places: dict[str, list[str]] = {}
    for at, word in enumerate(words, start=1):
        places.setdefault(word, []).append(str(min(at, _LAST_PLACE)))
    vector = [f"{_quoted(word)}:{','.join(found)}" for word, found in places.items()]
    return " ".join(vector + [_quoted(f"~{stem}") for stem in stems])


def forget_words(db: Database, place: int, words: list[str], stems: list[str], *, anew: bool) -> None:
    """Undo `INDEX_WORDS`."""
    db.execute_sql("DELETE FROM statement_search WHERE rowid = %s", (place,))


def clear_places(db: Database, places: list[int]) -> None:
    """Remove what stands at places of the search index, of which the statements are indexed anew."""
    db.execute_sql("DELETE FROM statement_search WHERE rowid = ANY(%s)", (places,))


def begin_words(db: Database) -> None:
    """Nothing to do: words are exchanged a statement at a time."""


def exchange_words(db: Database) -> None:
    """Nothing to do, as for `begin_words`."""


def make_room(db: Database) -> bool:
    """Return False: no index is left behind."""
    return False


def indexed_sum(db: Database) -> int | None:
    """Return None: here the words of many statements are compared by one query."""
    return None


def counted(db: Database) -> tuple[int, int, int] | None:
    """Return nothing of use, as `indexed_sum`."""
    return None


def sum_of(place: int, words: list[str], stems: list[str]) -> int:
    """Return nothing of use, as `indexed_sum`."""
    return 0


def unlike_words(db: Database, expected: Sequence[tuple[int, list[str], list[str]]]) -> list[int]:
    """Return the places at which the search index does not hold the words and stems that it should."""
    sql = (
        "SELECT v.place FROM unnest(%s::bigint[], %s::text[]) AS v (place, words) "
        "LEFT JOIN statement_search s ON s.rowid = v.place WHERE s.words IS DISTINCT FROM v.words::tsvector"
    )
    places = [place for place, _, _ in expected]
    vectors = [_vector(words, stems) for _, words, stems in expected]
    return [place for (place,) in db.execute_sql(sql, (places, vectors)).fetchall()]


def forget_all_words(db: Database) -> None:
    """Empty the search index."""
    db.execute_sql("DELETE FROM statement_search")


def match_stems(stems: list[str]) -> str:
    """Return the expression for any of these stems (PostgreSQL, section 8.11.2)."""
    return "(" + " | ".join(_quoted(f"~{stem}") for stem in stems) + ")"


def match_phrase(words: tuple[str, ...], *, open: bool) -> str:
    """Return the expression for words next to each other, the last of which may be only a beginning."""
    return "(" + " <-> ".join(map(_quoted, words)) + (":*" if open else "") + ")"


def match_all(parts: list[str]) -> str:
    """Return the expression for all of these."""
    return "(" + " & ".join(parts) + ")"


def match_any(parts: list[str]) -> str:
    """Return the expression for any of these."""
    return "(" + " | ".join(parts) + ")"


def match_without(wanted: str, unwanted: str) -> str:
    """Return the expression for one and not the other."""
    return f"({wanted} & !{unwanted})"


def _quoted(word: str) -> str:
    # Tokens are letters, digits and their marks, so nothing in them needs escaping; a mistake elsewhere must
    # not become one here.
    return "'" + word.replace("\\", "").replace("'", "") + "'"


def forget_words_at_once(db: Database, table: str = "statement_search") -> None:
    """Nothing to do: rows of the search index go as any others."""
