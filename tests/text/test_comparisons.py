"""Comparisons: what kind each change is of, and what is no change."""

from __future__ import annotations

import pytest

from api.text import comparisons, quotations

RECORDED = (
    "We have lost fifteen thousand men, and we will not stop until the health care system works again in Ukraine. "
    "[applause] President Biden must decide by Friday."
)


def compare(purported: str, recorded: str = RECORDED) -> comparisons.Comparison:
    return comparisons.compare(quotations.read(recorded), quotations.read(purported))


@pytest.mark.parametrize(
    ("purported", "changes"),
    [
        ("We have lost 16,000 men, and we will not stop", ["number"]),
        ("we have lost men, and we will not stop", ["number"]),
        ("we will stop until the health care system works", ["negation"]),
        ("we will never stop until the health care system works", ["negation"]),
        ("we would not stop until the health care system works", ["modal"]),
        ("we do not stop until the health care system works", ["modal", "word"]),
        ("until the health care system works again in Russia", ["name"]),
        ("President Trump must decide by Friday", ["name"]),
        ("until the health care plan works again in Ukraine", ["word"]),
        ("until the system works again in Ukraine", ["word"]),
        ("until the care health system works again in Ukraine", ["order"]),
        ("we will stop not until the health care system works", ["negation", "order"]),
        ("President Biden may decide by Friday 5", ["number", "modal"]),
        ("we will [go on] stop until the health care system works", ["negation"]),
    ],
)
def test_changes_are_told_by_their_kind(purported: str, changes: list[str]) -> None:
    found = compare(purported)
    assert list(found.changes) == changes
    assert not found.exact


@pytest.mark.parametrize(
    "purported",
    [
        "We’ve lost 15,000 men — and we’ll not stop",
        "WE WILL NOT STOP UNTIL THE HEALTHCARE SYSTEM WORKS",
        "we … will not stop […] again in Ukraine",
        "[T]he health care system works",
        "[The people] will not stop until the health care system works",
        "again in Ukraine. President Biden must decide",
        "the health care system work[s]",
    ],
)
def test_what_is_declared_or_only_written_otherwise_is_no_change(purported: str) -> None:
    found = compare(purported)
    assert found.exact, found
    assert not found.whole
    assert found.changes == ()


def test_the_whole_is_told_from_a_part() -> None:
    assert compare(RECORDED.replace("[applause] ", "").lower()).whole
    assert not compare(RECORDED[:-9]).whole


def test_cutting_off_what_denies_all_the_rest_is_a_change() -> None:
    for recorded in ("Not taking a back seat", "taking a back seat never"):
        found = compare("taking a back seat", recorded)
        assert (found.exact, found.changes) == (False, ("negation",))
        # What was cut off is shown with the rest.
        assert sorted(step.kind for step in found.steps) == ["delete", "equal"]
    assert compare("a back seat", "Not taking a back seat").exact


def test_a_capital_at_the_beginning_of_a_sentence_makes_no_name() -> None:
    assert compare("Some men stop", "Old men stop").changes == ("word",)
    assert compare("Clinton lied to us all", "Trump lied to us all").changes == ("name",)
