"""Dates that may be vague: EDTF levels 0 and 1 (ISO 8601-2:2019; loc.gov/standards/datetime)."""

import re
from functools import lru_cache

FIRST_DAY, LAST_DAY = 1_01_01, 9999_12_31
# The longest is an interval of two qualified days.
LONGEST = 23
SEASONS = {21: 3, 22: 6, 23: 9, 24: 12}
_LENGTHS = (0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

_YEAR = r"(?!0000)[0-9]{4}"
_MONTH = r"(?:0[1-9]|1[0-2])"
_DAY = r"(?:0[1-9]|[12][0-9]|3[01])"
_SEASON = r"2[1-4]"
_PLAIN = rf"{_YEAR}(?:-(?:{_SEASON}|{_MONTH}(?:-{_DAY})?))?[~?%]?"
_VAGUE = rf"(?:[0-9]{{2}}(?:[0-9]X|XX)|{_YEAR}-(?:XX(?:-XX)?|{_MONTH}-XX))[~?%]?"
_END = rf"(?:{_PLAIN}|(?:\.\.)?)"
# For JSON Schema. It leaves out what a pattern cannot say: lengths of months, and the order of an interval.
PATTERN = rf"^(?:{_PLAIN}|{_VAGUE}|{_PLAIN}/{_END}|(?:\.\.)?/{_PLAIN})$"
PERIOD_PATTERN = rf"^{_YEAR}(?:-{_MONTH}(?:-{_DAY})?)?$"

_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_UNSPECIFIED = re.compile(_VAGUE.removesuffix("[~?%]?"))

Days = tuple[int, int]


@lru_cache(maxsize=8192)
def bounds(text: str) -> Days:
    """The first and the last day that `text` can mean, inclusive, as integers YYYYMMDD.

    Qualifiers (`~`, `?`, `%`) do not widen them; an open or unknown end of an interval reaches to year 1 or
    9999; seasons are meteorological and northern. Raises ValueError with a sentence for people.
    """
    if len(text) > LONGEST:
        raise ValueError("This is longer than any date.")
    start, slash, end = text.partition("/")
    return _interval(start, end) if slash else _single(text, vague=True)


@lru_cache(maxsize=8192)
def period(text: str) -> Days:
    """The first and last day of a year, a month or a day (YYYY, YYYY-MM, YYYY-MM-DD), as bounds() gives.

    Raises ValueError for anything else, other kinds of EDTF included.
    """
    found = _DATE.fullmatch(text)
    if not found:
        raise ValueError("Write a year, a month or a day: 2022, 2022-03 or 2022-03-23.")
    if found[2] and int(found[2]) in SEASONS:
        raise ValueError("A season cannot stand here; write a month or a range of months.")
    return _plain(found)


def _interval(start: str, end: str) -> Days:
    if start in ("", "..") and end in ("", ".."):
        raise ValueError("An interval needs at least one date.")
    if "/" in end:
        raise ValueError("An interval has two ends, with one slash between them.")
    lower = FIRST_DAY, LAST_DAY
    upper = lower
    if start not in ("", ".."):
        lower = _single(start, vague=False)
    if end not in ("", ".."):
        upper = _single(end, vague=False)
    # 2022/2022-03 is fine: it can begin before it ends. 2022-04/2022-03 cannot.
    if lower[0] > upper[1]:
        raise ValueError("This interval ends before it begins.")
    return lower[0], upper[1]


def _single(text: str, *, vague: bool) -> Days:
    bare = text[:-1] if text[-1:] in ("~", "?", "%") else text
    found = _DATE.fullmatch(bare)
    if found:
        return _plain(found)
    if _UNSPECIFIED.fullmatch(bare):
        if vague:
            return _unspecified(bare)
        raise ValueError("Unspecified digits (X) cannot stand inside an interval.")
    raise ValueError(_advice(text))


def _plain(found: re.Match[str]) -> Days:
    year = int(found[1])
    if not year:
        raise ValueError("Years run from 0001 to 9999.")
    if found[2] is None:
        return year * 10000 + 101, year * 10000 + 1231
    month = int(found[2])
    if month in SEASONS and found[3] is None:
        return _season(year, SEASONS[month])
    if not 1 <= month <= 12:
        raise ValueError("Months run from 01 to 12, seasons from 21 (spring) to 24 (winter).")
    first = year * 10000 + month * 100
    last = _length(year, month)
    if found[3] is None:
        return first + 1, first + last
    day = int(found[3])
    if not 1 <= day <= last:
        raise ValueError(f"That month has {last} days.")
    return first + day, first + day


def _season(year: int, month: int) -> Days:
    first = year * 10000 + month * 100 + 1
    if month < 12:
        return first, year * 10000 + (month + 2) * 100 + _length(year, month + 2)
    if year == 9999:
        return first, LAST_DAY
    return first, (year + 1) * 10000 + 200 + _length(year + 1, 2)


def _unspecified(text: str) -> Days:
    if "-" not in text:
        first, last = int(text.replace("X", "0")), int(text.replace("X", "9"))
        return max(first, 1) * 10000 + 101, last * 10000 + 1231
    # An unspecified month or day may be any, so the bounds are those of the year or the month.
    return bounds(text.replace("-XX", ""))


def _length(year: int, month: int) -> int:
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 29 if month == 2 and leap else _LENGTHS[month]


def _advice(text: str) -> str:
    if "T" in text or ":" in text:
        return "A date has no time; write the day alone, such as 2022-03-23."
    if text[:1] in ("Y", "-") or re.search("[{}E]", text) or text[:1] == "[":
        return "Only EDTF of levels 0 and 1 is taken, with years from 0001 to 9999."
    if text != text.strip():
        return "There is white space around the date."
    return (
        "This is not an EDTF date of level 0 or 1. Write 2022-03-23, 2022-03, 2022, 2022-03-22~ (about), "
        "2022-03-22? (uncertain), 202X, 2022-21 (spring) or 2022-03/2022-04."
    )
