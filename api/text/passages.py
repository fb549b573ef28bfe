"""Passages (shingles): marks of a text's wording by which a quotation of any part of it is found, changed or not.

They are pairs of neighbouring telling words, and runs of three words of which at most one is telling, for what is
said in common words alone. Numbers and the words that contractions hide are left out before, as are endings, so that
a changed number, a flipped negation or another form of a word leaves most of them as they were.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from api.text import numerals, tokens
from api.text.wordlists import COMMON

# No word of a text holds this sign, so that no passage is ever taken for a word.
_JOINT = "¦"
_HIDDEN = (
    "s t d m ll ve re is has have had would will are am not isn aren haven hasn hadn wouldn won cannot can cant wont "
    "im ive isnt arent havent hasnt wouldnt"
)
_LONG = {
    "don": "do", "dont": "do", "doesn": "does", "doesnt": "does", "didn": "did", "didnt": "did", "wasn": "was",
    "wasnt": "was", "weren": "were", "couldn": "could", "shouldn": "should", "its": "it", "hes": "he", "thats": "that",
}  # fmt: skip
_LEFT_OUT = frozenset(_HIDDEN.split()) | numerals.WORDS


def of(words: Iterable[str]) -> list[str]:
    """Return the passages of a text in their order, given its words as they are indexed (`tokens.words`)."""
    kept = [_LONG.get(word, word) for word in words if word not in _LEFT_OUT and not word.isdigit()]
    telling = tokens.stems([word for word in kept if word not in COMMON], "en")
    found = [f"{one}{_JOINT}{other}" if one < other else f"{other}{_JOINT}{one}" for one, other in pairwise(telling)]
    common = [word in COMMON for word in kept]
    for at in range(len(kept) - 2):
        if common[at] + common[at + 1] + common[at + 2] >= 2:
            found.append(_JOINT.join(kept[at : at + 3]))
    return found
