"""Finding speakers and outlets by what they are called, and the JSON that stands for them elsewhere."""

from __future__ import annotations

from typing import Any

import orjson

from api.domain.conditions import Conditions
from api.domain.errors import Conflict
from api.domain.kinds import Document
from api.storage.db import execute, row, rows
from api.text import tokens
from api.text.folding import fold
from api.text.queries import Term

# Sorts behind every character that a word may hold.
LAST = "\U0010ffff"


def reference(document: Document) -> str:
    """Return the JSON by which other records show this one: id, name and type."""
    return orjson.dumps({part: document[part] for part in ("id", "name", "type")}).decode()


def index(type: str, n: int, document: Document | None, previous: Document | None) -> None:
    """Make a record findable by its name and aliases and the words of them, and by no other."""
    if previous is not None:
        execute("DELETE FROM name WHERE type = ? AND record = ?", (type, previous["id"]))
        execute("DELETE FROM name_word WHERE type = ? AND n = ?", (type, n))
    if document is None:
        return
    names, words = rows_beside(document)
    for folded in names:
        execute("INSERT INTO name (type, folded, record) VALUES (?, ?, ?)", (type, folded, document["id"]))
    for word, stem in words:
        execute("INSERT INTO name_word (type, word, stem, n) VALUES (?, ?, ?, ?)", (type, word, stem, n))


def rows_beside(document: Document) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the folded names that a record is found by, and the words of them with their stems."""
    called = (document["name"], *document["aliases"])
    words = sorted({word for name in called for word in tokens.words(name)})
    return sorted({fold(name) for name in called}), list(zip(words, tokens.stems(words, "en"), strict=True))


def begins(conditions: Conditions, type: str, text: str) -> None:
    """Require that each word of a text begins a word of the name or an alias of the row `t`."""
    for word in tokens.words(text):
        held = "SELECT w.n FROM name_word w WHERE w.type = ? AND w.word >= ? AND w.word < ?"
        conditions.add(f"t.n IN ({held})", type, word, word + LAST)


def called(term: Term, most: int) -> list[int] | None:
    """Return the numbers of the speakers whose name or alias a term of a search fits; None of a word that fits
    more than `most`.

    Names are of no language, so that a single word matches by its English stem whatever the query's is.
    """
    if len(term.words) == 1:
        sql, parameters = calling(term)
        found = [n for (n,) in rows(f"SELECT DISTINCT n FROM ({sql}) AS calling LIMIT {most + 1}", parameters)]
        return sorted(found) if len(found) <= most else None
    whole = term.words[:-1] if term.open else term.words
    each = "SELECT n FROM name_word WHERE type = 'speaker' AND word = ?"
    candidates = rows(" INTERSECT ".join([each] * len(whole)), whole)
    return sorted(n for (n,) in candidates if _fits(n, term))


def calling(term: Term) -> tuple[str, list[str]]:
    """Return the SQL that gives the numbers of the speakers whom a term of one word fits, and its parameters."""
    (word,) = term.words
    if term.stemmed:
        fits, parameters = "stem = ?", tokens.stems([word], "en")
    elif term.open:
        fits, parameters = "word >= ? AND word < ?", [word, word + LAST]
    else:
        fits, parameters = "word = ?", [word]
    return f"SELECT n FROM name_word WHERE type = 'speaker' AND {fits}", parameters


def _fits(n: int, term: Term) -> bool:
    document = orjson.loads((row("SELECT document FROM speaker WHERE n = ?", (n,)) or ("{}",))[0])
    return any(_contains(tokens.words(name), term) for name in (document["name"], *document["aliases"]))


def _contains(words: list[str], term: Term) -> bool:
    """Tell whether the words of a term stand next to each other among words."""
    *whole, last = term.words
    for start in range(len(words) - len(whole)):
        if words[start : start + len(whole)] == whole:
            end = words[start + len(whole)]
            if end == last or (term.open and end.startswith(last)):
                return True
    return False


def bearers(type: str, name: str) -> list[str]:
    """Return the ids of those whose name or alias this is, oldest first."""
    found = rows("SELECT record FROM name WHERE type = ? AND folded = ? ORDER BY record", (type, fold(name)))
    return [id for (id,) in found]


def candidates(type: str, ids: list[str]) -> list[dict[str, Any]]:
    """Return id, name and type of several records, for a choice between them."""
    marks = ", ".join("?" * len(ids))
    return [orjson.loads(text) for (text,) in rows(f"SELECT reference FROM {type} WHERE id IN ({marks})", ids)]


def numbers(type: str, names_or_ids: list[str]) -> list[int]:
    """Return the row numbers of all whose id, name or alias is among these; a name nobody bears adds none."""
    ids: set[str] = set()
    for each in names_or_ids:
        ids.update([each] if number(type, each) is not None else bearers(type, each))
    return sorted(n for n in (number(type, id) for id in ids) if n is not None)


def number(type: str, id: str) -> int | None:
    """Return the row number of an id, None where there is no such record."""
    found = row(f"SELECT n FROM {type} WHERE id = ?", (id,))
    return found[0] if found else None


def refuse_while_named(type: str, id: str) -> None:
    """Raise Conflict where statements or sources still name this speaker, outlet or source."""
    n = number(type, id)
    users: list[tuple[str, str, object]] = [("mention", "record", id)]
    if type != "source":
        users.append(("statement", type, n))
    if type == "outlet":
        users.append(("source", "outlet", n))
    for table, column, value in users:
        if row(f"SELECT 1 FROM {table} WHERE {column} = ? LIMIT 1", (value,)):
            raise Conflict(f"Other records still name this {type}; change or withdraw those first.")
