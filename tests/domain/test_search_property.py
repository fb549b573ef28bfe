"""Search against a brute-force reference: what is found, in which order, page by page, on both databases.

The reference below is written from the promises alone. Words match by stem in the query's language, else English;
names, which are of no language, by their English stem. A stem of another language is looked for in statements of
that language. Phrases, beginnings and characters of scripts without spaces match folded text within one field.
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any
from unittest.mock import patch

import pytest
import Stemmer
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from api.app import create_app
from api.domain.core import keys
from api.domain.indexing import words
from api.settings import Settings
from api.storage.db import close_database
from tests.conftest import Client, statement
from tests.drawing import drawn

ENGLISH = "war wars warring crime crimes criminal commit committed commits committee university universities the or a"
GERMAN = "Haus Häuser Häusern Krieg Kriege Krieges gehen geht Straße Strassen"
FRENCH = "guerre guerres déclaré déclarée déclarations économie économies cheval chevaux"
ODD = "don't state-of-the-art 20.04 café cafe\u0301 CAFÉ naïve 7,000 GDP ﬁrst x² Sofort\u00adhilfe"
CHINESE = "战争 乌克兰 乌克兰战争 开始了 克 兰 2022年 GDP増 ウクライナ ｳｸﾗｲﾅ"
VOCABULARY = {
    "en": ENGLISH.split() * 2 + ODD.split(),
    "en-GB": ENGLISH.split() + ODD.split(),
    "de": GERMAN.split() * 2 + ENGLISH.split(),
    "fr": FRENCH.split() * 2 + ODD.split(),
    "zh": CHINESE.split() * 2 + ["GDP", "crimes"],
}
NAMES = [
    "Antony Blinken", "Joseph L. Votel", "Olaf Scholz", "Lech Wałęsa", "新华社", "War Crimes Committee",
    "Université de Kyiv", "The Committee", "王毅", "Häuser GmbH",
]  # fmt: skip
SEPARATORS = [" ", " ", " ", ", ", " – ", ". ", "\n"]
STEMMERS = {"en": "english", "de": "german", "fr": "french"}
LANGUAGES = [None, None, None, "en", "de", "fr", "zh", "de,fr", "en,de", "zh,en", "en-GB"]


# --- the reference -------------------------------------------------------------------------------------------


def fold(text: str) -> str:
    """Return text in lower case without accents."""
    wide = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text.replace("\u00ad", "")).casefold())
    bare = "".join(each for each in wide if not 200 <= unicodedata.combining(each) <= 240)
    return unicodedata.normalize("NFC", bare).replace("ł", "l")


def is_spaceless(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith(("CJK UNIFIED", "HIRAGANA", "KATAKANA"))


@cache
def segments(text: str) -> tuple[str, ...]:
    """Return the words of a text and its runs of characters without spaces, folded."""
    found: list[str] = []
    before = None
    for letter in fold(text):
        kind = is_spaceless(letter) if letter.isalnum() else None
        if kind is not None and kind == before:
            found[-1] += letter
        elif kind is not None:
            found.append(letter)
        before = kind
    return tuple(found)


@dataclass(frozen=True)
class Asked:
    """One term of a query: how it is written, the text in it, and how that has to match."""

    text: str
    how: str

    def __str__(self) -> str:
        return {"plain": self.text, "phrase": f'"{self.text}"', "prefix": f"{self.text}*"}[self.how]

    def fits(self, fields: list[str], names: list[str], languages: list[str], own: str) -> bool:
        wanted = segments(self.text)
        if self.how == "plain" and len(wanted) == 1 and not is_spaceless(wanted[0][0]):
            return any(self.stem_in(fields, language, own) for language in languages) or same_stem(
                wanted[0], names, "en"
            )
        return any(stands_in(wanted, segments(field), self.how == "prefix") for field in [*fields, *names])

    def stem_in(self, fields: list[str], language: str, own: str) -> bool:
        (word,) = segments(self.text)
        language, own = language.split("-")[0], own.split("-")[0]
        if language not in STEMMERS:
            return any(word in segments(field) for field in fields)
        return language in ("en", own) and same_stem(word, fields, language)


def same_stem(word: str, fields: list[str], language: str) -> bool:
    return any(stem_of(word, language) in stems_of(field, language) for field in fields)


@cache
def stem_of(word: str, language: str) -> str:
    return str(Stemmer.Stemmer(STEMMERS[language]).stemWord(word))


@cache
def stems_of(field: str, language: str) -> set[str]:
    return {stem_of(word, language) for word in segments(field) if not is_spaceless(word[0])}


def stands_in(wanted: Sequence[str], held: Sequence[str], open: bool) -> bool:
    """Tell whether words stand next to each other; characters without spaces count one by one."""
    last = len(wanted) - 1
    for start in range(len(held) - last):
        for at, (one, other) in enumerate(zip(wanted, held[start:], strict=False)):
            spaceless = is_spaceless(one[0])
            cut_before, cut_behind = spaceless and at == 0, at == last and (spaceless or open)
            if not (
                other == one
                or (cut_before and cut_behind and one in other)
                or (cut_before and other.endswith(one))
                or (cut_behind and other.startswith(one))
            ):
                break
        else:
            return True
    return False


@dataclass(frozen=True)
class Question:
    """A query: all groups of alternatives, and none of what is left out."""

    every: tuple[tuple[Asked, ...], ...]
    never: tuple[Asked, ...]
    lang: str | None = None
    left_out_first: bool = False

    def __str__(self) -> str:
        wanted = [" OR ".join(map(str, group)) for group in self.every]
        left_out = [f"-{term}" for term in self.never]
        return " ".join([*left_out, *wanted] if self.left_out_first else [*wanted, *left_out])

    @property
    def parameters(self) -> dict[str, str]:
        return {"q": str(self), **({"lang": self.lang} if self.lang else {})}

    def takes(self, document: dict[str, Any], names: list[str], *, key: bool) -> bool:
        if document["status"] == "withheld" and not key:
            return False
        languages = self.lang.split(",") if self.lang else ["en"]
        own = document["lang"]
        if self.lang and not any(f"{own}-".startswith(f"{language}-") for language in languages):
            return False
        fields = [each for each in (document["text"], document["attributed_as"], document["context"]) if each]
        fields += document["topics"]

        def fits(term: Asked) -> bool:
            return term.fits(fields, names, languages, own)

        return all(any(map(fits, group)) for group in self.every) and not any(map(fits, self.never))


def length(document: dict[str, Any]) -> int:
    """Return how many words a statement has, characters without spaces for one each, and borders of its fields."""
    fields = [document["text"], document["attributed_as"], *document["topics"], document["context"]]
    held = [segments(field) for field in fields if field]
    return sum(len(each) if is_spaceless(each[0]) else 1 for field in held for each in field) + len(held) - 1


# --- what is stored ------------------------------------------------------------------------------------------


def prose(chance: random.Random, lang: str, most: int) -> str:
    """Return some words of a language."""
    text = ""
    for _ in range(chance.randint(1, most)):
        text += chance.choice(VOCABULARY[lang]) + chance.choice(SEPARATORS)
    return text.strip()


def invented(chance: random.Random, number: int) -> dict[str, Any]:
    """Return a statement that a client might send."""
    lang = chance.choice(list(VOCABULARY))
    speaker = chance.choice([None, *NAMES])
    return statement(
        text=prose(chance, lang, 9),
        lang=lang,
        speaker=speaker,
        attributed_as=prose(chance, "en", 3) if speaker is None or chance.random() < 0.2 else None,
        topics=[prose(chance, lang, 2).replace("\n", " ") for _ in range(chance.choice([0, 0, 1, 2]))],
        context=prose(chance, "en", 5) if chance.random() < 0.3 else None,
        status=chance.choice(["published", "published", "published", "retracted", "withheld"]),
        url=f"https://news.example/{number}",
    )


SENT = [invented(random.Random(number), number) for number in range(180)]


class Store:
    """One database with its readers, and a plain copy of what it should hold."""

    def __init__(self, alice: Client, charlie: Client) -> None:
        self.alice, self.charlie = alice, charlie
        self.chance = random.Random(3)
        self.compared = self.found = 0
        self.numbers = 0
        self.held: dict[str, dict[str, Any]] = {}
        self.names: dict[str, list[str]] = {}
        for each in SENT:
            self.add(each)

    def add(self, sent: dict[str, Any]) -> str:
        self.numbers += 1
        document = self.alice.record({**sent, "url": f"https://news.example/{self.numbers}"})
        self.held[document["id"]] = document
        if document["speaker"]:
            self.names.setdefault(document["speaker"]["id"], [document["speaker"]["name"]])
        return str(document["id"])

    def change(self) -> None:
        """Rename speakers, patch statements and withdraw some."""
        for id in self.names:
            names = self.chance.sample(NAMES, 2)
            # Two that bear one name are found together, so nobody minds.
            changes = {"name": f"{names[0]} {self.chance.choice(ENGLISH.split())}", "aliases": [names[1]]}
            answer = self.alice.patch(f"/v1/speakers/{id}", changes, headers={"If-Match": "*"})
            assert answer.status_code == 200, answer.text
            self.names[id] = [answer.json["name"], *answer.json["aliases"]]
        for id in self.chance.sample(sorted(self.held), 40):
            new = invented(self.chance, 0)
            parts = self.chance.sample(["text", "lang", "topics", "context", "status"], 2)
            changes = {part: new[part] for part in parts}
            if self.chance.random() < 0.2:
                changes["speaker"] = self.chance.choice(sorted(self.names))
            answer = self.alice.patch(f"/v1/statements/{id}", changes, headers={"If-Match": "*"})
            assert answer.status_code == 200, answer.text
            self.held[id] = answer.json
        for id in self.chance.sample(sorted(self.held), 20):
            assert self.alice.delete(f"/v1/statements/{id}", headers={"If-Match": "*"}).status_code == 204
            del self.held[id]

    def expected(self, question: Question, *, key: bool) -> list[str]:
        """Return what a question should find: what has the fewest words first, then the newest."""
        found = []
        for id, document in self.held.items():
            names = self.names[document["speaker"]["id"]] if document["speaker"] else []
            if question.takes(document, names, key=key):
                found.append((length(document), id))
        found.sort(key=lambda each: each[1], reverse=True)
        found.sort(key=lambda each: each[0])
        return [id for _, id in found]

    def compare(self, question: Question) -> None:
        for client in (self.alice, self.charlie):
            answer = client.get("/v1/statements", query_string={**question.parameters, "limit": "200"})
            assert answer.status_code == 200, (str(question), answer.text)
            ids = [each["id"] for each in answer.json["data"]]
            expected = self.expected(question, key=client is self.alice)
            assert set(ids) == set(expected), (question.parameters, self.shown(set(ids) ^ set(expected)))
            assert ids == expected, question.parameters
            assert (answer.json["total"], answer.json["total_exact"]) == (len(ids), True)
            self.compared += 1
            self.found += len(ids)

    def shown(self, ids: set[str]) -> list[dict[str, Any]]:
        """Return what is to be seen of some statements where a comparison failed."""
        parts = ("text", "lang", "attributed_as", "topics", "context", "status", "speaker")
        return [{part: self.held[id][part] for part in parts} for id in ids if id in self.held]

    def walk(self, parameters: dict[str, str], limit: int, between: Callable[[], object] = lambda: None) -> list[str]:
        """Return what a search finds, page by page."""
        ids: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            asked = {**parameters, "limit": str(limit), **cursor}
            answer = self.alice.get("/v1/statements", query_string=asked)
            assert answer.status_code == 200, answer.text
            ids += [each["id"] for each in answer.json["data"]]
            if answer.json["next"] is None:
                return ids
            assert len(answer.json["data"]) == limit
            cursor = {"cursor": answer.json["next"]}
            between()


@pytest.fixture(scope="module")
def store(shared_database_url: str) -> Iterator[Store]:
    app = create_app(Settings(database=shared_database_url))
    yield Store(Client(app, keys.make("alice", ["write"])["key"]), Client(app))
    close_database()


# --- what is asked -------------------------------------------------------------------------------------------


PIECES = sorted({word for words in VOCABULARY.values() for word in words} | {part for n in NAMES for part in n.split()})
FIELDS = [field for each in SENT for field in (each["text"], each["context"], each["attributed_as"], *each["topics"])]
RUNS = [field.split() for field in [*FIELDS, *NAMES * 20] if field]


@st.composite
def phrases(draw: st.DrawFn) -> str:
    """Return words that stand next to each other somewhere, or hardly."""
    held = draw(st.sampled_from(RUNS))
    start = draw(st.integers(0, len(held) - 1))
    text = " ".join(held[start : start + draw(st.integers(1, 4))])
    text = text if segments(text) else "war"
    backwards = " ".join(reversed(text.split()))
    return draw(st.sampled_from([text, text, text.upper(), backwards, draw(st.sampled_from(PIECES)) + " " + text]))


@st.composite
def disguised(draw: st.DrawFn) -> str:
    """Return a word as one or another would type it."""
    word = draw(st.sampled_from([*PIECES, *"克兰战争王新华"])).strip(".,")
    change = draw(st.sampled_from([str, str, str.upper, str.casefold, decomposed, fold]))
    text = str(change(word))
    # Standing alone in capitals, this is no word but part of the grammar.
    return word if text == "OR" else text


def decomposed(text: str) -> str:
    return unicodedata.normalize("NFD", text)


@st.composite
def beginnings(draw: st.DrawFn) -> str:
    word = decomposed(draw(disguised()))
    text = word[: draw(st.integers(1, 5))]
    return text if segments(text[-1]) or unicodedata.combining(text[-1]) else word[:1]


terms = st.one_of(
    disguised().map(lambda text: Asked(text, "plain")),
    disguised().map(lambda text: Asked(text, "plain")),
    phrases().map(lambda text: Asked(text, "phrase")),
    beginnings().map(lambda text: Asked(text, "prefix")),
)
groups = st.lists(terms, min_size=1, max_size=3).map(tuple)
languages = st.sampled_from(LANGUAGES)
questions = st.one_of(
    st.builds(Question, every=st.tuples(st.tuples(terms)), never=st.just(()), lang=languages),
    st.builds(
        Question,
        every=st.lists(groups, min_size=1, max_size=2).map(tuple),
        never=st.lists(terms, max_size=2).map(tuple),
        lang=languages,
        left_out_first=st.booleans(),
    ),
)


@contextmanager
def at_most(speakers: int) -> Iterator[None]:
    """Have more speakers than these looked up in SQL."""
    with patch.object(words, "MOST_SPEAKERS", speakers):
        yield


# Without its search for the smallest failing query, which takes minutes where each asks a database.
many = settings(max_examples=drawn(50), deadline=None, phases=(Phase.generate,))


@pytest.mark.parametrize("speakers", [2000, 0])
def test_search_finds_what_the_reference_finds(
    store: Store, speakers: int, record_property: Callable[[str, object], None]
) -> None:
    @many
    @given(questions)
    def agree(question: Question) -> None:
        store.compare(question)

    with at_most(speakers):
        agree()
    record_property("compared", store.compared)
    assert store.found > store.compared, f"{store.compared} queries found {store.found} statements"


@pytest.mark.parametrize("speakers", [2000, 0])
def test_search_finds_the_same_after_changes(
    store: Store, speakers: int, record_property: Callable[[str, object], None]
) -> None:
    store.change()

    @many
    @given(questions)
    def agree(question: Question) -> None:
        store.compare(question)

    with at_most(speakers):
        agree()
    record_property("compared", store.compared)


@pytest.mark.parametrize("text", ["war", "the -crime", "commit* OR 战", '"war crimes" OR 克 OR crimes'])
def test_pages_of_a_search_make_up_its_list(store: Store, text: str) -> None:
    whole = store.walk({"q": text}, 200)
    assert len(whole) > 10
    for limit in (1, 3, 7):
        assert store.walk({"q": text}, limit) == whole


def test_pages_of_a_search_neither_skip_nor_repeat_while_others_write(store: Store) -> None:
    question = Question(((Asked("war", "plain"), Asked("crime", "plain")),), ())
    whole = store.walk(question.parameters, 200)
    gone: set[str] = set()

    def write() -> None:
        store.add(statement(text=f"War {prose(store.chance, 'en', 9)}", speaker="Somebody New"))
        if len(gone) < 10:
            victim = whole[-1 - len(gone)]
            gone.add(victim)
            del store.held[victim]
            assert store.alice.delete(f"/v1/statements/{victim}", headers={"If-Match": "*"}).status_code == 204

    seen = store.walk(question.parameters, 5, write)
    assert len(seen) == len(set(seen))
    assert [id for id in seen if id in set(whole)] == [id for id in whole if id not in gone]
    store.compare(question)
