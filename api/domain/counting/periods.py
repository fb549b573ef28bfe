"""Periods: years, months and days of a series of counts, none left out, and no more of them than can be looked at."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from datetime import date
from itertools import accumulate
from typing import NamedTuple

# How many of the digits of a day such as 20220323 the number of a period lacks.
DIVISORS = {"year": 10_000, "month": 100, "day": 1}
# A series has no more than these: between the years 1 and 9999 lie three and a half million days.
MOST = 1000


class Series(NamedTuple):
    """The periods that are shown, in order, with how many each holds; how many there are in all."""

    shown: list[tuple[str, int]]
    periods: int


def series(found: Mapping[int, int], by: str) -> Series:
    """Return the periods from the first to the last that hold anything, from counts by 2022, 202203 or 20220323.

    Where there are more than MOST, it is the unbroken stretch of so many that holds most, of equal ones the latest.
    """
    counts = {_place(number, by): count for number, count in found.items()}
    if not counts:
        return Series([], 0)
    first, last = min(counts), max(counts)
    begin = first if last - first < MOST else _fullest(counts, last - MOST + 1)
    places = range(begin, min(last, begin + MOST - 1) + 1)
    return Series([(_written(place, by), counts.get(place, 0)) for place in places], last - first + 1)


def _fullest(counts: Mapping[int, int], latest: int) -> int:
    """Return where the stretch begins that holds most, of equal ones the latest; none begins after `latest`.

    Moved on, a stretch loses something only where it begins with something, so no others need be looked at.
    """
    held = sorted(counts)
    sums = [0, *accumulate(counts[place] for place in held)]

    def holds(begin: int) -> int:
        return sums[bisect_left(held, begin + MOST)] - sums[bisect_left(held, begin)]

    begins: Iterable[int] = {*(place for place in held if place < latest), latest}
    return max(begins, key=lambda begin: (holds(begin), begin))


def _place(number: int, by: str) -> int:
    """Return the place of a period in the sequence of all."""
    if by == "year":
        return number
    if by == "month":
        return number // 100 * 12 + number % 100 - 1
    return date(number // 10_000, number // 100 % 100, number % 100).toordinal()


def _written(place: int, by: str) -> str:
    """Return a period as it is sent: 2022, 2022-03 or 2022-03-23."""
    if by == "year":
        return f"{place:04d}"
    return f"{place // 12:04d}-{place % 12 + 1:02d}" if by == "month" else date.fromordinal(place).isoformat()
