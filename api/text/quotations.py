"""Quotations as they are compared: words in one spelling, with their places; ellipses and insertions that are declared.

Two wordings are the same where these words are: case, accents, quotation marks, dashes and other punctuation play no
part, a contraction is its long form, and a number is its value, in words or digits.
"""

from __future__ import annotations

import re
from bisect import bisect_left as bisect
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, NamedTuple

from api.text import numerals, tokens

Declarable = Literal["ellipsis", "insertion"]

# In this order: an ellipsis in or out of brackets; what is mended or put in, in brackets; a number; a word with what
# an apostrophe joins to it; and the signs that are read as words. Written with the classes of letters, of these with
# digits, and of both with the marks on them and what is unseen in them.
_DOTS = r"(?:…|\.(?:[ \u00a0]?\.){2,3})"
_ELLIPSIS = rf"(?P<ellipsis>\[\s*{_DOTS}\s*\]|\(\s*{_DOTS}\s*\)|{_DOTS})"
_BRACKETS = (
    r"(?P<mended>[LETTERS]*\[[LETTERS]+\][LETTERS]+|[LETTERS]+\[[LETTERS]+\])"
    r"|(?P<open>\[)|(?P<close>\])"
)
_PIECES = (
    rf"(?P<number>{numerals.DIGITS})"
    r"|(?P<word>[WORD]+(?:['’ʼ＇][LETTERS]+)*)"
    r"|(?P<sign>[%&$€£])"
)
_ASCII = {"LETTERS": "A-Za-z", "WORD": "A-Za-z0-9"}
_UNICODE = {
    "LETTERS": r"\p{L}\p{M}",
    "WORD": r"\p{L}\p{N}\p{M}\p{Default_Ignorable_Code_Point}--\u200b",
}
# Signs that are no letters and stand in texts that have only ASCII letters.
_PRINTED = str.maketrans("", "", "“”„‘’‚«»‹›–—‑…€£\u00a0\u2009\u202f")
_SIGNS = {"%": "percent", "&": "and", "$": "dollar", "€": "euro", "£": "pound"}
_CURRENCIES = frozenset({"dollar", "euro", "pound"})
_APOSTROPHES = str.maketrans("’ʼ＇", "'''")

# What an apostrophe and some letters stand for. Two of them stand for several words, see `same`.
_CLITICS = {"'re": "are", "'ve": "have", "'ll": "will", "'m": "am", "'d": "'d", "'s": "'s"}
_EITHER = {"'s": frozenset({"is", "has"}), "'d": frozenset({"would", "had"})}
_NOT = {"ca": "can", "wo": "will", "sha": "shall"}
_BEFORE_NOT = (
    "do", "does", "did", "is", "are", "was", "were", "have", "has", "had", "would", "could", "should", "must",
    "might", "need", "ca", "wo", "sha",
)  # fmt: skip
# Written in one, and where the second of the two words begins.
_JOINED: dict[str, tuple[tuple[str, str], int]] = {
    "cannot": (("can", "not"), 3),
    "gonna": (("going", "to"), 3),
    "wanna": (("want", "to"), 3),
    "gotta": (("got", "to"), 3),
    "let's": (("let", "us"), 3),
    **{f"{base}n{mark}t": ((_NOT.get(base, base), "not"), len(base)) for base in _BEFORE_NOT for mark in ("'", "")},
}


class Word(NamedTuple):
    """One word in the spelling by which it is compared, and where it stands in the text, in code points.

    It is `bracketed` where it was inserted in brackets, and `initial` where a sentence begins with it.
    """

    form: str
    start: int
    end: int
    bracketed: bool = False
    initial: bool = False


class Declared(NamedTuple):
    """What a quotation itself says was left out or put in, and where, in code points."""

    kind: Declarable
    text: str
    at: int


@dataclass(slots=True)
class Quotation:
    """A text taken apart: its words, the numbers of those before which an ellipsis stands, and what is declared."""

    text: str
    words: list[Word] = field(default_factory=list)
    breaks: set[int] = field(default_factory=set)
    declared: list[Declared] = field(default_factory=list)

    @property
    def parts(self) -> list[str]:
        """The text between the ellipses."""
        found, start = [], 0
        for kind, shown, at in self.declared:
            if kind == "ellipsis":
                found.append(self.text[start:at])
                start = at + len(shown)
        return [*found, self.text[start:]]

    @property
    def forms(self) -> list[str]:
        """The words as they are compared."""
        return [word.form for word in self.words]


def same(one: str, other: str) -> bool:
    """Tell whether two words are equal; `'s` and `'d` stand for either of two."""
    return one == other or other in _EITHER.get(one, ()) or one in _EITHER.get(other, ())


def joined(forms: list[str]) -> str:
    """Return words written in one, since spaces, hyphens and apostrophes play no part."""
    return "".join(forms).replace("'", "")


