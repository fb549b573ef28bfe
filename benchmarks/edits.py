"""Quotations made from sentences by edits of known kinds, with the verdict that each must get.

The edits go by what is printed, word by word, and share nothing with how quotations are compared.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import NamedTuple

# Names that the sentences do not hold.
_STRANGERS = ("Lindqvist", "Okonkwo", "Maribor", "Tanizaki")
_DENIED = re.compile(r"\b(is|are|was|were|do|does|did|has|have|will|would|could|should)(?:n't| not)\b", re.IGNORECASE)
_CANNOT = re.compile(r"\b(?:can't|cannot|won't)\b", re.IGNORECASE)
_DENIABLE = re.compile(r"\b(is|are|was|were|will|would|could|should|must)\b(?! not|n't)")
_NUMBER = re.compile(r"(?<![\w.,])\d+(?:,\d{3})*(?:\.\d+)?(?![\w]|,\d|\.\d)")
_CAPITAL = re.compile(r"(?<=[a-z,] )[A-Z][a-z]{3,}\b(?!['’])")
_WORD = re.compile(r"\w")


class Edit(NamedTuple):
    """A purported quotation: what was done to the sentence, whose it is said to be, and the verdicts that are right."""

    kind: str
    text: str
    speaker: str
    right: tuple[str, ...]


def edits(sentence: str, speaker: str, stranger: str, dice: random.Random) -> Iterator[Edit]:
    """Yield a quotation of each kind that a sentence allows; `stranger` is somebody else who is recorded."""
    printed = [word for word in sentence.split() if _WORD.search(word)]
    whole = " ".join(printed)
    yield Edit("verbatim", sentence, speaker, ("verbatim",))
    yield Edit("speaker swapped", whole, stranger, ("misattributed",))
    if len(printed) >= 8:
        start = dice.randint(0, len(printed) - 6)
        end = dice.randint(start + 5, len(printed) - (start == 0))
        yield Edit("excerpt", " ".join(printed[start:end]), speaker, ("excerpt",))
        at = dice.randint(2, len(printed) - 4)
        shortened = [*printed[:at], *printed[at + 2 :]]
        yield Edit("two words dropped", " ".join(shortened), speaker, ("altered",))
        yield Edit("ellipsis declared", " ".join([*printed[:at], "…", *printed[at + 2 :]]), speaker, ("excerpt",))
        one, other = dice.sample(range(len(printed) - 1), 2)
        if (moved := _swapped(printed, one, other)) != printed:
            yield Edit("words reordered", " ".join(moved), speaker, ("altered",))
    for kind, changed in (
        ("number changed", _number(sentence, dice)),
        ("negation flipped", _negation(sentence)),
        ("name swapped", _name(sentence, dice)),
    ):
        if changed:
            yield Edit(kind, changed, speaker, ("altered",))


def _swapped(printed: list[str], one: int, other: int) -> list[str]:
    moved = list(printed)
    moved[one], moved[other] = moved[other], moved[one]
    same = re.sub(r"\W", "", printed[one]).lower() == re.sub(r"\W", "", printed[other]).lower()
    return printed if same else moved


def _number(sentence: str, dice: random.Random) -> str | None:
    found = _NUMBER.search(sentence)
    if not found:
        return None
    value = int(re.sub(r"\D", "", found[0].split(".")[0]))
    return f"{sentence[: found.start()]}{value + dice.randint(1, 9)}{sentence[found.end() :]}"


def _negation(sentence: str) -> str | None:
    if _DENIED.search(sentence):
        return _DENIED.sub(r"\1", sentence, count=1)
    if _CANNOT.search(sentence):
        return _CANNOT.sub(lambda found: "will" if found[0][0] in "wW" else "can", sentence, count=1)
    return _DENIABLE.sub(r"\1 not", sentence, count=1) if _DENIABLE.search(sentence) else None


def _name(sentence: str, dice: random.Random) -> str | None:
    return _CAPITAL.sub(dice.choice(_STRANGERS), sentence, count=1) if _CAPITAL.search(sentence) else None
