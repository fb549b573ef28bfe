"""Sequence alignment, word against word: where a quotation lies in a recorded text, and how the two differ there.

The alignment is that of Needleman and Wunsch (1970) with Gotoh's affine gaps (1982) over words, as QUOTUS used it for
quotations (Niculae et al., 2015). What the recorded text has before and behind the quotation costs nothing, nor does
what it has where the quotation declares an ellipsis.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import accumulate, groupby, pairwise
from operator import add, lt
from typing import Literal, NamedTuple

from api import deadlines
from api.text.quotations import Word, joined, same
from api.text.wordlists import COMMON

Kind = Literal["equal", "delete", "insert", "replace"]

Breaks = set[int] | frozenset[int]
# From a word to before another, by their numbers; and the numbers of words that stand for each other.
Range = tuple[int, int]
Pair = tuple[int | None, int | None]
Free = tuple[bool, bool]

# Equal words that tell, those that are common, and different ones in the same place; the first word of a gap and
# each further one.
_TELLING, _COMMON, _DIFFERENT, _FIRST, _FURTHER = 8, 4, -2, -5, -1
_NEVER = -(10**9)
# From which a cell of the table was reached.
_PAIR, _INSERT, _DELETE = range(3)
# A longer text is first cut down to where most of the quotation's words are.
_MOST_CELLS = 8_000
# Beyond so many cells a table takes too long; then any stretch that both have parts the texts, however short.
_LARGE = 60_000
# At both ends of a recorded text words may be left out for nothing.
_FREE = (True, True)
# A stretch of so many words that both texts have is taken as the same in both.
_ANCHOR = 4
# So many words written apart may be one written together.
_JOINABLE = 3
# In longer stretches that differ it is not looked for.
_LONGEST_JOINED = 12


class Step(NamedTuple):
    """A stretch of both texts, by the numbers of their words; one side is empty where words were left out or put in."""

    kind: Kind
    recorded: slice
    purported: slice


def align(recorded: Sequence[Word], purported: Sequence[Word], breaks: Breaks) -> list[Step]:
    """Return how a quotation's words follow from a stretch of the recorded ones, in their order.

    Of two neighbouring steps, the first ends where the second begins, except where an ellipsis stands before one of
    the words whose numbers are `breaks`: there recorded words may lie between.
    """
    ours, theirs = [word.form for word in recorded], [word.form for word in purported]
    if breaks and len(ours) * len(theirs) <= _LARGE:
        start, end = _window(recorded, purported, breaks)
        pairs = _path(ours, theirs, breaks, (start, end), (0, len(theirs)), _FREE)
    else:
        pairs = _part_by_part(recorded, purported, breaks)
    steps = _grouped(pairs, recorded, purported, breaks)
    return [part for step in steps for part in _rejoined(step, recorded, purported)]


def _part_by_part(recorded: Sequence[Word], purported: Sequence[Word], breaks: Breaks) -> list[Pair]:
    """Align what stands between ellipses, each part behind the one before it."""
    anchored, found, at = _Anchored(recorded, purported), list[Pair](), 0
    for part in pairwise([0, *sorted(breaks), len(purported)]):
        found += anchored.pairs((at, len(recorded)), part, _FREE)
        at = max((one + 1 for one, _ in found if one is not None), default=0)
    return found


class _Anchored:
    """Aligns what lies between the longest stretches that both texts have, which are few words if any."""

    def __init__(self, recorded: Sequence[Word], purported: Sequence[Word]) -> None:
        self._recorded, self._purported = recorded, purported
        self._ours, self._theirs = [word.form for word in recorded], [word.form for word in purported]
        self._matcher = SequenceMatcher(None, self._ours, self._theirs, autojunk=False)

    def pairs(self, ours: Range, theirs: Range, free: Free) -> list[Pair]:
        """Return the alignment of a range of recorded words with one of the quotation's."""
        if ours[0] == ours[1] or theirs[0] == theirs[1]:
            left_out = [] if any(free) else [(at, None) for at in range(*ours)]
            return [*left_out, *((None, at) for at in range(*theirs))]
        deadlines.look()
        found = self._matcher.find_longest_match(*ours, *theirs)
        near = self._near(ours, theirs, free)
        large = (near[1] - near[0]) * (theirs[1] - theirs[0]) > _LARGE
        if not found.size and large:
            # Nothing is like anything here, however one aligns it.
            return [*((at, None) for at in range(*ours) if not any(free)), *((None, at) for at in range(*theirs))]
        if found.size < min(_ANCHOR, theirs[1] - theirs[0]) and not large:
            return _path(self._ours, self._theirs, frozenset(), near, theirs, free)
        before = self.pairs((ours[0], found.a), (theirs[0], found.b), (free[0], False))
        behind = self.pairs((found.a + found.size, ours[1]), (found.b + found.size, theirs[1]), (False, free[1]))
        return [*before, *((found.a + at, found.b + at) for at in range(found.size)), *behind]

    def _near(self, ours: Range, theirs: Range, free: Free) -> Range:
        """Return as much of the recorded words as the quotation's may be aligned with."""
        size = _window_size(theirs[1] - theirs[0])
        if all(free):
            start, end = _window(self._recorded[slice(*ours)], self._purported[slice(*theirs)], frozenset())
            return ours[0] + start, ours[0] + end
        if free[0]:
            return max(ours[0], ours[1] - size), ours[1]
        return (ours[0], min(ours[1], ours[0] + size)) if free[1] else ours


