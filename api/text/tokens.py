"""The analyzer, words as they are indexed and searched: cut, folded, without accents; stems; pairs of characters where
writing has no spaces. Both databases index these ready tokens, so both find the same records."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache
from itertools import pairwise
from operator import add
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import regex

from schemas.characters import APOSTROPHES

# A longer word is cut: PostgreSQL's lexemes hold 2 KB, and nobody types so much of one.
LONGEST = 100
# Scripts written without spaces between words; Hangul has spaces. The marks behind them belong to no one script.
_SPACELESS = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}々〆ーｰﾞﾟ"
# What stands inside a word unseen, such as soft hyphens and joiners (Unicode Standard Annex 29, rule WB4). The
# zero-width space is none of them: it parts words.
_UNSEEN = r"[\p{Default_Ignorable_Code_Point}--\u200b]"
# A run of such a script, or a word of any other: letters and digits with the marks that belong to them.
_RUN = (
    rf"(?P<run>[[{_SPACELESS}]--\p{{P}}][[{_SPACELESS}\p{{M}}{_UNSEEN}]--\p{{P}}]*)"
    rf"|[[\p{{L}}\p{{N}}]--[{_SPACELESS}{APOSTROPHES}]]"
    rf"[[\p{{L}}\p{{N}}\p{{M}}{_UNSEEN}]--[{_SPACELESS}{APOSTROPHES}]]*"
)
# A letter with all that is put on it.
_LETTER = rf".[\p{{M}}{_UNSEEN}ﾞﾟ]*"
# The same when folded; vowels of spaceless scripts that are marks count as letters.
_LETTERS = rf"[{_SPACELESS}][\p{{M}}--[{_SPACELESS}]]*"
# Accents, points and other marks. Those of the classes 8, 9 and 84 to 132 (Unicode Standard, table 4-3) are no
# accents: the voicing of kana, the viramas of India, vowels and tones of Thai, Lao and Tibetan.
_KEPT = "".join(rf"\p{{Canonical_Combining_Class={n}}}" for n in (8, 9, 84, 91, 103, 107, 118, 122, 129, 130, 132))
_ACCENTS = rf"[[\P{{Canonical_Combining_Class=0}}\p{{Me}}{_UNSEEN}]--[{_KEPT}]]"
# A word of what is all ASCII.
_PLAIN_WORD = re.compile(r"[a-z0-9]+")
# What stands between a word and its possessive, and after what these are none but "is", "has" or "us".
_JOINING = frozenset(APOSTROPHES)
_CONTRACTED = frozenset(
    {"he", "here", "how", "it", "let", "she", "that", "there", "what", "when", "where", "who", "why"}
)
# Articles and pronouns that lose their vowel before another, in French, Italian and Catalan.
_ELIDED = frozenset({"c", "d", "dall", "dell", "j", "l", "m", "n", "nell", "qu", "sull", "all"})
# Letters with a stroke and ligatures, which Unicode does not take apart; people without such keys type these.
_PLAIN = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"}
)

# Snowball's stemmers (https://snowballstem.org) by the language tags they serve.
_STEMMERS = {
    "ar": "arabic", "hy": "armenian", "eu": "basque", "ca": "catalan", "cs": "czech", "da": "danish",
    "nl": "dutch", "en": "english", "eo": "esperanto", "et": "estonian", "fi": "finnish", "fr": "french",
    "de": "german", "el": "greek", "hi": "hindi", "hu": "hungarian", "id": "indonesian", "ga": "irish",
    "it": "italian", "lt": "lithuanian", "ne": "nepali", "nb": "norwegian", "nn": "norwegian",
    "no": "norwegian", "fa": "persian", "pl": "polish", "pt": "portuguese", "ro": "romanian",
    "ru": "russian", "sr": "serbian", "es": "spanish", "sv": "swedish", "ta": "tamil", "tr": "turkish",
    "yi": "yiddish",
}  # fmt: skip


class Token(NamedTuple):
    """One indexed word, and where its letters stand in the text, in code points."""

    word: str
    start: int
    end: int


def words(text: str) -> list[str]:
    """Return the tokens of a text in their order, folded.

    A run of n characters of a script without spaces gives n tokens: each pair that overlaps, and the
    last character alone, so that a single character can be found as the beginning of a token.
    """
    if text.isascii():
        # The same, ten times as fast, for most of what is written in English.
        return [word[:LONGEST] for word in _PLAIN_WORD.findall(text.lower())]
    found: list[str] = []
    for part in _pattern(_RUN).finditer(text):
        if part["run"] is None:
            found += _folded(part[0])
        else:
            letters = [letter for each in _pattern(_LETTER).findall(part[0]) for letter in _letters(each)]
            found += map(add, letters, [*letters[1:], ""])
    return found


def tokens(text: str) -> Iterator[Token]:
    """Return the tokens of a text in their order, with their places."""
    if text.isascii():
        for plain in _PLAIN_WORD.finditer(text.lower()):
            yield Token(plain[0][:LONGEST], *plain.span())
        return
    for found in _pattern(_RUN).finditer(text):
        if found["run"] is None:
            for word in _folded(found[0]):
                yield Token(word, *found.span())
        else:
            yield from _pairs(found[0], found.start())


def sought(text: str) -> list[Token]:
    """Return the tokens of what somebody looks for, without those that only join words: Ukraine's, l'Ukraine."""
    found = list(tokens(text))
    if len(found) < 2 or not any(sign in text for sign in APOSTROPHES):
        return found
    joined = [text[one.end : other.start] in _JOINING for one, other in pairwise(found)]
    return [
        token
        for at, token in enumerate(found)
        if not (token.word == "s" and at and joined[at - 1] and found[at - 1].word not in _CONTRACTED)
        and not (token.word in _ELIDED and at < len(joined) and joined[at] and len(found[at + 1].word) > 2)
    ]


def _pairs(run: str, start: int) -> Iterator[Token]:
    places = [(letter, found.span()) for found in _pattern(_LETTER).finditer(run) for letter in _letters(found[0])]
    for at, (letter, (first, end)) in enumerate(places):
        after, (_, end) = places[at + 1] if at + 1 < len(places) else ("", (0, end))
        yield Token(letter + after, start + first, start + end)


@lru_cache(maxsize=65536)
def _letters(text: str) -> tuple[str, ...]:
    """Return the letters that one printed letter folds to; marks of other scripts stay with them."""
    return tuple(_pattern(_LETTERS).findall("".join(_folded(text))))


@lru_cache(maxsize=65536)
def _folded(word: str) -> tuple[str, ...]:
    """Return a word in its folded form; several where compatibility makes it so (NFKC of U+FDFA has spaces)."""
    if word.isascii():
        return (word.lower()[:LONGEST],)
    wide = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", word).casefold())
    bare = unicodedata.normalize("NFC", _pattern(_ACCENTS).sub("", wide)).translate(_PLAIN)
    return tuple(found[0][:LONGEST] for found in _pattern(_RUN).finditer(bare))


def stems(folded: Iterable[str], language: str) -> list[str]:
    """Return the stems of folded words by a language's rules (the words themselves where it has none)."""
    stem = _stem(primary(language))
    return list(map(stem, folded)) if stem else list(folded)


def has_stems(language: str) -> bool:
    """Tell whether words of a language have stems other than themselves here."""
    return primary(language) in _STEMMERS


def primary(language: str) -> str:
    """Return the language of a tag without its region and the like: `pt-BR` gives `pt`."""
    return language.split("-")[0].lower()


def is_spaceless(word: str) -> bool:
    """Tell whether a token is of a script without spaces."""
    found = _pattern(_RUN).match(word)
    return found is not None and found["run"] is not None


@cache
def _stem(language: str) -> Callable[[str], str] | None:
    """Return what finds the stem of a word by a language's rules, None where it has none."""
    if language not in _STEMMERS:
        return None
    import Stemmer

    # Its own cache is put in order whenever it is full, which takes longer than all the rest. Most words are frequent.
    stemmer = Stemmer.Stemmer(_STEMMERS[language], 0)
    return lru_cache(maxsize=32768)(stemmer.stemWord)


@cache
def _pattern(text: str) -> regex.Pattern[str]:
    # Imported here: only who searches or writes pays for it.
    import regex

    return regex.compile(text, regex.VERSION1 | regex.DOTALL)
