"""Single values: text and names, languages, web addresses."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langcodes import standardize_tag, tag_is_valid
from marshmallow import ValidationError

from schemas import addresses, languages, problems
from schemas.characters import NAME_PATTERN, TEXT_PATTERN
from schemas.fields import Name, Text
from tests.drawing import drawn

TEXT, NAME = Text(1000), Name(1000)

BIDI = {*range(0x202A, 0x202F), *range(0x2066, 0x206A)}
ANY_TEXT = st.text(st.characters(codec=None), max_size=30)


def refusal(field: Text, text: str) -> str | None:
    """The code of the fault, or None where `text` is taken as it is."""
    try:
        kept = field.deserialize(text)
    except ValidationError as error:
        return problems(error)[0]["code"]
    assert kept == text
    return None


@pytest.mark.parametrize("code", [*range(0x100), *range(0x2000, 0x2070), 0xD800, 0xDFFF, 0xFFFF, 0x10FFFF])
def test_controls_and_lone_surrogates_are_refused_and_all_else_is_text(code: int) -> None:
    category = unicodedata.category(chr(code))
    unfit = category == "Cs" or (category == "Cc" and chr(code) not in "\t\n\r")
    assert refusal(TEXT, f"a{chr(code)}b") == ("characters" if unfit else None)
    in_name = unfit or code in BIDI or chr(code) in "\t\n\r\u2028\u2029"
    assert refusal(NAME, f"a{chr(code)}b") == ("characters" if in_name else None)


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\u3000", "\u200b", "\ufeff \u2060", "\u00ad"])
def test_text_of_which_nothing_is_seen_is_blank(text: str) -> None:
    assert refusal(TEXT, text) == "blank"


def test_length_is_counted_in_code_points() -> None:
    assert refusal(Text(3), "😀😀😀") is None
    assert refusal(Text(3), "a\u0301bc") == "length"


@given(ANY_TEXT)
def test_text_is_kept_exactly_or_refused(text: str) -> None:
    refused = refusal(TEXT, text)
    unfit = any(unicodedata.category(char) in ("Cc", "Cs") and char not in "\t\n\r" for char in text)
    assert (refused == "characters") is unfit


@given(ANY_TEXT)
def test_json_schema_takes_whatever_we_take(text: str) -> None:
    for field, pattern in ((TEXT, TEXT_PATTERN), (NAME, NAME_PATTERN)):
        if refusal(field, text) is None:
            assert re.search(pattern, text)


@pytest.mark.parametrize(
    ("tag", "canonical"),
    [
        ("en", "en"), ("EN-us", "en-US"), ("iw", "he"), ("zh-hant-tw", "zh-Hant-TW"), ("eng", "en"),
        ("pt-br", "pt-BR"),
        ("sh", "sr-Latn"), ("und", "und"), ("x-house", "x-house"), ("es-419", "es-419"),
    ],
)  # fmt: skip
def test_a_language_tag_is_put_into_its_canonical_form(tag: str, canonical: str) -> None:
    assert languages.canonical(tag) == canonical


@pytest.mark.parametrize("tag", ["", "e", "xx", "english", "en_US", "en-", "-en", "en--US", "en US", "en\n",
                                 "еn", "a" * 200, "en-" + "a-" * 60])  # fmt: skip
def test_nonsense_is_no_language(tag: str) -> None:
    with pytest.raises(ValueError, match="BCP 47"):
        languages.canonical(tag)


def test_the_short_cut_gives_what_the_registry_gives() -> None:
    for language in languages._LANGUAGES:
        assert tag_is_valid(language)
        assert standardize_tag(language) == language
        for region in languages._REGIONS:
            assert standardize_tag(f"{language}-{region}") == f"{language}-{region}"


@settings(max_examples=drawn(60))
@given(st.from_regex("[A-Za-z]{1,4}(-[A-Za-z0-9]{1,8}){0,3}", fullmatch=True))
def test_a_canonical_tag_stays_as_it_is(tag: str) -> None:
    try:
        once = languages.canonical(tag)
    except ValueError:
        return
    assert languages.canonical(once) == once
    assert re.search(languages.PATTERN, once)


GOOD_ADDRESSES = [
    "http://a", "https://apnews.com/article/x?y=1&z=ä#frag", "HTTP://EXAMPLE.ORG", "https://a.b:8443/", "http://a?q",
    "https://пример.рф/путь", "http://[::1]:80/", "http://127.0.0.1:5000/x", "https://a_b.example/", "https://a.b./",
    "https://web.archive.org/web/2022/https://user@apnews.com/", "https://a.b/x|y[1]{2}",
]  # fmt: skip
BAD_ADDRESSES = [
    "", "a.org", "//a.org", "ftp://a.org", "javascript:alert(1)", "http:/a.org", "http://", "http:///x",
    "https://:80/",
    "http://user@a.org/", "http://user:pw@a.org/", "http://a.org:0/", "http://a.org:65536/", "http://a.org:99999/",
    "http://a.org:/", "http://a.org:8a/", "http://a b.org/", "http://a.org/x y", "http://a.org/\n", "http://a.org\n",
    " http://a.org", "http://a.org/\u00a0", "http://a.org/\x7f", "http://a.org/\x85", "http://a.org\\@b.org/",
    "http://a..b/", "http://.a/", "http://[::g]/", "http://[1:2]/", "http://a%2eb/", "http://a<b/", "http://a/<x>",
    "http://a\u202eb.org/", "http://a\u200bb.org/", "http://" + "a" * 64 + ".org/",
    "http://" + "a." * 130 + "org/",
    "http://a.org/" + "x" * 2048, "http://[::1", "data:text/html,x", "http://a.org:\u0668\u0660/",
]  # fmt: skip


@pytest.mark.parametrize("address", GOOD_ADDRESSES)
def test_a_web_address_is_taken(address: str) -> None:
    addresses.check(address)
    assert re.search(addresses.PATTERN, address)


@pytest.mark.parametrize("address", BAD_ADDRESSES)
def test_what_is_no_web_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        addresses.check(address)


@given(st.text(st.sampled_from("https:/.@[]1a?#% \\\u202e\x00ü-"), max_size=20).map("http".__add__))
def test_the_pattern_of_an_address_takes_whatever_we_take(address: str) -> None:
    try:
        addresses.check(address)
    except ValueError:
        return
    assert re.search(addresses.PATTERN, address)
