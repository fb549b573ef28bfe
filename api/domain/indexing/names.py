"""Finding speakers and outlets by what they are called, and the JSON that stands for them elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import partial
from typing import Any

import orjson

from api.domain.core.ids import is_id
from api.domain.core.kinds import Beside, Document, New, Rows, Tables
from api.domain.indexing.conditions import Conditions, holds, inline, marks
from api.storage.db import BEGINNING, among, beginning, execute, insert_all, row, rows, while_writing
from api.text import tokens
from api.text.folding import fold
from api.text.queries import Term
from schemas.vocabulary import PREFIXES

# So many documents are looked at together.
_AT_ONCE = 500
# Sorts behind every character that a word may hold.
LAST = "\U0010ffff"
# The numbers of who stands for those with some ids, and of all that are merged into them.
_STANDING = "SELECT coalesce(t.merged_into, t.n) AS n FROM {type} t WHERE t.id IN ({named}){seen}"
_TOGETHER = (
    "WITH standing AS ({standing}) "
    "SELECT n FROM standing UNION ALL SELECT m.n FROM standing JOIN {type} m ON m.merged_into = standing.n"
)
# The documents by whose names some records are found, many at once.
_GROUPS = (
    "WITH standing AS (SELECT n AS member, coalesce(merged_into, n) AS n FROM {type} WHERE n IN ({named})) "
    "SELECT standing.member, s.document, 1 FROM standing JOIN {type} s ON s.n = standing.n "
    "UNION ALL SELECT standing.member, s.document, s.shown FROM standing JOIN {type} s ON s.merged_into = standing.n"
)
_GROUP = (
    "WITH standing AS (SELECT coalesce(merged_into, n) AS n FROM {type} WHERE n = ?) "
    "SELECT s.document, 1 FROM standing JOIN {type} s ON s.n = standing.n "
    "UNION ALL SELECT s.document, s.shown FROM standing JOIN {type} s ON s.merged_into = standing.n"
)


def tables(type: str) -> Tables:
    """Return the tables of a kind whose records are found by their names."""
    return Tables(
        declared=(
            Beside(
                "name",
                f"type = '{type}' AND record IN (SELECT r.id FROM {type} r WHERE r.n IN ({{numbers}}))",
                f"SELECT (SELECT r.n FROM {type} r WHERE r.id = name.record), folded, hidden FROM name",
                f"NOT EXISTS (SELECT 1 FROM {type} r WHERE r.id = name.record)",
                typed=True,
            ),
            Beside(
                "name_word",
                f"type = '{type}' AND n IN ({{numbers}})",
                "SELECT n, word, stem, hidden FROM name_word",
                f"NOT EXISTS (SELECT 1 FROM {type} r WHERE r.n = name_word.n)",
                typed=True,
            ),
        ),
        project=partial(index, type),
        add=partial(add, type),
        rows=partial(_rows, type),
    )


def reference(document: Document) -> str:
    """Return the JSON by which other records show this one: id, name and type."""
    return orjson.dumps({part: document[part] for part in ("id", "name", "type")}).decode()


def index(type: str, n: int, document: Document | None, previous: Document | None) -> None:
    """Make a record findable by its name and aliases and the words of them, and by no other.

    Whoever was merged has no names of its own: `gather` gives them to the one who stands for it.
    """
    if previous is not None:
        _forget(type, n, previous["id"])
    if document is not None and "merged_into" not in document:
        _call(type, document["id"], [n], [(document, True)])
        if previous is not None and row(f"SELECT 1 FROM {type} WHERE merged_into = ? LIMIT 1", (n,)):
            gather(type, n)


def add(type: str, news: list[New]) -> None:
    """Make new records findable by their names and the words of them, many at once."""
    called, words = [], []
    for n, document, _ in news:
        while_writing()[type, document["id"]] = n
        if "merged_into" not in document:
            folded, found = rows_beside([(document, True)])
            called += [(type, name, document["id"], hidden) for name, hidden in folded]
            words += [(type, word, stem, n, hidden) for word, stem, hidden in found]
    insert_all("name", ("type", "folded", "record", "hidden"), called)
    insert_all("name_word", ("type", "word", "stem", "n", "hidden"), words)


def gather(type: str, n: int) -> None:
    """Make a record and all that are merged into it findable by each other's names, and shown by its own.

    The names lead to the one who stands for all; the words of the names to every one of them, since statements
    keep the mark of the speaker that they were recorded with.
    """
    group = rows(f"SELECT n, id FROM {type} WHERE n = ? OR merged_into = ? ORDER BY n", (n, n))
    for member, id in group:
        _forget(type, member, id)
    _call(type, dict(group)[n], [member for member, _ in group], together(type, n))
    shown = f"SELECT s.reference FROM {type} s WHERE s.n = ?"
    execute(f"UPDATE {type} SET reference = ({shown}) WHERE merged_into = ?", (n, n))


def index_again(type: str, numbers: list[int]) -> None:
    """Make records, whose columns are as they should be, findable by their names as if they were new."""
    marks = ", ".join("?" * len(numbers))
    roots = f"SELECT DISTINCT coalesce(merged_into, n) FROM {type} WHERE n IN ({marks})"
    for (n,) in rows(f"{roots} ORDER BY 1", numbers):
        gather(type, n)


def _forget(type: str, n: int, id: str) -> None:
    execute("DELETE FROM name WHERE type = ? AND record = ?", (type, id))
    execute("DELETE FROM name_word WHERE type = ? AND n = ?", (type, n))


def _call(type: str, id: str, numbers: list[int], group: list[tuple[Document, bool]]) -> None:
    called, words = rows_beside(group)
    insert_all("name", ("type", "folded", "record", "hidden"), [(type, name, id, hidden) for name, hidden in called])
    found = [(type, word, stem, n, hidden) for word, stem, hidden in words for n in numbers]
    insert_all("name_word", ("type", "word", "stem", "n", "hidden"), found)


def rows_beside(group: list[tuple[Document, bool]]) -> tuple[list[tuple[str, int]], list[tuple[str, str, int]]]:
    """Return the folded names that records are found by together, and the words of them with their stems; each with
    whether it is hidden: that of nobody who is known.
    """
    known = _called(document for document, shown in group if shown)
    called = _called(document for document, _ in group)
    folded, words = {fold(name) for name in known}, {word for name in known for word in tokens.words(name)}
    every = sorted({word for name in called for word in tokens.words(name)})
    stems = zip(every, tokens.stems(every, "en"), strict=True)
    return (
        [(name, int(name not in folded)) for name in sorted({fold(name) for name in called})],
        [(word, stem, int(word not in words)) for word, stem in stems],
    )


def _rows(type: str, n: int, document: Document) -> Rows:
    """Return what the tables of names are to hold of a record."""
    folded, called = rows_beside(together(type, n))
    # The names of who is merged lead to the one who stands for all, the words of the names to everyone.
    own = [] if "merged_into" in document else list(folded)
    return {"name": own, "name_word": list(called)}


def together(type: str, n: int) -> list[tuple[Document, bool]]:
    """Return the documents of a record, of who stands for it and of all others that this one stands for, each with
    whether what it is called may be known where that of who stands for all is.
    """
    return [(orjson.loads(text), bool(shown)) for text, shown in rows(_GROUP.format(type=type), (n,))]


def of(type: str, n: int, *, public: bool) -> list[str]:
    """Return the names and aliases of a record and all that are merged with it, as far as these are known."""
    return _called(document for document, known in together(type, n) if known or not public)


def _called(documents: Iterable[Document]) -> list[str]:
    return [name for document in documents for name in (document["name"], *document["aliases"])]


def begins(conditions: Conditions, type: str, text: str, *, public: bool) -> None:
    """Require that each word of a text begins a word of the name or an alias of the row `t`, as far as it is known."""
    words = sorted({token.word for token in tokens.sought(text)})
    # Where one word is the beginning of another, whoever fits the longer fits both. In order it stands before it.
    needed = [word for word, after in zip(words, [*words[1:], ""], strict=True) if not after.startswith(word)]
    # Whoever fits the longest word, which few do, is looked at for all. They are counted instead of asked for one by
    # one: for the planner of PostgreSQL each word would be one more table.
    longest, lengths = max(needed, key=len), sorted({len(word) for word in needed})
    known = " AND w.hidden = 0" if public else ""
    begun = (
        "WITH likely AS MATERIALIZED (SELECT DISTINCT w.n FROM name_word w "
        f"WHERE w.type = ? AND w.word >= ? AND w.word < ?{known}), "
        f"called AS MATERIALIZED (SELECT w.n, w.word, w.type FROM likely JOIN name_word w ON w.n = likely.n{known}), "
        "begun AS (SELECT called.n, substr(called.word, 1, CAST(length.column1 AS integer)) AS word "
        f"FROM called CROSS JOIN {inline([(each,) for each in lengths])} AS length WHERE called.type = ?) "
        f"SELECT n FROM begun WHERE word IN ({marks(needed)}) GROUP BY n HAVING count(DISTINCT word) = ?"
    )
    conditions.add(f"t.n IN ({begun})", type, longest, longest + LAST, *lengths, type, *needed, len(needed))


def called(term: Term, most: int, *, public: bool) -> list[int] | None:
    """Return the numbers of the speakers whose name or alias a term of a search fits, as far as these are known; None
    of a word that fits more than `most`.

    Names are of no language, so that a single word matches by its English stem whatever the query's is.
    """
    if len(term.words) == 1:
        sql, parameters = calling(term, public=public)
        found = [n for (n,) in rows(f"SELECT DISTINCT n FROM ({sql}) AS calling LIMIT {most + 1}", parameters)]
        return sorted(found) if len(found) <= most else None
    whole = {*(term.words[:-1] if term.open else term.words)}
    held = f"SELECT n FROM name_word WHERE type = 'speaker' AND word IN ({marks([*whole])})"
    candidates = rows(f"{held}{_known(public)} GROUP BY n HAVING count(*) = ?", (*whole, len(whole)))
    return sorted(_fitting([n for (n,) in candidates], term, public))


def calling(term: Term, *, public: bool) -> tuple[str, list[str]]:
    """Return the SQL that gives the numbers of the speakers whom a term of one word fits, and its parameters."""
    (word,) = term.words
    if term.stemmed:
        fits, parameters = "stem = ?", tokens.stems([word], "en")
    elif term.open:
        fits, parameters = "word >= ? AND word < ?", [word, word + LAST]
    else:
        fits, parameters = "word = ?", [word]
    return f"SELECT n FROM name_word WHERE type = 'speaker' AND {fits}{_known(public)}", parameters


def _known(public: bool) -> str:
    return " AND hidden = 0" if public else ""


def _fitting(candidates: list[int], term: Term, public: bool) -> set[int]:
    """Return those of some speakers who have a name or alias with the words of a term next to each other."""
    found = set()
    for start in range(0, len(candidates), _AT_ONCE):
        part = candidates[start : start + _AT_ONCE]
        for n, document, known in rows(_GROUPS.format(type="speaker", named=marks(part)), part):
            if (known or not public) and any(
                _contains(tokens.words(name), term) for name in _called([orjson.loads(document)])
            ):
                found.add(n)
    return found


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
    """Return the ids of those whose name or alias this is, oldest first; never of one that was merged."""
    held, folded = holds("folded", [fold(name)])
    found = rows(f"SELECT record FROM name WHERE type = ? AND {held} ORDER BY record", (type, *folded))
    return [id for (id,) in found]


def borne(type: str, folded: Collection[str]) -> list[tuple[str, dict[str, Any]]]:
    """Return names out of many, each with id, name and type of one who bears it, oldest first."""
    sql = f"SELECT t.n, n.folded, t.reference FROM name n JOIN {type} t ON t.id = n.record WHERE n.type = '{type}'"
    begun = among(f"{sql} AND {beginning('n.folded')} IN", {name[:BEGINNING] for name in folded})
    wanted = set(folded)
    found = [(n, name, orjson.loads(shown)) for n, name, shown in begun if name in wanted]
    while_writing().update({(type, shown["id"]): n for n, _, shown in found})
    return sorted(((name, shown) for _, name, shown in found), key=lambda each: each[1]["id"])


def candidates(type: str, ids: list[str]) -> list[dict[str, Any]]:
    """Return id, name and type of several records, for a choice between them."""
    marks = ", ".join("?" * len(ids))
    return [orjson.loads(text) for (text,) in rows(f"SELECT reference FROM {type} WHERE id IN ({marks})", ids)]


def numbers(type: str, names_or_ids: list[str], *, public: bool) -> list[int]:
    """Return the row numbers of all whose id, name or alias is among these; a name nobody bears adds none.

    Where one stands for others, all of them are meant, whichever of them was named. Who is asked for in `public`
    is found by what may be known without a key.
    """
    seen = " AND t.shown = 1" if public else ""
    ids = [each for each in names_or_ids if is_id(each, PREFIXES[type])]
    called = [fold(each) for each in names_or_ids if each not in ids]
    parts, parameters = [], [*ids]
    if ids:
        parts.append(_STANDING.format(type=type, named=", ".join("?" * len(ids)), seen=seen))
    if called:
        held, folded = holds("folded", called)
        bearing = f"SELECT record FROM name WHERE type = '{type}' AND {held}{_known(public)}"
        parameters += folded
        parts.append(_STANDING.format(type=type, named=bearing, seen=seen))
    sql = _TOGETHER.format(type=type, standing=" UNION ".join(parts))
    return sorted({n for (n,) in rows(sql, parameters)}) if parts else []


def number(type: str, id: str) -> int | None:
    """Return the row number of an id, None where there is no such record."""
    # Within one write, many documents name the same few.
    known = while_writing()
    if (type, id) not in known:
        found = row(f"SELECT n FROM {type} WHERE id = ?", (id,))
        if found is None:
            return None
        known[type, id] = found[0]
    found_before: int = known[type, id]
    return found_before
