"""Alignment: every word of a quotation has its place, in order, and a part of a text is found in it unchanged."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.text import alignment, comparisons, quotations
from api.text.quotations import joined, same

VOCABULARY = "we the not will war peace 5 seven don't health care healthcare Kyiv Moscow and to go"
wordings = st.lists(st.sampled_from(VOCABULARY.split()), min_size=1, max_size=30)


def steps(recorded: str, purported: str) -> list[tuple[str, str, str]]:
    ours, theirs = quotations.read(recorded), quotations.read(purported)
    return [
        (step.kind, " ".join(ours.forms[step.recorded]), " ".join(theirs.forms[step.purported]))
        for step in alignment.align(ours.words, theirs.words, theirs.breaks)
    ]


def test_a_change_is_shown_where_it_is() -> None:
    recorded = "We have lost 15,000 men and we will not stop until the health care system works."
    assert steps(recorded, "we will stop until the healthcare system works") == [
        ("equal", "we will", "we will"),
        ("delete", "not", ""),
        ("equal", "stop until the", "stop until the"),
        ("equal", "health care", "healthcare"),
        ("equal", "system works", "system works"),
    ]
    assert steps(recorded, "we've lost 16,000 men") == [
        ("equal", "we have lost", "we have lost"),
        ("replace", "#15000", "#16000"),
        ("equal", "men", "men"),
    ]


def test_words_far_behind_are_not_taken_for_a_changed_one() -> None:
    assert steps("a b c dog ran over the hill", "a b c the") == [("equal", "a b c", "a b c"), ("replace", "dog", "the")]


def test_what_a_declared_ellipsis_leaves_out_is_no_change() -> None:
    assert steps("we will go to Kyiv tomorrow and to Moscow", "we will … and to Moscow") == [
        ("equal", "we will", "we will"),
        ("equal", "and to moscow", "and to moscow"),
    ]


@settings(deadline=None)
@given(wordings, wordings, st.integers(0, 3))
def test_steps_hold_every_word_of_the_quotation_once_and_follow_the_text(
    ours: list[str], theirs: list[str], ellipses: int
) -> None:
    for number in range(ellipses):
        theirs.insert(number * 3 % len(theirs), "…")
    recorded, purported = quotations.read(" ".join(ours)), quotations.read(" ".join(theirs))
    last = 0
    at = None
    for step in alignment.align(recorded.words, purported.words, purported.breaks):
        assert step.purported.start == last
        last = step.purported.stop
        if at is not None and step.purported.start not in purported.breaks:
            assert step.recorded.start == at
        assert at is None or step.recorded.start >= at
        at = step.recorded.stop
        one, other = recorded.forms[step.recorded], purported.forms[step.purported]
        if step.kind == "equal":
            assert joined(one) == joined(other) or all(map(same, one, other))
        else:
            assert (bool(one), bool(other)) == (step.kind != "insert", step.kind != "delete")
    assert last == len(purported.words)


@settings(deadline=None)
@given(wordings, st.data())
def test_a_run_of_a_text_is_exact_wherever_it_stands(ours: list[str], data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(ours) - 1))
    end = data.draw(st.integers(start + 1, len(ours)))
    recorded, purported = quotations.read(" ".join(ours)), quotations.read(" ".join(ours[start:end]))
    compared = comparisons.compare(recorded, purported)
    # Numbers may join in one and not in the other, and what is cut off may be all that denies it.
    runs = any(recorded.forms[at : at + len(purported.words)] == purported.forms for at in range(len(recorded.words)))
    assert compared.exact or not runs or compared.changes == ("negation",)
    assert compared.covered == 1 or not runs


def test_texts_of_many_words_are_aligned_without_a_table_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the limit at nothing, every alignment goes by what both texts have in common."""
    recorded = "we have lost many men and we will not stop until the health care system works again in the country"
    for purported in (
        "we have lost some men and we will stop until the system works",
        "we have lost … again in the country",
    ):
        expected = comparisons.compare(quotations.read(recorded), quotations.read(purported))
        with monkeypatch.context() as patched:
            patched.setattr(alignment, "_LARGE", 0)
            found = comparisons.compare(quotations.read(recorded), quotations.read(purported))
        assert (found.exact, found.changes) == (expected.exact, expected.changes)


def test_a_long_text_is_compared_where_the_quotation_is() -> None:
    far = "the quick brown fox jumps over the lazy dog and then goes to sleep " * 100
    compared = comparisons.compare(
        quotations.read(f"{far} we shall never surrender to them on the beaches today {far}"),
        quotations.read("We shall not surrender to them … on beaches"),
    )
    assert compared.changes == ("negation", "word")
    assert compared.covered > 0.8
