"""Dates: EDTF levels 0 and 1, compared with the edtf library where that is right."""

from __future__ import annotations

import datetime
import re

import pytest
from edtf import parse_edtf
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.edtf import PATTERN, bounds, period
from schemas.fields import Day, EDTFDate, Timestamp


@pytest.mark.parametrize(
    ("text", "lower", "upper"),
    [
        ("2022-03-23", 20220323, 20220323),
        ("2022-03", 20220301, 20220331),
        ("2022", 20220101, 20221231),
        ("2022-03-22~", 20220322, 20220322),
        ("2022-03?", 20220301, 20220331),
        ("2022%", 20220101, 20221231),
        ("2024-02", 20240201, 20240229),
        ("1900-02", 19000201, 19000228),
        ("0001", 10101, 11231),
        ("9999-12-31", 99991231, 99991231),
        ("202X", 20200101, 20291231),
        ("20XX?", 20000101, 20991231),
        ("000X", 10101, 91231),
        ("2022-XX", 20220101, 20221231),
        ("2022-XX-XX", 20220101, 20221231),
        ("2022-02-XX", 20220201, 20220228),
        ("2022-21", 20220301, 20220531),
        ("2022-22~", 20220601, 20220831),
        ("2022-23", 20220901, 20221130),
        ("2022-24", 20221201, 20230228),
        ("2023-24", 20231201, 20240229),
        ("9999-24", 99991201, 99991231),
        ("2022-03/2022-04", 20220301, 20220430),
        ("2022-03-22~/2022-04?", 20220322, 20220430),
        ("2022/2022-03", 20220101, 20220331),
        ("2022-06/2022", 20220601, 20221231),
        ("2022-03-01/2022-03-01", 20220301, 20220301),
        ("2022-21/2022-23", 20220301, 20221130),
        ("../2022", 10101, 20221231),
        ("/2022", 10101, 20221231),
        ("2022/..", 20220101, 99991231),
        ("2022/", 20220101, 99991231),
    ],
)
def test_a_date_has_a_first_and_a_last_day(text: str, lower: int, upper: int) -> None:
    assert bounds(text) == (lower, upper)


REFUSED = [
    "", " ", "/", "..", "../..", "/..", "../", "2022-04/2022-03", "2023/2022", "2022/2023/2024", "2022-13",
    "2022-00", "2022-02-29", "2022-04-31", "2022-03-00", "2022-3-1", "22-03-01", "0000", "0000-01", "10000",
    "-0044", "Y20000", "Y2E3", "2022-03-23T10:00:00Z", "2022-03-23T10", " 2022", "2022 ", "2022\n", "2022-25",
    "2022-41", "2022-21-01", "XXXX", "2XXX", "20XX-XX", "2022-X1", "2022-XX-01", "X022", "?2022", "2022-~03",
    "2022~~", "2022?~", "{2021,2022}", "[2021..2022]", "202X/203X",
    "2022-03-XX/2022-04", "\u0662\u0660\u0662\u0662",
    "2022-03-1\u0663", "2022\u201303", "yesterday", "2022/yesterday", "1985s", "20220323", "2022" * 20,
]  # fmt: skip


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_date_of_levels_0_and_1_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        bounds(text)


QUALIFIERS = st.sampled_from(["", "~", "?", "%"])
DAYS = st.dates(datetime.date(1000, 1, 1))
DATES = st.one_of(
    DAYS.map(str),
    DAYS.map(lambda day: str(day)[:7]),
    DAYS.map(lambda day: str(day)[:4]),
    st.builds(lambda day, season: f"{str(day)[:4]}-{season}", DAYS, st.integers(21, 24)),
)


def number(moment: tuple[int, ...]) -> int:
    """YYYYMMDD of the library's answer."""
    year, month, day = moment[:3]
    return year * 10000 + month * 100 + day


def by_library(text: str) -> tuple[int, int]:
    """Bounds as the edtf library gives them, but for winters, which it ends with the year."""
    parsed = parse_edtf(text)
    lower, upper = number(parsed.lower_strict()), number(parsed.upper_strict())
    if len(text) == 7 and text.endswith("-24"):
        year = int(text[:4]) + 1
        upper = number(parse_edtf(f"{year}-02").upper_strict()) if year < 10000 else 99991231
    return lower, upper


@settings(max_examples=60, deadline=None)
@given(DATES)
def test_dates_months_years_and_seasons_agree_with_the_edtf_library(text: str) -> None:
    assert bounds(text) == by_library(text)


@settings(max_examples=60, deadline=None)
@given(DATES, DATES)
def test_intervals_agree_with_the_edtf_library(one: str, other: str) -> None:
    start, end = sorted((one, other), key=bounds)
    if bounds(start)[0] <= bounds(end)[1]:
        assert bounds(f"{start}/{end}") == (by_library(start)[0], by_library(end)[1])


@given(DATES, QUALIFIERS)
def test_a_qualifier_does_not_widen(text: str, qualifier: str) -> None:
    assert bounds(text + qualifier) == bounds(text)


@given(DATES, DATES)
def test_an_interval_that_surely_ends_before_it_begins_is_refused(one: str, other: str) -> None:
    if bounds(one)[0] > bounds(other)[1]:
        with pytest.raises(ValueError, match="ends before it begins"):
            bounds(f"{one}/{other}")


@given(st.text(st.sampled_from("0123456789X-/.~?%T:Z "), max_size=24) | st.from_regex(PATTERN, fullmatch=True))
def test_bounds_are_in_order_or_there_are_none(text: str) -> None:
    try:
        lower, upper = bounds(text)
    except ValueError:
        return
    assert 101_01 <= lower <= upper <= 9999_12_31
    assert re.search(PATTERN, text), "the pattern in the JSON Schema takes whatever the parser takes"


@pytest.mark.parametrize(("text", "days"), [("2022", (20220101, 20221231)), ("2022-02", (20220201, 20220228)),
                                            ("2022-02-03", (20220203, 20220203))])  # fmt: skip
def test_a_period_is_a_year_a_month_or_a_day(text: str, days: tuple[int, int]) -> None:
    assert period(text) == days


@pytest.mark.parametrize(
    "text", ["2022~", "2022-21", "202X", "2022/2023", "", "2022-1", "2022-02-30", "0000", "2022\n"]
)
def test_nothing_else_is_a_period(text: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        period(text)


@pytest.mark.parametrize("text", ["2022-03-23", "2024-02-29"])
def test_a_day_is_kept(text: str) -> None:
    assert Day().deserialize(text) == text == EDTFDate().deserialize(text)


@pytest.mark.parametrize("text", ["2022-03-23T10:00:00Z", "2022-03-23T10:00:00.123456Z"])
def test_a_moment_is_kept(text: str) -> None:
    assert Timestamp().deserialize(text) == text


@pytest.mark.parametrize("text", ["2022-03-23T10:00:00+00:00", "2022-02-30T10:00:00Z", "2022-03-23T25:00:00Z", "2022"])
def test_a_moment_without_z_or_outside_the_calendar_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Timestamp().read(text)
