"""Two wordings compared: whether one is the other or a part of it, and of what kind each change is.

What decides is which words differ, never how many: a flipped negation or a changed number leaves any measure of
likeness close to one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from api.text import numerals, tokens
from api.text.alignment import Step, align
from api.text.quotations import Quotation, Word
from api.text.wordlists import AUXILIARIES, COMMON, DENYING, MODALS, NEGATIONS
from schemas.vocabulary import CHANGES

# A bracket stands for at most so many words, and for none of those that decide what is said.
_MOST_REPLACED = 5
# Fewer words than these are found only unchanged, since too many texts share them; a sentence by which a longer
# quotation is found has as many, and two that tell it from others.
SHORTEST, _TELLING = 4, 2
# The letters that a number counts as.
_NUMBER = 3


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a quotation differs from what is recorded: the steps from one to the other, and the kinds of changes.

    `exact`: nothing was changed but what it declares. `whole`: it leaves nothing out. `score` is the share of letters
    that both have, of those where it lies, 0 to 1; `covered` that of the quotation's own which are recorded, and
    `sentence` the same of the one of its sentences that is recorded best. `run` is how many words its longest stretch
    without a change has, of those that tell it from other texts.
    """

    steps: tuple[Step, ...]
    changes: tuple[str, ...]
    exact: bool
    whole: bool
    score: float
    covered: float
    sentence: float
    run: int


def compare(recorded: Quotation, purported: Quotation) -> Comparison:
    """Return how a quotation differs from a recorded text."""
    steps = list(_merged(align(recorded.words, purported.words, purported.breaks)))
    steps = _with_negation(steps, recorded.words)
    altered = [step for step in steps if not _allowed(step, recorded.words, purported.words)]
    whole = _whole(steps, recorded.words)
    score, covered = _shares(steps, recorded.words, purported.words)
    changes = tuple(_changes(altered, recorded, purported))
    exact = not altered and any(step.kind == "equal" for step in steps)
    sentence, run = _best_sentence(steps, purported.words), _longest_run(steps, purported.words)
    return Comparison(tuple(steps), changes, exact, whole, score, covered, sentence, run)


def _with_negation(steps: list[Step], recorded: list[Word]) -> list[Step]:
    """Return the steps with what was cut off, where that is nothing but the word that denies all the rest."""
    if not steps:
        return steps
    before, behind = slice(0, steps[0].recorded.start), slice(steps[-1].recorded.stop, len(recorded))
    if [word.form in DENYING for word in (*recorded[before], *recorded[behind])] != [True]:
        return steps
    end = steps[-1].purported.stop
    if recorded[before]:
        return [Step("delete", before, slice(0, 0)), *steps]
    return [*steps, Step("delete", behind, slice(end, end))]


def _longest_run(steps: list[Step], purported: list[Word]) -> int:
    runs = [purported[step.purported] for step in steps if step.kind == "equal"]
    return max((len(words) for words in runs if len(telling(words)) > _TELLING), default=0)


def _best_sentence(steps: list[Step], purported: list[Word]) -> float:
    """Return how much of a sentence is recorded, of the one of which most is, among those long enough to tell."""
    equal = {at for step in steps if step.kind == "equal" for at in range(step.purported.start, step.purported.stop)}
    starts = [at for at, word in enumerate(purported) if word.initial or not at]
    best = 0.0
    for start, end in pairwise([*starts, len(purported)]):
        words = purported[start:end]
        if len(words) >= SHORTEST and len(telling(words)) >= _TELLING:
            held = letters(purported[at] for at in range(start, end) if at in equal)
            best = max(best, held / letters(words))
    return best


def likeness(compared: Comparison, recorded: Quotation, purported: Quotation) -> float:
    """Return the share of letters that two whole texts have in common, 0 to 1."""
    ours, theirs = letters(recorded.words), letters(purported.words)
    return compared.covered * 2 * theirs / (ours + theirs) if ours + theirs else 0.0


def shared(recorded: Quotation, purported: Quotation) -> int:
    """Return how many letters the words of a quotation have that a text holds somewhere."""
    ours = {word.form for word in recorded.words}
    return letters(word for word in purported.words if word.form in ours)


def letters(words: Iterable[Word]) -> int:
    """Return how many letters words have; a number counts as a short word, however large it is."""
    return sum(_NUMBER if numerals.is_number(word.form) else len(word.form) for word in words)


def telling(words: list[Word]) -> list[Word]:
    """Return the words that tell one text from another: neither common ones nor numbers."""
    return [word for word in words if word.form not in COMMON and not numerals.is_number(word.form)]


