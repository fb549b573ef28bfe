"""Checking quotations: whether somebody said this, in these words, by what is on record; with the evidence.

The verdict comes from which words differ (`api.text.comparisons`); likeness only decides whether the quotation is on
record at all. `docs/checking.md` says how that was measured.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from api import deadlines
from api.domain.checking import candidates, credits
from api.domain.checking.credits import Credited
from api.domain.core.errors import Gone, NotFound
from api.domain.core.keys import Key
from api.domain.core.kinds import Document
from api.domain.evidence.statements import STATEMENT
from api.domain.following import changes, mirrors
from api.domain.indexing import words
from api.domain.reading.splicing import columns, documents, joins
from api.domain.reading.stored import missing, visible
from api.storage import db as storage
from api.storage.db import row, rows
from api.text import comparisons, quotations
from api.text.addresses import canonical
from api.text.alignment import Step
from api.text.comparisons import Comparison
from api.text.quotations import Quotation
from schemas.edtf import bounds

MOST_MATCHES = 5
# From which a quotation counts as being on record, in other words: so much of its letters in one statement, in one of
# its sentences, in several statements together; or a stretch of so many words. Chosen on half of the data of
# docs/checking.md, and reported on the other half.
_COVERED, _SENTENCE, _TOGETHER, _STRETCH = 0.65, 0.7, 0.7, 8
# From which two statements are near each other: so much of their letters is in both.
_NEAR = 0.6
# A stretch that counts among several statements, in words and in those of them that tell.
_PART, _TELLING = 4, 2
# Which share of the words that the likeliest has in common a statement must have, to be looked at word by word.
_SHARED = 0.4


@dataclass(frozen=True, slots=True)
class _Match:
    """A statement beside the quotation: how they differ, and whether whoever is asked about said it."""

    document: Document
    comparison: Comparison
    recorded: Quotation
    # Whether it is by the speaker who was asked about: None where none was, or where it cannot be told.
    speaker: bool | None = None
    # As what the statement names that speaker.
    attribution: str | None = None
    # How many of the address and the date that the quotation came with are the statement's.
    preferred: int = 0

    @property
    def rank(self) -> tuple[Any, ...]:
        """Sorts the best evidence first; of several who said the same, whoever was first."""
        compared, said = self.comparison, self.document["said_on"]
        return (
            not compared.exact,
            self.speaker is False,
            # The words of a claim are those of whoever recorded it.
            self.document["kind"] != "quote",
            not compared.whole,
            -self.preferred,
            -round(compared.score, 3),
            bounds(said)[0] if said else 99999999,
            self.document["id"],
        )


def check(items: list[Document], reader: Key, sent: Sequence[str]) -> list[Document]:
    """Return the verdicts on quotations, the statements that show them, and how many there are to be compared with.

    An item holds a text and may name its speaker, where it was seen and when it is said to have been said.
    `sent` is where each item's speaker was sent, as a JSON Pointer; raises Invalid where an id leads nowhere.
    """
    credits.refuse_unknown([(item["speaker"], place) for item, place in zip(items, sent, strict=True)], reader)
    store = _store(reader)
    return [{**_check(item, reader), "store": store} for item in items]


def _check(item: Document, reader: Key) -> Document:
    deadlines.look()
    purported = quotations.read(item["text"])
    asked = Credited(item["speaker"], public=not reader.may("read")) if item["speaker"] else None
    matches: list[_Match] = []
    for found in candidates.find(purported, asked.numbers if asked else [], withheld=reader.may("read")):
        for match in _matches(found, purported, reader):
            speaker, attribution = asked.of(match.document) if asked else (None, None)
            preferred = _preferred(match.document, item)
            matches.append(replace(match, speaker=speaker, attribution=attribution, preferred=preferred))
        if any(match.comparison.exact and match.speaker is not False for match in matches):
            break
    kept = _on_record(sorted(matches, key=lambda match: match.rank), purported)
    return {
        "verdict": _verdict(kept),
        "matches": [_shown(match, purported) for match in kept[:MOST_MATCHES]],
    }


def similar(id: str, reader: Key, limit: int) -> list[Document]:
    """Return the statements that say nearly the same as one, the nearest first; raises NotFound or Gone."""
    found = _read("t.id = ?", [id], reader)
    if not found:
        problem: NotFound | Gone = missing(STATEMENT, id, may_know=reader.may("read"))
        raise problem
    own = quotations.read(found[0]["text"])
    others = next(candidates.find(own, [], withheld=reader.may("read"), most=2 * limit), [])
    matches = [match for match in _matches(others, own, reader) if match.document["id"] != id]
    alike = [(comparisons.likeness(match.comparison, match.recorded, own), match) for match in matches]
    near = [(likeness, match) for likeness, match in alike if likeness >= _NEAR or match.comparison.exact]
    near.sort(key=lambda each: (-round(each[0], 3), each[1].document["id"]))
    return [{**_shown(match, own), "score": round(likeness, 3)} for likeness, match in near[:limit]]


def _matches(found: list[int], purported: Quotation, reader: Key) -> Iterator[_Match]:
    if not found:
        return
    marks = ", ".join("?" * len(found))
    read = [(each, quotations.read(each["text"])) for each in _read(f"t.n IN ({marks})", found, reader)]
    shared = [comparisons.shared(recorded, purported) for _, recorded in read]
    for (document, recorded), letters in zip(read, shared, strict=True):
        if letters < _SHARED * max(shared):
            continue
        deadlines.look()
        yield _Match(document, comparisons.compare(recorded, purported), recorded)


def _read(condition: str, parameters: list[Any], reader: Key) -> list[Document]:
    """Return statements with the names of whom they mention, those that the reader may know of."""
    seen = visible(STATEMENT, reader)
    sql = f"SELECT t.id, {columns(STATEMENT)} FROM statement t{joins(STATEMENT)} WHERE {condition}"
    found = rows(f"{sql} AND {seen}" if seen else sql, parameters)
    return [orjson.loads(text) for text in documents(STATEMENT, found, 1)]


def _preferred(document: Document, item: Document) -> int:
    """Tell how many of the address and the date that a quotation came with are the statement's."""
    found = 0
    if item["url"]:
        printed = {canonical(each["url"]) for each in document["appearances"] if each["url"]}
        found += canonical(item["url"]) in printed
    if (on := item["on"]) and document["said_on"]:
        (low, high), (first, last) = bounds(on), bounds(document["said_on"])
        found += low <= last and first <= high
    return found