def _window_size(words: int) -> int:
    return words * 3 // 2 + 16


def _window(recorded: Sequence[Word], purported: Sequence[Word], breaks: Breaks) -> tuple[int, int]:
    """Return the stretch of a long recorded text that holds most of the quotation."""
    size = _window_size(len(purported))
    if len(recorded) * len(purported) <= _MOST_CELLS or (breaks and len(recorded) <= 2 * size):
        return 0, len(recorded)
    wanted = {word.form for word in purported}
    often = Counter(word.form for word in recorded)
    weights = [1 / often[word.form] if word.form in wanted else 0.0 for word in recorded]
    if breaks:
        held = [at for at, weight in enumerate(weights) if weight >= 0.2]
        return (max(0, held[0] - 4), min(len(recorded), held[-1] + 5)) if held else (0, len(recorded))
    weight = best = sum(weights[:size])
    at = 0
    for end in range(size, len(recorded)):
        weight += weights[end] - weights[end - size]
        if weight > best + 1e-9:
            best, at = weight, end - size + 1
    return at, min(at + size, len(recorded))


class _Row(NamedTuple):
    """What is kept of a row of the tables, to find the way back: for each column, whether a gap goes on there, by which
    step its best value was reached, with and without a gap in the quotation, and where an ellipsis came from."""

    inserts_on: bytearray
    deletes_on: bytearray
    reached: bytearray
    ended: bytearray
    skipped: list[int] | None


def _path(
    recorded: list[str], purported: list[str], breaks: Breaks, ours: Range, theirs: Range, free: Free
) -> list[Pair]:
    """Return the best alignment of two ranges of words as pairs of places.

    A place is None where the other's word has no counterpart. `free`: whether recorded words may be left out at the
    beginning and at the end for nothing.
    """
    part = recorded[slice(*ours)]
    width = len(part) + 1
    equal = {form: _values(form, part) for form in set(purported[slice(*theirs)])}
    # The best value of each column of the last row, and that of those which end with a word put in.
    best = [0] * width if free[0] else [0, *range(_FIRST, _FIRST + _FURTHER * (width - 1), _FURTHER)]
    insert = [_NEVER] * width
    rows = []
    for number in range(*theirs):
        deadlines.look()
        skipped = None
        if number in breaks:
            best, skipped = _running(best)
            insert = [_NEVER] * width
        pair = [_NEVER, *map(add, best, equal[purported[number]])]
        fresh, further = [value + _FIRST for value in best], [value + _FURTHER for value in insert]
        insert = list(map(max, fresh, further))
        ended = list(map(max, pair, insert))
        delete, deletes_on = _deletions(ended)
        best = list(map(max, ended, delete))
        by = bytearray(_PAIR if one >= two else _INSERT for one, two in zip(pair, insert, strict=True))
        reached = bytearray(_DELETE if gap > end else step for gap, end, step in zip(delete, ended, by, strict=True))
        rows.append(_Row(bytearray(map(lt, fresh, further)), deletes_on, reached, by, skipped))
    if free[1]:
        # What is recorded behind the quotation is free, so no gap in it is ever the last.
        column = ended.index(max(ended))
        found, left = _traced(rows, column, rows[-1].ended[column])
    else:
        found, left = _traced(rows, width - 1, rows[-1].reached[width - 1])
    if not free[0]:
        found = [*((at, None) for at in range(left)), *found]
    return [
        (None if one is None else one + ours[0], None if other is None else other + theirs[0]) for one, other in found
    ]


def _values(form: str, recorded: list[str]) -> list[int]:
    worth = _COMMON if form in COMMON else _TELLING
    return [worth if same(form, each) else _DIFFERENT for each in recorded]


