"""Tokens: what a text is found by, and where it stands."""

from __future__ import annotations

import sys
import unicodedata

import pytest
import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st

from api.text import tokens
from api.text.tokens import Token

# Of every script that is treated in its own way, letters, marks, digits and signs between them.
ALPHABET = (
    "aéßİıøŁǅ09½ﬁ²\u0301\u00ad\u200b\u200d '-.\"¦§~*\\\n"
    "战争开々葛\U000e0100ーカガｶﾞか\u3099한ᄒ\u1161กุ้ำไทย၊မြန်ក្\u17d4हिन्दी\u093cنﻻﷺא\u05b0ⅣⅷK😀1\ufe0f\u20e3\u0345"
)
texts = st.one_of(st.text(ALPHABET, max_size=40), st.text(max_size=40))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don't state-of-the-art 20.04!", ["don", "t", "state", "of", "the", "art", "20", "04"]),
        ("Café CAFE\u0301 ＣＡＦÉ", ["cafe"] * 3),
        ("Wałęsa, Løkke, Đoković, Ærø, İIı", ["walesa", "lokke", "dokovic", "aero", "iii"]),
        ("Straße ﬁnd m² ½", ["strasse", "find", "m2", "1", "2"]),
        ("乌克兰战争", ["乌克", "克兰", "兰战", "战争", "争"]),
        ("克", ["克"]),
        ("2022年 GDP増", ["2022", "年", "gdp", "増"]),
        ("か\u3099 が ｶﾞｽ ガス カ", ["が", "が", "ガス", "ス", "ガス", "ス", "カ"]),
        ("葛\U000e0100城", ["葛城", "城"]),
        ("あ\u3099い", ["あ\u3099い", "い"]),
        ("กุ้ง", ["กุ", "ุ้", "้ง", "ง"]),
        ("ខ្ញុំ។ទៅ", ["ខ្", "្ញ", "ញុ", "ុំ", "ំ", "ទៅ", "ៅ"]),
        ("हिन्दी में कर्म क़लम", ["हिन्दी", "में", "कर्म", "कलम"]),
        ("서울시 한국", ["서울시", "한국"]),
        ("الْكِتَاب", ["الكتاب"]),
        ("Sofort\u00adhilfe no\u200dwhere \ufeffend", ["soforthilfe", "nowhere", "end"]),
        ("one\u200btwo", ["one", "two"]),
        ("Hello 😀👩‍🚀 1️⃣ ❤️world", ["hello", "1", "world"]),
        ("ﷺ", ["صلى", "الله", "عليه", "وسلم"]),
        ("\u0301 \u200d \U000e0100", []),
        ("", []),
    ],
)
def test_text_is_cut_into_folded_words(text: str, words: list[str]) -> None:
    assert tokens.words(text) == words


def test_a_word_stands_where_its_letters_do() -> None:
    text = "«Ça va\u0301», ｶﾞｽ 战争!"
    assert [(text[start:end], word) for word, start, end in tokens.tokens(text)] == [
        ("Ça", "ca"),
        ("va\u0301", "va"),
        ("ｶﾞｽ", "ガス"),
        ("ｽ", "ス"),
        ("战争", "战争"),
        ("争", "争"),
    ]


@settings(deadline=None)
@given(st.text(st.characters(max_codepoint=127)) | st.text())
def test_words_are_those_that_have_a_place(text: str) -> None:
    assert tokens.words(text) == [token.word for token in tokens.tokens(text)]


@settings(deadline=None)
@given(texts)
@example("น้ำ")
def test_places_lie_in_the_text_in_their_order_and_hold_the_word(text: str) -> None:
    last = Token("", 0, 0)
    for token in tokens.tokens(text):
        assert 0 <= token.start < token.end <= len(text)
        assert (token.start, token.end) >= (last.start, last.end)
        last = token
        # What stands there gives the word again, alone or among what its letters are folded with.
        assert token.word in "".join(tokens.words(text[token.start : token.end]))


@settings(deadline=None)
@given(texts)
@example("ͅ α\u0345\u0301")
def test_folding_twice_is_folding_once(text: str) -> None:
    for word in tokens.words(text):
        if not tokens.is_spaceless(word):
            assert tokens.words(word) == [word]
        else:
            assert tokens.words(word)[0] == word


@settings(deadline=None)
@given(texts)
def test_composed_and_decomposed_text_gives_the_same_words(text: str) -> None:
    composed, decomposed = unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text)
    assert tokens.words(composed) == tokens.words(decomposed)


# All but U+037A, a letter that stands for a mark on a space.
@pytest.mark.parametrize("form", ["NFKC", "NFKD"])
def test_compatible_letters_and_digits_give_the_same_words(form: str) -> None:
    different = []
    for code in range(sys.maxunicode + 1):
        letter = chr(code)
        plain = unicodedata.normalize(form, letter)
        if plain == letter or unicodedata.category(letter)[0] not in "LN" or letter == "\u037a":
            continue
        if tokens.words(letter) != tokens.words(plain):
            different.append(letter)
    assert different == []


@settings(deadline=None)
@given(texts)
def test_words_hold_nothing_that_a_search_index_could_take_for_a_sign(text: str) -> None:
    for word in tokens.words(text):
        # The library that cuts words knows newer letters than Python's own tables.
        assert regex.fullmatch(r"[\p{L}\p{N}\p{M}]+", word) or tokens.is_spaceless(word), word
        assert not set(word) & set("\"'\\*:~¦§ \n\t")


@pytest.mark.parametrize("letter", ["a", "é", "한", "𐌰", "ﬃ"])
def test_a_very_long_word_is_cut(letter: str) -> None:
    (token,) = tokens.tokens(letter * 5000)
    assert (token.start, token.end) == (0, 5000)
    assert len(token.word) == tokens.LONGEST
    assert tokens.words(letter * 4000) == [token.word]


def test_a_very_long_run_is_pairs() -> None:
    assert tokens.words("战" * 10_000) == ["战战"] * 9_999 + ["战"]


@pytest.mark.parametrize(
    ("language", "word", "stem"),
    [
        ("en", "crimes", "crime"),
        ("en-GB", "crimes", "crime"),
        ("EN", "crimes", "crime"),
        ("de", "hauser", "haus"),
        ("zh", "crimes", "crimes"),
        ("xx-unheard", "crimes", "crimes"),
    ],
)
def test_stems_are_those_of_the_language(language: str, word: str, stem: str) -> None:
    assert tokens.stems([word], language) == [stem]


def test_every_language_that_is_listed_has_a_stemmer() -> None:
    for language in tokens._STEMMERS:
        assert tokens.has_stems(language)
        assert len(tokens.stems(["word", "слово", "λόγος"], language)) == 3
    assert not tokens.has_stems("zh")


@settings(deadline=None)
@given(st.lists(st.text("abcdefghijklmnopqrstuvwxyzаеиосрнт" + ALPHABET, min_size=1, max_size=12), max_size=8))
def test_any_stemmer_takes_any_words(words: list[str]) -> None:
    for language in tokens._STEMMERS:
        assert len(tokens.stems(words, language)) == len(words)
