"""Questions of many words, ids and names at once: answered in time, and as a plain model answers them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from api.app import create_app
from api.domain.core import keys
from api.settings import Settings
from api.storage.db import close_database
from api.text import tokens
from tests.conftest import Client, statement

WORDS = [f"{a}{b}{c}" for a in "bcdfgh" for b in "aeiou" for c in "lmnrst"]
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
CJK = [chr(0x4E00 + place) for place in range(1000)]
HELD = 400


@pytest.fixture(scope="module")
def alice(shared_database_url: str) -> Iterator[Client]:
    """May write; there are many statements whose speakers and figures share many words."""
    app = create_app(Settings(database=shared_database_url))
    client = Client(app, keys.make("alice", ["write"])["key"])
    chance = random.Random(3)
    lines = []
    for number in range(HELD):
        named = " ".join(chance.sample(WORDS, 60))
        lines.append(
            statement(
                text=f"Number {number} says {' '.join(chance.choices(WORDS, k=12))}",
                speaker={"name": f"Speaker {number}", "aliases": [named]},
                outlet={"name": f"Outlet {number % 20} {' '.join(chance.sample(WORDS, 20))}"},
                topics=chance.sample(WORDS, 3),
                url=f"https://news.example/{number}",
                external_id=f"x{number}",
                figures=[{"name": named, "value": number}],
            )
        )
    body = "\n".join(map(json.dumps, lines)).encode()
    answer = client.post("/v1/statements/bulk", data=body, headers={"Content-Type": "application/x-ndjson"})
    assert answer.status_code == 200, answer.text
    yield client
    close_database()


def got(reader: Client, path: str, asked: list[tuple[str, str]]) -> dict[str, Any]:
    """Return a list that must be given."""
    answer = reader.get(f"/v1/{path}?{urlencode([*asked, ('count', 'exact'), ('limit', '200')])}")
    assert answer.status_code == 200, (path, str(asked)[:200], answer.text[:300])
    return dict(answer.json)


def everything(reader: Client, path: str) -> list[dict[str, Any]]:
    """Return all records of a list."""
    return [json.loads(line) for line in reader.get(f"/v1/{path}.ndjson").text.splitlines()]


def words_of(record: dict[str, Any]) -> set[str]:
    """Return the words of the names that a speaker or outlet has."""
    return {word for name in (record["name"], *record["aliases"]) for word in tokens.words(name)}


@pytest.mark.parametrize("path", ["speakers", "outlets"])
def test_whoever_has_all_beginnings_is_found_and_nobody_else(alice: Client, path: str) -> None:
    held = {record["id"]: words_of(record) for record in everything(alice, path)}
    chance = random.Random(7)
    drawn = [[word[: chance.randint(1, 3)] for word in chance.sample(WORDS, n)] for n in (1, 2, 3, 4, 5, 8, 12, 20)]
    drawn += [["ba", "bal", "b", "bal"], ["bal", "bal"], ["outlet", "1"], ["b"] * 30]
    drawn += [sorted(chance.sample(sorted(words), 5)) for words in list(held.values())[:3]]
    for words in drawn:
        found = got(alice, path, [("q", " ".join(words))])
        expected = {id for id, own in held.items() if all(any(each.startswith(one) for each in own) for one in words)}
        assert found["total"] == len(expected), words
        assert {record["id"] for record in found["data"]} <= expected


@pytest.mark.parametrize("path", ["statements", "figures"])
def test_a_figure_with_all_words_of_any_text_is_found_and_no_other(alice: Client, path: str) -> None:
    parameter = "figure" if path == "statements" else "name"
    held = [{*tokens.words(each["figures"][0]["name"])} for each in everything(alice, "statements")]
    chance = random.Random(8)
    drawn = [[chance.sample(WORDS, n) for _ in range(m)] for n, m in ((1, 1), (2, 1), (5, 2), (3, 3), (10, 1), (2, 8))]
    drawn += [[["bal", "bal"]], [["bal", "ban"], ["ban", "bal"]], [["bal"], ["bal", "nothing"]]]
    for texts in drawn:
        found = got(alice, path, [(parameter, " ".join(words)) for words in texts])
        stems = [{*tokens.stems(words, "en")} for words in texts]
        expected = sum(any(each <= {*tokens.stems(own, "en")} for each in stems) for own in held)
        assert found["total"] == expected, texts


def questions(ids: list[str], speakers: list[str]) -> dict[str, tuple[str, list[tuple[str, str]]]]:
    """Return questions as long as may be, by what they are."""
    many, pairs = " ".join(WORDS), [f"{one} {other}" for one, other in zip(WORDS[:40], WORDS[50:90], strict=True)]
    several = [("id.not", each) for each in ids[:20]] + [("speaker.not", each) for each in speakers[:20]]
    several += [("topic.not", word) for word in WORDS[:40]]
    several += [("url.not", f"https://news.example/{n}") for n in range(20)]
    several += [("kind.not", "claim"), ("form.not", "mixed"), ("lang.not", "de"), ("medium.not", "email")]
    return {
        "speakers": ("speakers", [("q", many)]),
        "speakers by letters": ("speakers", [("q", " ".join(LETTERS))]),
        "speakers in cjk": ("speakers", [("q", "".join(CJK))]),
        "outlets": ("outlets", [("q", many)]),
        "outlets in cjk": ("outlets", [("q", "".join(CJK))]),
        "figure": ("statements", [("figure", many)]),
        "figures": ("statements", [("figure", each) for each in pairs]),
        "figure in cjk": ("statements", [("figure", "".join(CJK))]),
        "figure names": ("figures", [("name", each) for each in pairs]),
        "a phrase": ("statements", [("q", f'"{many[:900]}"')]),
        "a phrase in cjk": ("statements", [("q", "".join(CJK))]),
        "beginnings": ("statements", [("q", " ".join(f"{letter}*" for letter in LETTERS))]),
        "any beginning": ("statements", [("q", " OR ".join(f"{letter}*" for letter in LETTERS))]),
        "no beginning": ("statements", [("q", "number " + " ".join(f"-{letter}*" for letter in LETTERS))]),
        "all words": ("statements", [("q", " ".join(WORDS[:100]))]),
        "no word": ("statements", [("q", "number " + " ".join(f"-{word}" for word in WORDS[:99]))]),
        "phrases": ("statements", [("q", " ".join(f'"{each}"' for each in pairs))]),
        "any word": ("statements", [("q", " OR ".join(WORDS[:100]))]),
        "ids": ("statements", [("id", each) for each in ids]),
        "related": ("statements", [("related_to", each) for each in ids]),
        "speakers by id": ("statements", [("speaker", each) for each in speakers]),
        "names": ("statements", [("speaker", f"Speaker {n}") for n in range(100)]),
        "addresses": ("statements", [("url", f"https://news.example/{n}") for n in range(100)]),
        "external ids": ("statements", [("external_id", f"x{n}") for n in range(100)]),
        "topics": ("statements", [("topic", word) for word in WORDS[:100]]),
        "none of these": ("statements", several),
        "all at once": ("statements", [("q", "number"), ("figure", many[:300]), ("reviewed", "false"), *several]),
    }


def test_questions_as_long_as_may_be_are_answered(alice: Client) -> None:
    ids, speakers = ([each["id"] for each in everything(alice, path)[:100]] for path in ("statements", "speakers"))
    totals = {about: got(alice, *asked)["total"] for about, asked in questions(ids, speakers).items()}
    assert totals["ids"] == totals["speakers by id"] == totals["names"] == 100
    assert totals["addresses"] == totals["external ids"] == 100
    assert totals["any word"] == totals["any beginning"] == HELD
    assert totals["speakers"] == totals["figure"] == totals["related"] == totals["a phrase"] == 0
    assert totals["figures"] == totals["figure names"] > 0
    assert 0 < totals["none of these"] < HELD