def _deletions(ended: list[int]) -> tuple[list[int], bytearray]:
    """Return the best values that end with recorded words left out, and where those gaps go on."""
    found, on = [_NEVER], bytearray(1)
    gap = _NEVER
    for value in ended[:-1]:
        goes_on = gap + _FURTHER > value + _FIRST
        gap = gap + _FURTHER if goes_on else value + _FIRST
        found.append(gap)
        on.append(goes_on)
    return found, on


def _running(best: list[int]) -> tuple[list[int], list[int]]:
    """Return for each place the best value up to there, and where that is."""
    values = list(accumulate(best, max))
    places, at = [], 0
    for place, value in enumerate(best):
        if value > best[at]:
            at = place
        places.append(at)
    return values, places


def _traced(rows: list[_Row], column: int, step: int) -> tuple[list[Pair], int]:
    """Return the way back from a column of the last row, in its order, and the column where it begins."""
    found: list[Pair] = []
    number = len(rows)
    while number:
        row = rows[number - 1]
        if step == _DELETE:
            step = _DELETE if row.deletes_on[column] else row.ended[column - 1]
            column -= 1
            found.append((column, None))
            continue
        number -= 1
        if step == _PAIR:
            column -= 1
            found.append((column, number))
        else:
            found.append((None, number))
            if row.inserts_on[column]:
                continue
        if row.skipped:
            column = row.skipped[column]
        step = rows[number - 1].reached[column] if number else _PAIR
    found.reverse()
    return found, column


def _grouped(
    pairs: list[Pair],
    recorded: Sequence[Word],
    purported: Sequence[Word],
    breaks: Breaks,
) -> Iterator[Step]:
    """Give stretches that are equal and stretches that differ, none of which goes over an ellipsis."""
    part = 0
    keyed = []
    for one, other in pairs:
        part += other is not None and other in breaks
        equal = one is not None and other is not None and same(recorded[one].form, purported[other].form)
        keyed.append((part, equal, one, other))
    # Where each part begins; words put in before its first are put in there.
    begins: dict[int, int] = {}
    for number, _, one, _ in keyed:
        if one is not None:
            begins.setdefault(number, one)
    p, r, last = 0, 0, -1
    for (number, equal), group in groupby(keyed, lambda each: each[:2]):
        stretch = list(group)
        if number != last:
            r, last = begins.get(number, r), number
        ones = [one for _, _, one, _ in stretch if one is not None]
        others = [other for _, _, _, other in stretch if other is not None]
        ours, theirs = slice(r, r + len(ones)), slice(p, p + len(others))
        r, p = ours.stop, theirs.stop
        yield Step("equal" if equal else _kind(ours, theirs), ours, theirs)


def _kind(recorded: slice, purported: slice) -> Kind:
    if recorded.stop == recorded.start:
        return "insert"
    return "delete" if purported.stop == purported.start else "replace"


def _rejoined(step: Step, recorded: Sequence[Word], purported: Sequence[Word]) -> Iterator[Step]:
    """Take out of a replaced stretch what only is written apart or together: `health care`, `healthcare`."""
    if step.kind != "replace" or len(recorded[step.recorded]) + len(purported[step.purported]) > _LONGEST_JOINED:
        yield step
        return
    r, p = [word.form for word in recorded[step.recorded]], [word.form for word in purported[step.purported]]
    found = next(((i, j, a, b) for i, j, a, b in _joinings(r, p) if joined(r[i:a]) == joined(p[j:b])), None)
    if found is None:
        yield step
        return
    i, j, a, b = found
    before, behind = (slice(0, i), slice(0, j)), (slice(a, len(r)), slice(b, len(p)))
    for one, other, equal in ((*before, False), (slice(i, a), slice(j, b), True), (*behind, False)):
        if one.stop > one.start or other.stop > other.start:
            ours = slice(step.recorded.start + one.start, step.recorded.start + one.stop)
            theirs = slice(step.purported.start + other.start, step.purported.start + other.stop)
            part = Step("equal" if equal else _kind(ours, theirs), ours, theirs)
            yield from (part,) if equal else _rejoined(part, recorded, purported)


def _joinings(recorded: list[str], purported: list[str]) -> Iterator[tuple[int, int, int, int]]:
    """Give where several words of one side may be one of the other."""
    for i in range(len(recorded)):
        for j in range(len(purported)):
            for a in range(i + 1, min(i + _JOINABLE, len(recorded)) + 1):
                for b in range(j + 1, min(j + _JOINABLE, len(purported)) + 1):
                    if (a - i == 1) != (b - j == 1):
                        yield i, j, a, b
