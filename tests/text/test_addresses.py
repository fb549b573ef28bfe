"""Addresses in one form: every spelling of a page gives the same, and no two pages do."""

from __future__ import annotations

from string import ascii_letters, digits

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from api.text.addresses import canonical, host, host_key, reach
from schemas import addresses
from tests.drawing import drawn

UNRESERVED = ascii_letters + digits + "-._~"

# What means one thing bare and another escaped (RFC 3986, section 2.2), by where it can stand bare.
IN_PATH, IN_QUERY = "!$&'()*+,;=:@", "!$'()*+,;:@/?"
CLICKS = ("utm_source", "utm_x", "fbclid", "gclid", "dclid", "gbraid", "wbraid", "msclkid", "mc_cid", "mc_eid")
CLICKS += ("igshid", "yclid", "twclid", "_ga", "_gl")
HOSTS = (
    ("news.example", "NEWS.Example", "news.example.", "ｎews。example"),
    ("xn--bcher-kva.example", "bücher.example", "BÜCHER.example", "bu\u0308cher.example.", "XN--BCHER-KVA.example"),
    ("xn--fa-hia.example", "faß.example"),
    ("fass.example",),
    ("xn--r8jz45g.example", "例え.example", "例え｡example"),
    ("xn--53h.example", "☕.example"),
    ("192.0.2.1",),
    ("[2001:db8::1]", "[2001:DB8:0:0:0:0:0:1]", "[2001:0db8::0001]"),
)
# Each sign of a page's own with all its spellings: the first is how it stands in the canonical form.
SIGNS = (
    *((sign, f"%{ord(sign):02x}", f"%{ord(sign):02X}") for sign in "aZ0-_~"),
    ("%C3%A9", "é", "%c3%A9"),
    ("%E4%BE%8B", "例", "%e4%be%8b"),
    ("%F0%9F%98%80", "😀"),
    ("%7C", "|", "%7c"),
    ("%5B", "[", "%5b"),
    ("%25", "%25"),
    ("%E9", "%e9"),
    ("%2F", "%2f"),
    ("%26", "%26"),
    ("%2B", "%2b"),
    *((sign,) for sign in "!$'()*+,;:@"),
)


@st.composite
def pages(draw: st.DrawFn) -> tuple[str, str]:
    """Draw the canonical address of a page, and another spelling of it."""
    forms, scheme = draw(st.sampled_from(HOSTS)), draw(st.sampled_from(["http", "https"]))
    default = ":80" if scheme == "http" else ":443"
    port = draw(st.sampled_from([("", ""), ("", default), (":8080", ":8080"), (":8080", ":08080")]))
    word = st.lists(st.sampled_from(SIGNS), min_size=1, max_size=4)
    segments, pairs = draw(st.lists(word, max_size=4)), draw(st.lists(st.tuples(word, word), max_size=4))
    page = draw(st.sampled_from(["", "", "#/route/a", "#!a"]))

    def whole(parts: list[tuple[str, ...]]) -> str:
        return "".join(part[0] for part in parts)

    def other(parts: list[tuple[str, ...]]) -> str:
        return "".join(draw(st.sampled_from(part)) for part in parts)

    assume(not any(whole(segment) in (".", "..") for segment in segments))
    parameters = sorted((whole(name), whole(value)) for name, value in pairs)
    query = "&".join(f"{name}={value}" for name, value in parameters)
    kept = "".join(f"/{whole(segment)}" for segment in segments)
    expected = f"{scheme}://{forms[0]}{port[0]}{kept}{query and '?'}{query}{page}"
    detours = st.sampled_from(["", "", "/.", "/gone/..", "/%2e", "/gone/%2E."])
    path = "".join(f"{draw(detours)}/{other(segment)}" for segment in segments)
    end = draw(st.sampled_from(["", "/", "/.", "/gone/.."]))
    sent = [f"{other(name)}={other(value)}" for name, value in pairs]
    sent += draw(st.lists(st.sampled_from([f"{name}=1" for name in CLICKS] + ["utm%5fterm=x", "fbclid"]), max_size=2))
    asked = "&".join(draw(st.permutations(sent)))
    fragment = page or draw(st.sampled_from(["", "#", "#top", "#:~:text=a"]))
    spelt = f"{draw(st.sampled_from([scheme, scheme.upper()]))}://{draw(st.sampled_from(forms))}{port[1]}"
    return expected, f"{spelt}{path}{end}{'?' if asked or draw(st.booleans()) else ''}{asked}{fragment}"