def _on_record(matches: list[_Match], purported: Quotation) -> list[_Match]:
    """Return the matches that show that a quotation is on record, changed or not; none where it is not."""
    if any(match.comparison.exact for match in matches):
        return [match for match in matches if match.comparison.exact or _held(match.comparison, purported)]
    held = [match for match in matches if _held(match.comparison, purported)]
    return held or _held_together(matches, purported)


def _held(compared: Comparison, purported: Quotation) -> bool:
    if len(purported.words) < comparisons.SHORTEST:
        return compared.exact
    return compared.covered >= _COVERED or compared.sentence >= _SENTENCE or compared.run >= _STRETCH


def _held_together(matches: list[_Match], purported: Quotation) -> list[_Match]:
    """Return the matches that hold a quotation together, as of somebody's sentences that are recorded one by one."""
    total = comparisons.letters(purported.words)
    parts = {match.document["id"]: set(_parts(match, purported)) for match in matches}
    held = set().union(*parts.values())
    if not total or comparisons.letters(purported.words[at] for at in held) / total < _TOGETHER:
        return []
    return [match for match in matches if parts[match.document["id"]]]


def _parts(match: _Match, purported: Quotation) -> Iterator[int]:
    for step in match.comparison.steps:
        same = purported.words[step.purported]
        if step.kind == "equal" and len(same) >= _PART and len(comparisons.telling(same)) >= _TELLING:
            yield from range(step.purported.start, step.purported.stop)


def _verdict(kept: list[_Match]) -> str:
    if not kept:
        return "not_found"
    best = kept[0]
    if not best.comparison.exact:
        return "altered"
    if best.speaker is False:
        return "misattributed"
    return "verbatim" if best.comparison.whole else "excerpt"


def _shown(match: _Match, purported: Quotation) -> Document:
    document, compared = match.document, match.comparison
    statement = {
        name: document[name]
        for name in ("id", "version", "kind", "text", "lang", "speaker", "attributed_as", "said_on", "context")
    }
    return {
        "statement": {**statement, "url": f"/v1/statements/{document['id']}"},
        "score": round(compared.score, 3),
        "diff": [_step(step, match.recorded, purported) for step in compared.steps],
        "changes": list(compared.changes),
        "declared": [each._asdict() for each in purported.declared],
        "speaker_matches": match.speaker,
        "attribution": match.attribution,
        "status": document["status"],
        "corrections": document["corrections"],
        "first_appearance": document["appearances"][0],
    }


def _step(step: Step, recorded: Quotation, purported: Quotation) -> Document:
    return {
        "op": step.kind,
        "recorded": _stretch(step.recorded, recorded),
        "purported": _stretch(step.purported, purported),
    }


def _stretch(part: slice, quotation: Quotation) -> Document | None:
    stretch = quotation.words[part]
    if not stretch:
        return None
    start, end = stretch[0].start, max(word.end for word in stretch)
    return {"start": start, "end": end, "text": quotation.text[start:end]}


def _store(reader: Key) -> Document:
    """Return how many statements a quotation was compared with, and when one last changed."""
    # Each outlet carries how many published statements are its own, so that a million need not be counted.
    (published,) = row("SELECT coalesce(sum(cited), 0) FROM outlet") or (0,)
    withheld = 0
    if reader.may("read"):
        sql = f"SELECT count(*) FROM statement_search s WHERE {storage.dialect.MATCHES}"
        (withheld,) = row(sql, (words.withheld(),)) or (0,)
    return {
        "statements": int(published) + int(withheld),
        "as_of": changes.head()["at"] if reader.may("read") else mirrors.latest(),
    }
