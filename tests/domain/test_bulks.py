"""Bulks in parts: others write meanwhile, and whatever breaks off goes on where it stopped, with each line once."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import orjson
import pytest
from flask import Flask

from api.domain.core.errors import Reused
from api.domain.core.keys import OPERATOR
from api.domain.importing import bulks, checks
from api.domain.importing.bulks import Part
from api.domain.importing.checks import Line
from api.domain.importing.imports import Options
from api.domain.importing.outcomes import Outcome, Report
from api.domain.keeping.verification import Seen, verify
from api.domain.writing import repeats
from api.domain.writing.repeats import Asked, Remembered
from api.storage.db import Unavailable, close_database, rows, writing
from tests.conftest import statement
from tests.routes.test_bulk import invented

ASKED = Asked("key_1", "POST", "/v1/statements/bulk", "morning wire", "its hash")
Written = Report | Remembered


def parts(count: int, size: int = 3, *, wrong: int = 7, broken: int | None = None) -> Iterator[Part]:
    """Give parts of lines, each seventh of them wrong; from the part that is `broken` on nothing comes any more."""
    numbers = range(1, count * size + 1)
    for at in range(count):
        if at == broken:
            raise Unavailable("the disk is full")
        part = numbers[at * size : (at + 1) * size]
        lines = [{} if n % wrong == 0 else statement(text=f"Sentence {n}.", speaker=f"S {n % 5}") for n in part]
        yield [checks.check(n, line) for n, line in zip(part, lines, strict=True)]


def answer(report: Report) -> Remembered:
    return Remembered(200, [], orjson.dumps(report.facts()))


def in_parts(given: Iterator[Part], asked: Asked | None = ASKED) -> Written:
    return bulks.in_parts(given, Options(), by=OPERATOR, asked=asked, answering=answer)


def together(given: Iterator[Part], *, atomic: bool = False, dry_run: bool = False) -> Written:
    return bulks.together(given, Options(), by=OPERATOR, asked=ASKED, answering=answer, atomic=atomic, dry_run=dry_run)


def texts() -> list[str]:
    return sorted(orjson.loads(document)["text"] for (document,) in rows("SELECT document FROM statement"))


def expected(count: int) -> list[str]:
    return sorted(f"Sentence {n}." for n in range(1, count + 1) if n % 7)


def counts(done: Written) -> tuple[Any, ...]:
    facts = orjson.loads(done.body) if isinstance(done, Remembered) else done.facts()
    return facts["received"], facts["created"], facts["failed"], [each["line"] for each in facts["errors"]]


@pytest.mark.parametrize("broken", [1, 3, 7])
def test_a_bulk_that_broke_off_goes_on_and_tells_of_all_its_lines(app: Flask, broken: int) -> None:
    for again in range(1, broken + 1):
        with pytest.raises(Unavailable):
            in_parts(parts(8, broken=again))
        # What was written last is asked for when the next has come.
        assert texts() == expected(3 * (again - 1))
        if again > 1:
            with pytest.raises(Reused):
                in_parts(parts(8), replace(ASKED, request="another hash"))
    whole = (24, 21, 3, [7, 14, 21])
    assert counts(in_parts(parts(8))) == whole
    assert isinstance(in_parts(parts(8)), Remembered)
    assert counts(in_parts(parts(8))) == whole
    assert texts() == expected(24)
    assert list(verify(Seen())) == []


def test_the_same_bulk_many_times_at_once_is_written_once_and_told_alike(app: Flask) -> None:
    def send(_: int) -> tuple[Any, ...]:
        try:
            return counts(in_parts(parts(10)))
        finally:
            close_database()

    with ThreadPoolExecutor(6) as threads:
        assert set(map(str, threads.map(send, range(6)))) == {str((30, 26, 4, [7, 14, 21, 28]))}
    assert texts() == expected(30)
    assert list(verify(Seen())) == []


@pytest.mark.parametrize("how", [in_parts, lambda given: together(given, atomic=True)])
def test_others_write_while_lines_are_checked(app: Flask, how: Callable[[Iterator[Part]], Written]) -> None:
    seen = []

    def other() -> None:
        with writing():
            seen.append(1)
        close_database()

    def checked() -> Iterator[Part]:
        for part in parts(4, wrong=100):
            thread = threading.Thread(target=other)
            thread.start()
            # It would wait for the end of this, were it to wait at all.
            thread.join(20)
            yield part

    assert counts(how(checked())) == (12, 12, 0, [])
    assert len(seen) == 4


def test_what_is_written_together_is_undone_together(app: Flask) -> None:
    refused = together(parts(8), atomic=True)
    assert counts(refused) == (24, 0, 3, [7, 14, 21])
    repeats.drop(ASKED)
    assert counts(together(parts(8), dry_run=True)) == (24, 21, 3, [7, 14, 21])
    assert texts() == []
    repeats.drop(ASKED)
    assert counts(together(parts(2), atomic=True)) == (6, 6, 0, [])
    with pytest.raises(Unavailable):
        together(parts(8, broken=4), atomic=True)
    assert texts() == expected(6)


def test_where_no_line_is_right_nothing_is_remembered(app: Flask) -> None:
    def some(report: Report) -> Remembered | None:
        return answer(report) if report.taken else None

    done = bulks.in_parts(parts(4, wrong=1), Options(), by=OPERATOR, asked=ASKED, answering=some)
    assert counts(done) == (12, 0, 12, list(range(1, 13)))
    assert rows("SELECT 1 FROM remembered_answer") == []


def test_a_line_fails_alike_whether_or_not_it_is_told_why() -> None:
    chance = random.Random(4)
    lines = [invented(chance, number) for number in range(400)]
    lines += [{**each, "kind": None, "figures": [{"name": 1}], "said_on": "2022-13"} for each in lines[:20]]
    told, untold = ([checks.check(0, each, told=told) for each in lines] for told in (True, False))
    assert {type(each) for each in told} == {Line, Outcome}
    assert [type(each) for each in untold] == [type(each) for each in told]
    assert all(each.errors for each in told if isinstance(each, Outcome))
