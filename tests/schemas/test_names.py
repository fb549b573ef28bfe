"""Names in the form in which they are compared."""

from __future__ import annotations

import sys
import unicodedata

import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.characters import APOSTROPHES, HYPHENS, INVISIBLE, is_blank
from schemas.parts import folded

IGNORABLE = regex.compile(r"\p{Default_Ignorable_Code_Point}")
EVERY = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]
UNSEEN = st.sampled_from([char for char in EVERY if IGNORABLE.match(char)])
SIGNS = ("O", "é", "e\u0301", "ß", "İ", "ŉ", "Σ", "한", "عرب", "א", " ", "  ", "A", "b", "\u1100\u1161")
PARTS = st.sampled_from(SIGNS)


def test_what_is_ignorable_by_default_is_what_unicode_says() -> None:
    ours = regex.compile(f"[{INVISIBLE}]")
    assert [char for char in EVERY if ours.match(char)] == [char for char in EVERY if IGNORABLE.match(char)]
    assert all(is_blank(char) for char in EVERY if IGNORABLE.match(char))


def test_there_is_one_apostrophe_and_one_hyphen() -> None:
    assert {folded(f"O{sign}Brien") for sign in APOSTROPHES} == {"o'brien"}
    assert {folded(f"Al{sign}Assad") for sign in HYPHENS} == {"al-assad"}
    assert {folded(f"Ł{sign}ź") for sign in HYPHENS} == {"ł-ź"}
    apart = ["Al—Assad", "Al―Assad", "Al Assad", "AlAssad", "Al/Assad", "Al_Assad", "O,Brien", "O‚Brien", "OBrien"]
    assert len({folded(each) for each in (*apart, "O'Brien", "Al-Assad")}) == len(apart) + 2


@settings(deadline=None)
@given(st.lists(PARTS, min_size=1), st.data())
def test_a_name_is_the_same_with_anything_unseen_in_it_in_any_case_and_composition(
    parts: list[str], data: st.DataObject
) -> None:
    name = "".join(parts)
    sown = "".join(f"{part}{data.draw(UNSEEN)}" for part in parts)
    for form in ("NFC", "NFD"):
        other = unicodedata.normalize(form, sown)
        assert folded(other) == folded(name)
        assert folded(f" {other} ") == folded(name)
    assert folded(folded(name)) == folded(name)


@given(st.text())
def test_a_folded_name_stays_as_it_is_and_holds_nothing_unseen(name: str) -> None:
    once = folded(name)
    assert folded(once) == once
    assert not IGNORABLE.search(once)
