"""The search index at its limits, which are PostgreSQL's and kept on both databases."""

from __future__ import annotations

import pytest

from api.domain.indexing import words
from tests.conftest import Client, statement


def found(client: Client, q: str) -> int:
    answer = client.get("/v1/statements", query_string={"q": q})
    assert answer.status_code == 200, answer.text
    return int(answer.json["total"])


def ideographs(first: int) -> str:
    return "".join(chr(code) for code in range(first, first + 10_000))


def test_phrases_are_found_among_the_first_256_places_of_a_word(alice: Client) -> None:
    alice.record(statement(text="the cat " * 256 + "the end. So the dog", speaker=None, attributed_as="An old man"))
    for q, count in {
        '"the cat"': 1,
        '"cat the"': 1,
        '"the end"': 0,
        '"the dog"': 0,
        '"end so"': 1,
        '"end the"': 0,
        "the end dog": 1,
        '"the"': 1,
        '"an old man"': 1,
        '"dog an"': 0,
    }.items():
        assert found(alice, q) == count, q


@pytest.mark.parametrize("first", [0x4E00, 0x20000])
def test_phrases_are_found_as_far_as_postgresql_knows_places(alice: Client, first: int) -> None:
    text, context = ideographs(first), ideographs(first + 10_000)
    alice.record(statement(text=text, context=context, lang="zh"))
    last = words._LAST_PLACE - 2 - 10_000 - 1
    for at, part in enumerate([text[5_000:5_003], text[-3:], context[:3], context[last - 3 : last], text[-1]]):
        assert found(alice, part) == 1, at
    for at, part in enumerate([context[last - 1 : last + 2], context[-4:-1], text[-2:] + context[:2]]):
        assert found(alice, part) == 0, at
    # One word, or what is the beginning of one, is found wherever it stands.
    for at, part in enumerate([context[-3:-1], context[-2:], context[-1], context[-2] + "*"]):
        assert found(alice, part) == 1, at


@pytest.mark.parametrize("word", ["a" * 10_000, "é" * 10_000, "한" * 10_000, "a\u0301" * 5_000, "𐌰" * 10_000])
def test_a_statement_of_one_very_long_word_is_stored_and_found(alice: Client, word: str) -> None:
    alice.record(statement(text=word))
    assert found(alice, word[:1000]) == 1
    assert found(alice, word[:50] + "*") == 1
    assert found(alice, word[:50]) == 0


def test_as_many_different_words_as_fit_are_stored(alice: Client) -> None:
    letters = [chr(code) for code in (*range(0x561, 0x587), *range(0x10D0, 0x10F0))]
    pairs = [one + other for one in letters for other in letters]
    alice.record(
        statement(text=" ".join(pairs[:3333]), context=" ".join(pairs[3333:]), topics=pairs[:50], lang="hy"),
    )
    assert found(alice, f'"{pairs[3000]} {pairs[3001]}"') == 1
    assert found(alice, f'"{pairs[3332]} {pairs[3333]}"') == 0
