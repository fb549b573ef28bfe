"""Search in words: the grammar, and a brute-force reference that both databases must agree with."""

from __future__ import annotations

import pytest

from tests.conftest import Client, statement

RECORDS = [
    {"text": "Russia has committed war crimes in Ukraine.", "speaker": "Antony Blinken", "topics": ["Justice"]},
    {"text": "Losing leaders affects morale.", "speaker": "Joseph L. Votel", "context": "A state-of-the-art army."},
    {"text": "The committee will commit crimes of war reporting.", "speaker": "NATO"},
    {"text": "乌克兰战争开始了", "lang": "zh", "speaker": "Xinhua"},
    {"text": "Café owners don't agree on 20.04 euros.", "speaker": None, "attributed_as": "American officials"},
    {"text": "Die Häuser der Stadt", "lang": "de", "speaker": "Olaf Scholz"},
]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("crimes", {0, 2}),
        ("crime", {0, 2}),
        ("CRIMES war", {0, 2}),
        ('"war crimes"', {0}),
        ('"crimes war"', set()),
        ("blinken", {0}),
        ("blinken crimes", {0}),
        ("votel crimes", set()),
        ('"joseph l votel"', {1}),
        ("vot*", {1}),
        ("commit* -ukraine", {2}),
        ('crimes -"war crimes"', {2}),
        ("blinken OR votel", {0, 1}),
        ("blinken OR votel morale", {1}),
        ("justice", {0}),
        ("state-of-the-art", {1}),
        ("state-of-art", set()),
        ("don't", {4}),
        ("don’t", {4}),
        ("cafe", {4}),
        ("cafe\u0301", {4}),
        ("20.04", {4}),
        ("officials", {4}),
        ('foo"bar', set()),
        ("a:b", set()),
        ("NEAR(", set()),
        ("乌克兰", {3}),
        ("克", {3}),
        ("战争开始", {3}),
        ("haus&lang=de", {5}),
        ("Häuser", {5}),
        ("hauser", {5}),
        ("nothing", set()),
        ('ukraine." -"justice', set()),
    ],
)
@pytest.mark.usefixtures("app")
def test_words_find_what_they_should(searched: tuple[Client, list[str]], query: str, found: set[int]) -> None:
    client, ids = searched
    address = f"/v1/statements?q={query}" if "&" in query else "/v1/statements"
    answer = client.get(address, **({} if "&" in query else {"query_string": {"q": query}}))
    assert answer.status_code == 200, answer.text
    assert {ids.index(each["id"]) for each in answer.json["data"]} == found
    assert answer.json["total"] == len(found)


@pytest.fixture
def searched(alice: Client) -> tuple[Client, list[str]]:
    """The records above, and who may read them."""
    return alice, [alice.record(statement(**each))["id"] for each in RECORDS]


SIGNS = ("'", "’", "ʼ", "‘", "`", "´", "＇", "′")


def test_a_possessive_and_its_word_find_each_other_by_any_sign(alice: Client) -> None:
    plain = alice.record(statement(text="They stand with Ukraine today.", speaker="Ann Lloyd"))["id"]
    texts = [f"Ukraine{sign}s army {number}." for number, sign in enumerate(SIGNS)]
    owned = {alice.record(statement(text=text))["id"] for text in texts}
    elided = alice.record(statement(text="Nous soutenons l’Ukraine.", lang="fr"))["id"]
    its = alice.record(statement(text="It's over now."))["id"]
    everything = {plain, elided, *owned}

    def found(query: str) -> set[str]:
        answer = alice.get("/v1/statements", query_string={"q": query, "limit": 50})
        assert answer.status_code == 200, answer.text
        return {each["id"] for each in answer.json["data"]}

    for query in ("Ukraine", *(f"ukraine{sign}s" for sign in SIGNS), "l'Ukraine", "L’UKRAINE", "l'Ukraine's"):
        assert found(query) == everything, query
    assert found("Ukraine's army") == found("army") == owned
    assert found("today -Ukraine's") == set()
    assert found("nowhere OR Ukraine's") == everything
    assert found("Lloyd's") == {plain}
    # Phrases are word for word, by whatever sign.
    for sign in SIGNS:
        assert found(f'"Ukraine{sign}s army"') == owned
    assert found('"Ukraine army"') == set()
    assert found("it's") == {its}
    marked = alice.get("/v1/statements", query_string={"q": "Ukraine's", "highlight": 1}).json["data"]
    assert all(each["highlight"] for each in marked)
