"""Series of periods, against a model that makes them all."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from itertools import accumulate
from operator import sub

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.domain.counting import periods
from api.domain.counting.periods import DIVISORS, MOST, series
from tests.conftest import Client, statement
from tests.drawing import drawn

ENDS = (date.min, date.max)
# Near each other and far apart, and at both ends of the calendar.
DAYS = st.one_of(
    st.dates(),
    st.sampled_from(ENDS),
    st.dates(date(2019, 6, 1), date(2024, 6, 1)),
    st.integers(0, 4).map(lambda step: date(2020, 1, 1) + timedelta(step * (MOST - 1) // 2)),
)


def key(day: date, by: str) -> str:
    """Return the period of a day."""
    return day.isoformat()[: {"year": 4, "month": 7, "day": 10}[by]]


@cache
def every(first: date, last: date, by: str) -> list[str]:
    """Return all periods between two days, made one by one."""
    days = (date.fromordinal(at) for at in range(first.toordinal(), last.toordinal() + 1))
    return list(dict.fromkeys(key(day, by) for day in days))


def model(days: dict[date, int], by: str) -> tuple[list[tuple[str, int]], int]:
    """Return what is to be shown and how many periods there are, by trying every stretch."""
    found: dict[str, int] = {}
    for day, count in days.items():
        found[key(day, by)] = found.get(key(day, by), 0) + count
    listed = every(min(days), max(days), by)
    # How many are before each period; of equally full stretches the last one counts.
    before = [0, *accumulate(found.get(each, 0) for each in listed)]
    stretches = list(map(sub, before[periods.MOST :], before)) or [0]
    at = len(stretches) - 1 - stretches[::-1].index(max(stretches))
    return [(each, found.get(each, 0)) for each in listed[at : at + periods.MOST]], len(listed)


def numbered(days: dict[date, int], by: str) -> dict[int, int]:
    """Return the same counts by the numbers that the database gives."""
    found: dict[int, int] = {}
    for day, count in days.items():
        number = (day.year * 10_000 + day.month * 100 + day.day) // DIVISORS[by]
        found[number] = found.get(number, 0) + count
    return found


@pytest.mark.parametrize("by", list(DIVISORS))
@settings(max_examples=drawn(30), deadline=None)
@given(days=st.dictionaries(st.dates(date(2001, 1, 1), date(2009, 1, 1)), st.integers(1, 3), min_size=1, max_size=12))
def test_a_series_is_the_fullest_of_all_stretches(by: str, days: dict[date, int]) -> None:
    assert tuple(series(numbered(days, by), by)) == model(days, by)


@pytest.mark.parametrize("by", list(DIVISORS))
@settings(max_examples=drawn(1), deadline=None)
@given(days=st.dictionaries(DAYS, st.integers(1, 3), max_size=8))
def test_a_series_may_reach_over_all_years(by: str, days: dict[date, int]) -> None:
    days |= dict.fromkeys(ENDS, 1)
    assert tuple(series(numbered(days, by), by)) == model(days, by)


@pytest.mark.parametrize("by", list(DIVISORS))
@settings(max_examples=drawn(30), deadline=None)
@given(
    days=st.dictionaries(st.dates(date(2019, 1, 1), date(2020, 1, 1)), st.integers(1, 3), min_size=1, max_size=9),
    most=st.integers(1, 9),
)
def test_where_few_are_shown_every_tie_counts(by: str, days: dict[date, int], most: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(periods, "MOST", most)
        assert tuple(series(numbered(days, by), by)) == model(days, by)


def test_a_series_of_nothing_is_empty() -> None:
    assert series({}, "day") == ([], 0)


@pytest.mark.parametrize(("by", "periods"), [("year", 9999), ("month", 9999 * 12), ("day", 3_652_059)])
def test_dates_at_both_ends_of_the_calendar_are_counted_without_all_between(
    alice: Client, charlie: Client, by: str, periods: int
) -> None:
    for said_on in ("0001-01-01", "2022-03-23", "2022-03-24", "9999-12-31", "9999-12/9999-12", "2022~", "2022-21"):
        alice.record(statement(text=f"Said in {said_on}.", said_on=said_on))
    for limit in ("", "&limit=1", "&limit=1000"):
        got = charlie.get(f"/v1/statements/counts?by={by}{limit}").json
        counts = [each["count"] for each in got["groups"]]
        assert len(counts) == 1000
        assert got["groups_total"] == periods
        assert got["total"] == sum(counts) + got["other"] + got["missing"] == 7
        assert got["missing"] == {"year": 0, "month": 2, "day": 3}[by]
        assert got["other"] > 0
        assert sum(counts) == {"year": 4, "month": 2, "day": 2}[by]