def _merged(steps: list[Step]) -> Iterator[Step]:
    """Give equal stretches that follow each other in both texts as one."""
    last: Step | None = None
    for step in steps:
        if (
            last is not None
            and last.kind == step.kind == "equal"
            and (last.recorded.stop, last.purported.stop) == (step.recorded.start, step.purported.start)
        ):
            last = Step(
                "equal",
                slice(last.recorded.start, step.recorded.stop),
                slice(last.purported.start, step.purported.stop),
            )
            continue
        if last is not None:
            yield last
        last = step
    if last is not None:
        yield last


def _allowed(step: Step, recorded: list[Word], purported: list[Word]) -> bool:
    """Tell whether a step changes nothing, or only what it says: words in brackets, for a few or for none."""
    if step.kind == "equal":
        return True
    ours, theirs = recorded[step.recorded], purported[step.purported]
    if all(word.bracketed for word in theirs) and theirs:
        decisive = [word for word in ours if _decisive(word.form) and word.form not in {each.form for each in theirs}]
        return len(ours) <= _MOST_REPLACED and not decisive
    # In what is recorded, brackets hold what nobody said: applause, laughter.
    return not theirs and all(word.bracketed for word in ours)


def _decisive(form: str) -> bool:
    return numerals.is_number(form) or form in NEGATIONS or form in MODALS


def _whole(steps: list[Step], recorded: list[Word]) -> bool:
    covered = {at for step in steps for at in range(step.recorded.start, step.recorded.stop)}
    return all(at in covered or word.bracketed for at, word in enumerate(recorded))


def _shares(steps: list[Step], recorded: list[Word], purported: list[Word]) -> tuple[float, float]:
    """Return the share of letters in common, and that of the quotation's own which are recorded.

    What makes a change and is no part of what was said otherwise, such as a negation, is missing from neither; another
    form of a word is the same word.
    """
    both = ours = theirs = covered = 0
    said = letters(purported)
    for step in steps:
        left = letters(word for word in recorded[step.recorded] if not word.bracketed)
        right = letters(word for word in purported[step.purported] if not word.bracketed or step.kind == "equal")
        ours, theirs = ours + left, theirs + right
        if step.kind == "equal":
            both, covered = both + left + right, covered + right
        else:
            said -= right - letters(_missing(recorded[step.recorded], purported[step.purported]))
    return (both / (ours + theirs) if ours + theirs else 0.0, covered / said if said else 0.0)


def _missing(recorded: list[Word], purported: list[Word]) -> list[Word]:
    """Return the changed words of a quotation that speak against its being on record."""
    wanted = [word for word in purported if not (word.bracketed or word.form in AUXILIARIES or _decisive(word.form))]
    held = set(tokens.stems([word.form for word in recorded], "en"))
    stems = tokens.stems([word.form for word in wanted], "en")
    return [word for word, stem in zip(wanted, stems, strict=True) if stem not in held]


def _changes(altered: list[Step], recorded: Quotation, purported: Quotation) -> list[str]:
    """Return the kinds of changes in a fixed order."""
    gone = [word for step in altered for word in recorded.words[step.recorded]]
    come = [word for step in altered for word in purported.words[step.purported] if not word.bracketed]
    if not gone and not come:
        return []
    moved = Counter(word.form for word in gone) & Counter(word.form for word in come)
    found: set[str] = {"order"} if moved else set()
    found |= {kind for form in moved if (kind := _kind_of_form(form)) is not None}
    shouted = {quotation.text.upper() == quotation.text for quotation in (recorded, purported)} != {False}
    gone, come = _without(gone, moved), _without(come, moved)
    for words, quotation in ((gone, recorded), (come, purported)):
        for word in words:
            named = not shouted and _is_name(word, quotation, [*gone, *come])
            found.add(_kind_of_form(word.form) or ("name" if named else "word"))
    return [kind for kind in CHANGES if kind in found]


def _without(words: list[Word], moved: Counter[str]) -> list[Word]:
    left = Counter(moved)
    kept = []
    for word in words:
        if left[word.form]:
            left[word.form] -= 1
        else:
            kept.append(word)
    return kept


def _kind_of_form(form: str) -> str | None:
    if numerals.is_number(form):
        return "number"
    if form in NEGATIONS:
        return "negation"
    return "modal" if form in MODALS else None


def _is_name(word: Word, quotation: Quotation, among: list[Word]) -> bool:
    """Tell whether a word is a proper name by its capital letter, which at the beginning of a sentence says little:
    there only if it takes the place of another that has one, or gives way to it.
    """
    if word.form in COMMON or not quotation.text[word.start].isupper():
        return False
    return not word.initial or len([each for each in among if each.initial and each.form not in COMMON]) > 1