@settings(max_examples=drawn(100), deadline=None)
@given(pages())
def test_every_spelling_of_a_page_is_one(page: tuple[str, str]) -> None:
    expected, spelt = page
    addresses.check(spelt)
    assert canonical(spelt) == expected
    assert canonical(expected) == expected


@settings(max_examples=drawn(100), deadline=None)
@given(st.from_regex(addresses.PATTERN, fullmatch=True).map(lambda text: text[: addresses.LONGEST]))
def test_whatever_the_schema_takes_has_a_form_that_stays(address: str) -> None:
    try:
        addresses.check(address)
    except ValueError:
        assume(False)
    once = canonical(address)
    assert once.isascii()
    assert canonical(once) == once
    assert not set(once) & set(' <>"{}|\\^`')


@pytest.mark.parametrize("sign", sorted({*IN_PATH, *IN_QUERY, "%"}))
def test_what_is_reserved_means_something_else_when_it_is_escaped(sign: str) -> None:
    escaped = f"%{ord(sign):02X}"
    for before, allowed in (("https://a.example/x", IN_PATH), ("https://a.example/?x=", IN_QUERY + "=")):
        bare, hidden = (f"{before}{each}y" for each in (sign, escaped))
        assert canonical(hidden).endswith(f"{escaped}y")
        if sign in allowed:
            assert canonical(bare) != canonical(hidden)
            assert canonical(bare).endswith(f"{sign}y")


def test_pages_that_look_alike_stay_apart() -> None:
    alike = (
        *("https://a.example/a%2Fb", "https://a.example/a/b", "https://a.example/a%252Fb", "https://a.example/A/b"),
        *("https://a.example/?x=1%262", "https://a.example/?x=1&2", "https://a.example/?x=1+2"),
        *("https://a.example/?x=1%202", "https://a.example/?x=1%2B2", "https://a.example/?X=1+2"),
        *("https://a.example/?x", "https://a.example/?x=", "https://a.example/?x=x", "https://a.example"),
        *("http://a.example", "https://a.example:444", "https://www.a.example", "https://a.example//x", "https://a.example/x"),
        *("https://a.example/#/x", "https://a.example/#!x", "https://a.example/#/x/", "https://a.example/?ga=1"),
        *("https://a.example/?fbclid2=1", "https://a.example/?xutm_source=1", "https://a.example/?utm=1"),
        *("https://a.example/%zz", "https://a.example/%%41", "https://a.example/%2541", "https://a.example/A%"),
        *("https://a.example/...", "https://a.example/.x", "https://a.example/x;..", "https://a.example/%E9"),
    )  # fmt: skip
    assert len({canonical(each) for each in alike}) == len(alike)


@given(st.sampled_from(HOSTS), st.sampled_from(["www", "a.b", "xn--53h"]))
def test_a_domain_reaches_its_own_host_and_those_below_it(forms: tuple[str, ...], below: str) -> None:
    own = host(forms[0])
    for form in forms:
        low, high = reach(form)
        assert low <= host_key(own) < high
        assert (low <= host_key(f"{below}.{own}") < high) == (not own[0].isdigit() and own[0] != "[")
        for other in (f"x{own}", f"{own}x", f"{own}.x", own.partition(".")[2] or "x", f"x-{own}"):
            assert not low <= host_key(other) < high, other