def read(text: str) -> Quotation:
    """Take a quotation apart."""
    found = Quotation(text)
    breaks: list[int] = []
    found.words = list(_merged(list(_counted(text, list(_pieces(found, breaks))))))
    if all(word.bracketed for word in found.words):
        # What is in brackets as a whole is inserted into nothing.
        found.words = [word._replace(bracketed=False) for word in found.words]
    starts = [word.start for word in found.words]
    # What is left out before the first word or after the last parts nothing.
    found.breaks = {at for each in breaks if 0 < (at := bisect(starts, each)) < len(starts)}
    return found


def _counted(text: str, words: list[Word]) -> Iterator[Word]:
    """Make one word of those that write out one number, which nothing but spaces and hyphens parts."""
    together: list[Word] = []
    for word in words:
        if together and text[together[-1].end : word.start].strip(" -\u00a0\u2010\u2011\u202f"):
            yield from _numbers(together)
            together = []
        together.append(word)
    yield from _numbers(together)


def _numbers(words: list[Word]) -> Iterator[Word]:
    at = 0
    for form, start, end in numerals.runs([word.form for word in words]):
        yield from words[at:start]
        yield words[start]._replace(form=form, end=words[end - 1].end)
        at = end
    yield from words[at:]


def _merged(words: list[Word]) -> Iterator[Word]:
    """Put a currency's sign behind its number, where the word stands: `$5` is `5 dollars`."""
    waiting: Word | None = None
    previous = ""
    for word in words:
        if word.form in _CURRENCIES and word.end - word.start == 1:
            waiting = word
            continue
        if waiting and numerals.is_number(word.form):
            yield word
            yield waiting
            waiting, previous = None, ""
            continue
        if waiting:
            yield waiting
            waiting = None
        if numerals.is_number(previous) and word.form.removesuffix("s") in _CURRENCIES:
            word = word._replace(form=word.form.removesuffix("s"))
        yield word
        previous = word.form
    if waiting:
        yield waiting


def _pieces(found: Quotation, breaks: list[int]) -> Iterator[Word]:
    text, opened, initial, end = found.text, -1, True, 0
    bracketed = "[" in text
    for piece in _pattern(text.translate(_PRINTED).isascii(), bracketed).finditer(text):
        start = piece.start()
        initial = initial or any(mark in ".!?:\n" for mark in text[end:start])
        if piece["ellipsis"]:
            found.declared.append(Declared("ellipsis", piece[0], start))
            breaks.append(start)
            initial = True
        elif bracketed and piece["mended"]:
            found.declared.append(Declared("insertion", piece[0], start))
            whole = piece[0].replace("[", "").replace("]", "")
            yield Word(joined([form for form, _, _ in _taken_apart(whole)]), start, piece.end(), True, initial)
            initial = False
        elif bracketed and piece["open"]:
            opened = start
        elif bracketed and piece["close"]:
            if opened >= 0:
                found.declared.append(Declared("insertion", text[opened : piece.end()], opened))
            opened = -1
        else:
            for word in _words(piece, opened >= 0):
                yield word._replace(initial=initial)
                initial = False
        end = piece.end()


def _words(piece: Any, bracketed: bool) -> Iterator[Word]:
    start, end = piece.span()
    if piece["number"]:
        yield Word(numerals.of_digits(piece[0]), start, end, bracketed)
    elif piece["sign"]:
        yield Word(_SIGNS[piece[0]], start, end, bracketed)
    else:
        yield from (Word(form, start + at, start + to, bracketed) for form, at, to in _taken_apart(piece[0]))


def _taken_apart(word: str) -> list[tuple[str, int, int]]:
    """Return the words that one with apostrophes stands for, and their places in it."""
    plain = word.translate(_APOSTROPHES).lower()
    if plain in _JOINED:
        (first, second), at = _JOINED[plain]
        return [(first, 0, at), (second, at, len(word))]
    base, mark, rest = plain.rpartition("'")
    if mark and base and (clitic := _CLITICS.get(mark + rest)):
        return [*_taken_apart(word[: len(base)]), (clitic, len(base), len(word))]
    if word.isascii():
        return [(plain.replace("'", ""), 0, len(word))]
    return _folded(word)


def _folded(word: str) -> list[tuple[str, int, int]]:
    found = []
    for token in tokens.tokens(word):
        # Of a script without spaces each character is compared by itself, not the pairs by which it is searched.
        spaceless = tokens.is_spaceless(token.word)
        form = token.word[0] if spaceless else token.word
        found.append((form, token.start, token.start + 1 if spaceless else token.end))
    return found


@cache
def _pattern(ascii: bool, bracketed: bool) -> Any:
    """Return the pattern of pieces; for texts in ASCII letters one of Python's own, which is several times as fast."""
    pattern = "|".join([_ELLIPSIS, *([_BRACKETS] if bracketed else []), _PIECES])
    for name, members in (_ASCII if ascii else _UNICODE).items():
        pattern = pattern.replace(name, members)
    if ascii:
        return re.compile(pattern, re.IGNORECASE)
    import regex

    return regex.compile(pattern, regex.VERSION1 | regex.IGNORECASE)
