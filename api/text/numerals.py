"""Numbers in words and digits as one value: `15,000`, `15 000` and `fifteen thousand` are all `#15000`.

English words only; digits of any language. See the Chicago Manual of Style, chapter 9, for how they are written out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

# Digits, in groups of three behind commas, points, apostrophes or narrow spaces, with decimals, and what makes them
# ordinal. Of a single point or comma with three digits behind it, the comma groups and the point begins decimals.
# WORD stands for the class of letters, digits and what is on them.
DIGITS = (
    r"(?<![WORD])(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,3}(?:['’ \u00a0\u2009\u202f]\d{3})+(?![\d])(?:[.,]\d+)?"
    r"|\d{1,3}(?:\.\d{3}){2,}(?:,\d+)?|\d+(?:[.,]\d+)?)(?:st|nd|rd|th)?(?![WORD])"
)
_TO_TWENTY = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_BY_TEN = "twenty thirty forty fifty sixty seventy eighty ninety"
_IN_ORDER = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
    "sixteenth seventeenth eighteenth nineteenth"
)
_UNITS = {word: n for n, word in enumerate(_TO_TWENTY.split())}
_TENS = {word: 10 * n for n, word in enumerate(_BY_TEN.split(), 2)}
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_ORDINALS = {word: n for n, word in enumerate(_IN_ORDER.split(), 1)}
_ORDINALS |= {f"{word[:-1]}ieth": n for word, n in _TENS.items()}
_SIGN = "#"
# Every word that may be part of a number.
WORDS = frozenset({*_UNITS, *_TENS, *_SCALES, *_ORDINALS, "hundred"})


def is_number(form: str) -> bool:
    """Tell whether a word, as it is compared, is a number."""
    return form.startswith(_SIGN)


def of_digits(text: str) -> str:
    """Return the form of a number in digits: `#15000`, `#1.5`, `#21st` for the ordinal of 21."""
    bare = text.lower().rstrip("stndrh")
    ordinal = "st" if bare != text.lower() else ""
    bare = re.sub(r"['’\s]", "", bare)
    if re.fullmatch(r"\d{1,3}(\.\d{3}){2,}(,\d+)?", bare):
        bare = bare.replace(".", "").replace(",", ".")
    elif re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", bare):
        bare = bare.replace(",", "")
    return _form(Decimal(bare.replace(",", "."))) + ordinal


def _form(value: Decimal) -> str:
    return f"{_SIGN}{value.normalize():f}" if value else f"{_SIGN}0"


def runs(forms: Sequence[str]) -> list[tuple[str, int, int]]:
    """Return the numbers among words that stand together: the form of each, where it begins and where it ends.

    `twenty five thousand` is one of three words, `one two` are two.
    """
    found: list[tuple[str, int, int]] = []
    if not any(is_number(form) or form in WORDS for form in forms):
        return found
    forms, at = list(forms), 0
    while at < len(forms):
        form, end = _number(forms, at)
        if form is not None:
            found.append((form, at, end))
        at = max(end, at + 1)
    return found


def _number(forms: list[str], at: int) -> tuple[str | None, int]:
    """Return the number that begins at a word and where it ends; None where none does."""
    ordinal = _ordinal(forms, at)
    if ordinal:
        return ordinal
    start, total, last = at, Decimal(0), Decimal("Infinity")
    while True:
        value, end = _below_thousand(forms, at)
        if value is None:
            break
        scale = _SCALES.get(_at(forms, end))
        if scale is None or scale >= last:
            if scale is None and (at == start or value < last):
                total, at = total + value, end
            break
        total, at, last = total + value * scale, end + 1, Decimal(scale)
        if _at(forms, at) == "and" and _below_thousand(forms, at + 1)[0] is not None and scale >= 1000:
            at += 1
        elif _below_thousand(forms, at)[0] is None or is_number(_at(forms, at)):
            break
    return (None, at) if at == start else (_form(total), at)


def _below_thousand(forms: list[str], at: int) -> tuple[Decimal | None, int]:
    """Return a number without thousands, in digits or words, and where it ends."""
    word = _at(forms, at)
    if is_number(word):
        return _value(word), at + 1
    if word == "a" and _at(forms, at + 1) in {"hundred", *_SCALES}:
        value, at = 1, at + 1
    elif word == "hundred" or (word in _SCALES):
        value = 1
    else:
        small, end = _below_hundred(forms, at)
        if small is None:
            return None, at
        value, at = small, end
        later, end = _below_hundred(forms, at)
        if 10 <= value <= 20 and later is not None and later >= 10:
            # A year: nineteen eighty-four.
            return Decimal(100 * value + later), end
    if _at(forms, at) == "hundred":
        value, at = value * 100, at + 1
        behind = at + 1 if _at(forms, at) == "and" else at
        small, end = _below_hundred(forms, behind)
        if small is not None:
            value, at = value + small, end
    return Decimal(value), at


def _below_hundred(forms: list[str], at: int) -> tuple[int | None, int]:
    word = _at(forms, at)
    if word in _TENS:
        unit = _UNITS.get(_at(forms, at + 1), 0)
        return (_TENS[word] + unit, at + 2) if 0 < unit < 10 else (_TENS[word], at + 1)
    return (_UNITS[word], at + 1) if word in _UNITS else (None, at)


def _ordinal(forms: list[str], at: int) -> tuple[str, int] | None:
    word, after = _at(forms, at), _ORDINALS.get(_at(forms, at + 1), 99)
    if word in _ORDINALS:
        return f"{_SIGN}{_ORDINALS[word]}st", at + 1
    if word in _TENS and after < 10:
        return f"{_SIGN}{_TENS[word] + after}st", at + 2
    return None


def _value(form: str) -> Decimal | None:
    try:
        return Decimal(form.removeprefix(_SIGN))
    except InvalidOperation:
        return None


def _at(forms: list[str], at: int) -> str:
    return forms[at] if at < len(forms) else ""
