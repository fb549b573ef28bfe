"""Query parameters, read strictly: every mistake is a 400 that says what was meant, all of them at once."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from api.app import create_app
from api.domain.core import keys
from api.settings import Settings
from api.storage.db import close_database
from tests.conftest import COLLECTIONS, Client, statement
from tests.databases import PostgresDatabases, SqliteDatabases
from tests.test_errors import assert_problem
from tests.web.conftest import raw

LISTS = tuple(f"/v1/{each}" for each in COLLECTIONS)
LONG = "x" * 10_000


def errors(answer: TestResponse) -> list[tuple[str, str]]:
    """Return parameter and code of every mistake in an answer that must be a 400 for its parameters."""
    problem = assert_problem(answer, 400)
    assert problem["type"] == "/problems/parameters"
    return [(error["parameter"], error["code"]) for error in problem["errors"]]


# --- names ---------------------------------------------------------------------------------------------------


def test_an_unknown_parameter_is_refused_everywhere(app: Flask, charlie: Client) -> None:
    for rule in app.url_map.iter_rules():
        if rule.methods and "GET" in rule.methods and not rule.rule.startswith(("/docs", "/v1/keys")):
            values = {"id": "stm_00000000000000000000000000", "version": 1, "slug": "gone", "name": "statement"}
            values.update(suffix="json", seq=1)
            _, address = rule.build({name: values[name] for name in rule.arguments}) or ("", "")
            assert ("nonsense", "unknown") in errors(charlie.get(f"{address}?nonsense=1")), address


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_misspelt_parameter_is_answered_with_the_near_name(charlie: Client) -> None:
    near = {
        "limt": "limit",
        "Limit": "limit",
        "curser": "cursor",
        "speakers": "speaker",
        "kinds": "kind",
        "speaker.nt": "speaker.not",
        "topic.exist": "topic.exists",
        "figure.get": "figure.gte",
        "published_form": "published_from",
        "sorted": "sort",
    }
    for given, meant in near.items():
        (error,) = charlie.get(f"/v1/statements?{given}=1").json["errors"]
        assert error["parameter"] == given
        assert error["detail"].endswith(f"Did you mean {meant}?")
    (error,) = charlie.get("/v1/statements?zzz=1").json["errors"]
    assert "There are: limit, cursor, " in error["detail"]
    assert ", speaker, outlet, topic, " in error["detail"]
    assert ".not" not in error["detail"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_name_of_an_unknown_parameter_is_given_as_it_was_sent(charlie: Client) -> None:
    names = {
        "a/b": "a%2Fb",
        "a~b": "a~b",
        "~1": "~1",
        "100%": "100%25",
        "é": "%C3%A9",
        "a b": "a+b",
        "<b>": "<b>",
        "_schema": "_schema",
        "": "",
        "speaker.not.not": "speaker.not.not",
    }
    for name, sent in names.items():
        assert errors(charlie.get(f"/v1/statements?{sent}=1")) == [(name, "unknown")]
    assert errors(charlie.get(f"/v1/statements?{LONG}=1")) == [("", "unknown")]


def test_trackers_and_the_cache_breaker_are_ignored(charlie: Client) -> None:
    ignored = "utm_source=x&utm_campaign=&utm_=%00&_=1700000000000&_=2&_"
    for address in (*LISTS, "/v1/figures", "/livez", "/", "/openapi.json", "/v1/me"):
        assert charlie.get(f"{address}?{ignored}").status_code == 200
    assert charlie.get(f"/v1/statements?limit=1&{ignored}").status_code == 200
    assert errors(charlie.get("/v1/statements?utm=1")) == [("utm", "unknown")]
    assert errors(charlie.get("/v1/statements?__=1")) == [("__", "unknown")]


# --- values --------------------------------------------------------------------------------------------------


# Bad values of every parameter with the code of the mistake, by the kind of parameter.
WORD = ("x", "QUOTE", "quote,,claim", "true")
ID = ("stm_1", "spk_00000000000000000000000000", "STM_00000000000000000000000000", "Antony Blinken", "*")
FLAG = ("yes", "TRUE", "2", "true,false", "null")
PERIOD = ("2022-13", "2022-02-30", "22", "0000", "2022-3", "2022-03-23T00:00:00Z", "2022~", "today")
MOMENT = (
    *("2022", "2022-03-23", "2022-03-23T00:00:00", "2022-03-23T25:00:00Z", "2022-02-30T00:00:00Z", "now", "1648000000"),
    *("2022-03-23T00:00:00+00:00", "2022-03-23T00:00:00%2B25:00", "20220323T000000Z", "0001-01-01T00:00:00%2B23:59"),
)
AMOUNT = (
    *("x", "1,5", "NaN", "inf", "-Infinity", "1e999", "0x10", "1_000", "--1", "%EF%BC%97", "1e", "."),
    *("07", "-07", "%2B7", "%207"),
)
WORDLESS = ("...", "*", "%22%22", "-", "%E2%80%9C%E2%80%9D")
ADDRESS = ("x", "ftp://a.example", "https://", "https://me@a.example/", "a.example/1", "https://a.example:99999/")
HOST = ("https://a.example", "a.example/x", "a.example:80", "me@a.example", "*.a.example", "a,b", "a+b", ".a.example")
LANGUAGE = ("xq", "en_US", "e", "english", "fr,xq", "en-")
SIZE = ("0", "201", "-1", "1.5", "x", "05", "%2B5", "%205", "5%20", "5_0", "%D9%A5")
FILTERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "id": ("reference", ID),
    **dict.fromkeys(("kind", "form", "status", "terms", "medium"), ("choice", WORD)),
    "lang": ("language", LANGUAGE),
    **dict.fromkeys(("speaker", "outlet", "topic"), ("empty", (",", ",+,"))),
    "url": ("url", ADDRESS),
    "domain": ("host", HOST),
    "external_id": ("characters", ("a%00b", "a%0Ab", "%E2%80%AE")),
}
STATEMENTS = {
    **FILTERS,
    **{f"{name}.not": bad for name, bad in FILTERS.items()},
    **{f"{name}.exists": ("choice", FLAG) for name in (*FILTERS, "said_on", "figure")},
    "q": ("query", (*WORDLESS, "-word", "-%22a+phrase%22")),
    **dict.fromkeys(("from", "to", "published_from", "published_to"), ("date", PERIOD)),
    **dict.fromkeys(("recorded_from", "recorded_to"), ("date", MOMENT)),
    "figure": ("query", WORDLESS),
    **dict.fromkeys(("figure.gte", "figure.lte"), ("range", AMOUNT)),
    "reviewed": ("choice", FLAG),
    "related_to": ("reference", ID),
}
PAGES = {"limit": ("range", SIZE), "cursor": ("cursor", ("x", "0", "null")), "count": ("choice", ("all", "EXACT", "1"))}
VIEW = {
    "fields": ("choice", ("nonsense", "speaker.age", "ID", "id.x", "speaker.", "id,nonsense", "url")),
    "expand": ("choice", ("everything", "speakers", "statement", "speaker.name")),
}
FORMS = {
    "format": ("choice", ("xml", "JSON", "json,csv")),
    **dict.fromkeys(("safe", "excel"), ("choice", FLAG)),
}
BAD: dict[str, dict[str, tuple[str, tuple[str, ...]]]] = {
    "/v1/statements": {
        **STATEMENTS,
        **PAGES,
        **VIEW,
        **FORMS,
        "highlight": ("choice", FLAG),
        "sample": ("range", SIZE),
        "seed": ("range", ("-1", "1.5", "4294967296", "x", "9" * 50, "07", "%2B7", "%207", "%D9%A7")),
        "sort": ("choice", ("said_on,id", "+said_on", "text", "Relevance", "--said_on")),
    },
    "/v1/statements/counts": {
        **STATEMENTS,
        "by": ("choice", ("nothing", "speaker,outlet", "Kind", "url")),
        "limit": ("range", ("0", "1001", "-1", "x")),
    },
    "/v1/figures": {**STATEMENTS, **PAGES, "name": ("query", WORDLESS)},
    "/v1/speakers": {**PAGES, **FORMS, "q": ("query", WORDLESS)},
    "/v1/outlets": {**PAGES, **FORMS, "q": ("query", WORDLESS)},
    "/v1/sources": {**PAGES, **FORMS},
    "/v1/reviews": {**PAGES, **FORMS, "statement": ("reference", ID)},
    "/v1/relations": {**PAGES, **FORMS, "statement": ("reference", ID)},
    "/v1/statements/stm_00000000000000000000000000": {**VIEW, "format": FORMS["format"]},
    **{
        f"/v1/{collection}/{prefix}_00000000000000000000000000": {"format": FORMS["format"]}
        for collection, prefix in zip(COLLECTIONS[1:], ("spk", "out", "src", "rev", "rel"), strict=True)
    },
    **{
        f"/v1/{collection}/{prefix}_00000000000000000000000000/revisions": {
            **PAGES,
            "cursor": ("cursor", ()),
            "diff": ("choice", ("1", "1..", "a..b", "01..2", "1..02", "1..2..3", "%2B1..2", "1.. 2", "%D9%A1..2")),
        }
        for collection, prefix in zip(COLLECTIONS, ("stm", "spk", "out", "src", "rev", "rel"), strict=True)
    },
    "/v1/changes": {
        "since": ("range", ("-1", "1.5", "x", "Now", "9" * 19, "%D9%A1", "00", "01", "%2B1", "%201")),
        "limit": ("range", ("0", "1001", "-1", "x")),
        "wait": ("range", ("-1", "26", "100", "1.5", "x", "now", "05", "%2B5", "%205", "%D9%A5")),
    },
    "/v1/statements/stm_00000000000000000000000000/similar": {"limit": ("range", SIZE)},
    "/v1/check": {
        "text": ("characters", ("%07", "a%07b", "%7F")),
        "speaker": ("characters", ("a%0Ab", "%07")),
        "url": ("url", ("x", "ftp://a.example/", "https://user:pass@a.example/")),
        "on": ("date", ("2022-13", "today", "2022-03-23T00:00:00Z")),
    },
    "/v1/statements/bulk": {
        "format": ("choice", ("xml", "json", "NDJSON", "csv,ndjson")),
        "on_conflict": ("choice", ("merge", "Skip", "error,skip")),
        "atomic": ("choice", FLAG),
        "dry_run": ("choice", FLAG),
        "safe": ("choice", FLAG),
    },
}
# What takes a body and parameters beside.
POSTED = ("/v1/statements/bulk",)
# Without these the address says nothing about the parameter.
BESIDE = {"/v1/statements/counts": "by=kind", "/v1/check": "text=word"}
ABOUT = {"highlight": "q=word", "safe": "format=csv", "excel": "format=csv", "seed": "sample=2"}


def asked(address: str, name: str, value: str) -> str:
    """Return the address of a request that is right in all but one parameter."""
    beside = [BESIDE.get(address, "") if name not in ("by", "text") else "", ABOUT.get(name, "")]
    return f"{address}?{'&'.join(part for part in (*beside, f'{name}={value}') if part)}"


def ask(alice: Client, address: str) -> TestResponse:
    """Ask for an address, or send it a body that would be taken."""
    if not address.startswith(POSTED):
        return alice.get(address)
    line = json.dumps(statement()).encode()
    return alice.open("POST", address, data=line, content_type="application/x-ndjson")


def test_every_bad_value_of_every_parameter_is_refused_by_name(alice: Client) -> None:
    for address, parameters in BAD.items():
        for name, (code, values) in parameters.items():
            for value in values:
                assert errors(ask(alice, asked(address, name, value))) == [(name, code)], (address, name, value)


def test_there_are_bad_values_of_every_parameter_that_there_is(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        contract = getattr(app.view_functions[rule.endpoint], "contract", None)
        names = {each.data_key or name for name, each in contract.parameters.fields.items()} if contract else set()
        if names and "suffix" not in rule.arguments:
            (address,) = (each for each in BAD if rule.rule in (each, re.sub(r"/[^/.]{30}(?=/|$)", "/<id:id>", each)))
            assert names == set(BAD[address]), rule.rule


def test_an_empty_value_is_refused(alice: Client) -> None:
    for address, parameters in BAD.items():
        for name in parameters:
            for value in ("", "=", "=+", "=%20", "=%09", "=%C2%A0"):
                found = errors(ask(alice, f"{address}?{name}{value}"))
                assert {(name, "empty"), (name, "characters")} & set(found), (address, name, value)


SEVERAL = {*FILTERS, *(f"{name}.not" for name in FILTERS), "figure", "name", "related_to", "statement", "fields"}
SEVERAL |= {"expand"}


def test_a_single_valued_parameter_given_twice_is_refused(alice: Client) -> None:
    for address, parameters in BAD.items():
        for name in parameters.keys() - SEVERAL:
            assert (name, "repeated") in errors(ask(alice, f"{address}?{name}=1&{name}=1")), (address, name)
    assert alice.get("/v1/statements?kind=quote&kind=claim&kind=quote").status_code == 200


def test_parameters_that_do_not_go_together_are_refused(charlie: Client) -> None:
    known = "stm_00000000000000000000000000"
    refused = {
        "sort=relevance": ("sort", "conflict"),
        "highlight=true": ("highlight", "conflict"),
        "sample=2&cursor=x": ("sample", "conflict"),
        "sample=2&limit=2": ("sample", "conflict"),
        "seed=7": ("seed", "conflict"),
        "seed=0": ("seed", "conflict"),
        "safe=false": ("safe", "conflict"),
        "format=ndjson&count=none": ("count", "conflict"),
        "published_from=2023&published_to=2022": ("published_from", "range"),
        "recorded_from=2023-01-01T00:00:00Z&recorded_to=2022-01-01T00:00:00Z": ("recorded_from", "range"),
    }
    for query, error in refused.items():
        assert error in errors(charlie.get(f"/v1/statements?{query}")), query
    for query in ("sort=relevance&q=a", "highlight=true&q=a", "sample=2&seed=7", f"id={known}&related_to={known}"):
        assert charlie.get(f"/v1/statements?{query}").status_code == 200, query
    assert errors(charlie.get("/v1/statements/counts")) == [("by", "required")]


LIMITS = ("0", "201", "-1", "1.5", "1.0", "%EF%BC%91", "%D9%A1", "%C2%B2", "1e2", "+1", "%2B1", "1,2", "0x10", "1_0")
MORE_LIMITS = ("9" * 900, "00000001", "NaN", "null", "true", "50;", "%", "%zz", "'1'", "2147483648", "1%00", "1%0A")


def test_a_limit_that_is_no_number_from_1_to_200_is_refused_never_cut_down(charlie: Client) -> None:
    for address in LISTS:
        for value in (*LIMITS, *MORE_LIMITS):
            (error,) = errors(charlie.get(f"{address}?limit={value}"))
            assert error[0] == "limit"
            assert error[1] in ("range", "characters"), value
        for value in (1, 200):
            assert charlie.get(f"{address}?limit={value}").status_code == 200


def test_bytes_that_are_no_text_are_refused_and_never_reach_the_database(alice: Client) -> None:
    for address, parameters in BAD.items():
        for name in parameters:
            assert errors(ask(alice, asked(address, name, "a%00b"))) == [(name, "characters")]
            for value in ("%ff", "%C3", "%ED%A0%80", "%C0%80", "a%ffb"):
                assert errors(ask(alice, f"{address}?{name}={value}")) == [("", "encoding")]
    for name in ("%ff", "%00", "a%00b"):
        assert len(errors(alice.get(f"/v1/statements?{name}=1"))) == 1


def test_raw_bytes_in_the_query_string_are_refused(app: Flask) -> None:
    for query in ("speaker=\xff", "speaker=\xc3\xa9", "\x80=1", "limit=1\x00", "limit=\x7f"):
        assert_problem(raw(app, "/v1/statements", QUERY_STRING=query), 400)


def test_a_percent_sign_without_digits_stands_for_itself(charlie: Client) -> None:
    for value in ("%", "%zz", "100%", "%2", "%25"):
        assert charlie.get(f"/v1/statements?speaker={value}").json["total"] == 0


def test_very_long_and_very_many_values_are_refused(alice: Client) -> None:
    for address, parameters in BAD.items():
        for name in parameters:
            assert errors(ask(alice, asked(address, name, LONG))) == [(name, "length")], (address, name)
    assert errors(alice.get("/v1/statements?" + "&".join(f"a{i}=1" for i in range(1000)))) == [("", "length")]
    assert errors(alice.get("/v1/statements?" + "&".join(f"a{i}=1" for i in range(250)))) == [("", "length")]
    assert errors(alice.get("/v1/statements?" + "&".join(["limit=1"] * 1000))) == [("", "length")]
    found = errors(alice.get("/v1/statements?" + "&".join(f"a{i}=1" for i in range(150))))
    assert len(found) == 100
    assert found[-1] == ("", "more")
    for name in ("speaker", "outlet.not", "topic", "lang", "external_id", "figure", "fields", "id", "related_to"):
        repeated = "&".join(f"{name}=n{i}" for i in range(250))
        assert errors(alice.get(f"/v1/statements?{repeated}")) == [(name, "length")]
    urls = "&".join(f"url=https://a.example/{i}" for i in range(101))
    assert errors(alice.get(f"/v1/statements?{urls}")) == [("url", "length")]
    for name in ("kind", "status.not", "expand"):
        repeated = ",".join(["quote"] * 101)
        assert errors(alice.get(f"/v1/statements?{name}={repeated}")) == [(name, "length")]
    assert errors(alice.get("/v1/statements?speaker=" + ",".join(map(str, range(150))))) == [("speaker", "length")]
    for separators in ("&" * 50, "&&limit=1&&"):
        assert alice.get(f"/v1/statements?{separators}").status_code == 200


DATES = (
    "2022-13",
    "2022-02-30",
    "2022-00",
    "22",
    "0000",
    "10000",
    "2022-3",
    "2022-03-23T00:00:00Z",
    "2022/2023",
    "2022~",
)
MORE_DATES = (
    "today",
    "20220323",
    "-2022",
    "%2B2022",
    "%EF%BC%92022",
    "2022-03-23%00",
    "2022..",
    "2022-W12",
    "2022-082",
    "x" * 900,
)


def test_a_period_that_is_no_year_month_or_day_is_refused(charlie: Client) -> None:
    for name in ("from", "to"):
        for value in (*DATES, *MORE_DATES):
            ((parameter, code),) = errors(charlie.get(f"/v1/statements?{name}={value}"))
            assert parameter == name
            assert code in ("date", "characters"), value


def test_from_after_to_is_refused(charlie: Client) -> None:
    for query in ("from=2023&to=2022", "from=2022-03-24&to=2022-03-23", "from=2022-04&to=2022-03-31"):
        assert errors(charlie.get(f"/v1/statements?{query}")) == [("from", "range")]
    for query in ("from=2022&to=2022", "from=2022-03-23&to=2022", "from=2022-12-31&to=2022", "from=0001&to=9999-12-31"):
        assert charlie.get(f"/v1/statements?{query}").status_code == 200


def test_an_unknown_word_is_refused_with_the_near_one(charlie: Client) -> None:
    for value in ("Quote", "quotes", "quote,,claim", "quote,", ",", "quote;claim", "quote claim"):
        assert errors(charlie.get(f"/v1/statements?kind={value}")) == [("kind", "choice")]
    assert "Did you mean quote?" in charlie.get("/v1/statements?kind=qoute").text


def test_all_mistakes_are_told_at_once(charlie: Client) -> None:
    query = "limit=0&cursor=&kind=quot&speaker=%00&from=2022-13&to=x&to=y&outlet=&nonsense=1&utm_x=1"
    assert sorted(errors(charlie.get(f"/v1/statements?{query}"))) == [
        ("cursor", "empty"),
        ("from", "date"),
        ("kind", "choice"),
        ("limit", "range"),
        ("nonsense", "unknown"),
        ("outlet", "empty"),
        ("speaker", "characters"),
        ("to", "repeated"),
    ]


def test_versions_to_compare_are_two_whole_numbers(alice: Client) -> None:
    address = f"/v1/statements/{alice.record(statement())['id']}/revisions"
    for value in (
        "1",
        "1..",
        "..2",
        "1...2",
        "1..2..3",
        "a..b",
        "-1..2",
        "1.5..2",
        "%EF%BC%91..2",
        "1..9999999999",
        "1 .. 2",
    ):
        assert errors(alice.get(f"{address}?diff={value}")) == [("diff", "choice")], value
    for value in ("1..2", "0..1", "999999999..1"):
        assert_problem(alice.get(f"{address}?diff={value}"), 404)
    assert alice.get(f"{address}?diff=1..1").json == []


# --- cursors -------------------------------------------------------------------------------------------------


def written(value: Any) -> str:
    """Return a cursor that says something else than ours do."""
    text = value if isinstance(value, str) else json.dumps(value)
    return base64.urlsafe_b64encode(text.encode("utf-8", "surrogatepass")).decode().rstrip("=")


def read(cursor: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))


@pytest.fixture
def pages(alice: Client, smallest: dict[str, dict[str, Any]]) -> dict[str, str]:
    """A good cursor of every list that has more than a page."""
    for number in range(3):
        record = alice.record(
            statement(
                text=f"Number {number}.",
                speaker=f"Speaker {number}",
                outlet=f"Outlet {number}",
                figures=[{"name": "numbers", "value": number}],
            )
        )
        alice.record({"url": f"https://news.example/{number}"}, "sources")
        alice.record(smallest["reviews"], "reviews")
        alice.record({**smallest["relations"], "type": ("confirms", "refutes", "disputes")[number]}, "relations")
    address = f"/v1/statements/{record['id']}"
    for number in range(3):
        alice.patch(address, {"context": str(number)}, headers={"If-Match": "*"})
    # Lists in every kind of order: by dates, moments, relevance, and how often somebody is cited.
    lists = [*LISTS, "/v1/figures", f"{address}/revisions", "/v1/statements?q=number"]
    lists += ["/v1/statements?sort=created_at", "/v1/statements?sort=said_on&from=2022", "/v1/speakers?q=speak"]
    return {each: alice.get(more(each, "limit=2")).json["next"] for each in lists}


def more(address: str, query: str) -> str:
    """Return an address with more parameters."""
    return f"{address}{'&' if '?' in address else '?'}{query}"


def test_a_cursor_goes_on_where_the_page_ended(alice: Client, pages: dict[str, str]) -> None:
    for address, cursor in pages.items():
        first, second = (
            alice.get(more(address, f"limit=2{beside}")).json["data"] for beside in ("", f"&cursor={cursor}")
        )
        assert len(first) == 2
        assert second
        assert not [each for each in second if each in first]


def test_garbage_for_a_cursor_is_refused(alice: Client, pages: dict[str, str]) -> None:
    garbage = [
        "x",
        "0",
        "-1",
        "null",
        "====",
        "%C3%A9",
        "a" * 999,
        "../../etc/passwd",
        "'%20OR%201=1--",
        "[]",
        "%7B%7D",
    ]
    for address in pages:
        for value in garbage:
            assert errors(alice.get(more(address, f"cursor={value}"))) == [("cursor", "cursor")], value


def test_a_cursor_of_another_list_or_other_filters_is_refused(alice: Client, pages: dict[str, str]) -> None:
    for address in pages:
        for other, cursor in pages.items():
            if other != address:
                assert errors(alice.get(more(address, f"cursor={cursor}"))) == [("cursor", "cursor")]
    cursor = pages["/v1/statements"]
    others = ("kind=quote", "from=2022", "to=2022", "speaker=Speaker+1", "outlet=Outlet+1", "q=number", "sort=said_on")
    for filters in (*others, "speaker.not=x", "medium.exists=true", "reviewed=false", "figure.gte=0"):
        assert errors(alice.get(f"/v1/statements?{filters}&cursor={cursor}")) == [("cursor", "cursor")]
    for shown in ("limit=200", "fields=id", "expand=speaker", "count=none", "limit=1&fields=text&expand=outlet"):
        assert alice.get(f"/v1/statements?{shown}&cursor={cursor}").status_code == 200


def test_a_forged_cursor_is_refused_before_the_database_sees_it(alice: Client, pages: dict[str, str]) -> None:
    huge = [2**31, 2**63, 2**64, 10**100, -1, -(2**63) - 1, 10**8]
    others = [1.5, 1e308, float("nan"), float("inf"), None, True, False, "", "x", "20220323", [], {}, [[[]]], "\x00"]
    ids = ["", "x", "\x00", None, 1, [], {}, True, "\ud800", "stm_", "key_01kayv5q3mf8r8d2xq1n6z0t4w", "x" * 500]
    for address, cursor in pages.items():
        bound, phase, last, id = read(cursor)
        forged: list[Any] = [[bound, value, last, id] for value in (*huge, *others, 2, phase + 2) if value != phase]
        forged += [[bound, phase, value, id] for value in (*huge, *others) if value != last and not fits(last, value)]
        forged += [[bound, phase, last, value] for value in (*ids, id.upper(), id + "\n", id + "0", id[:-1])]
        forged += [[bound, phase, last, value] for value in (f"{id}\x00", f"{id}.\x00", f"{id}." + "9" * 20)]
        forged += [[value, phase, last, id] for value in (*others, 0, "0" * 12, bound.upper() + "x")]
        forged += [[], [bound], [bound, phase, last], [bound, phase, last, id, id], dict.fromkeys("abcd", 1), "abcd"]
        forged += [123, None, True, "[" * 500, f'["{bound}",{phase},1e999,"{id}"]', "\x00", "[NaN,NaN,NaN,NaN]"]
        forged += ['["\\ud800",1,2,3]']
        for value in forged:
            answer = alice.get(more(address, f"cursor={written(value)}"))
            assert errors(answer) == [("cursor", "cursor")], (address, value)


def fits(last: Any, value: Any) -> bool:
    """Whether another place is as good as the cursor's own: a number that a column of days or ranks can hold."""
    return type(last) is int and type(value) is int and 0 <= value < 2**62


def test_a_cursor_tampered_with_in_any_place_never_breaks_anything(alice: Client, pages: dict[str, str]) -> None:
    for address, cursor in pages.items():
        for place in range(len(cursor)):
            for changed in (
                cursor[:place],
                cursor[:place] + "A" + cursor[place + 1 :],
                cursor[:place] + "-" + cursor[place:],
            ):
                answer = alice.get(more(address, f"cursor={changed}"))
                assert answer.status_code in (200, 400)


# --- both databases ------------------------------------------------------------------------------------------

SAME = (
    *(f"limit={value}" for value in (*LIMITS, *MORE_LIMITS, "1", "200")),
    *(f"from={value}" for value in (*DATES, *MORE_DATES, "2022", "2022-03", "2022-03-23")),
    *(f"kind={value}" for value in ("quote", "claim", "quote,claim", "x", "%00", "QUOTE")),
    *(
        f"speaker={value}"
        for value in ("%00", "%ff", "%", "'", '"', "%5C", "%25", "_", "*", "%F0%9F%98%80", "ANTONY+blinken")
    ),
    *(
        f"outlet={value}"
        for value in ("ap", "the+associated+press", "%E2%80%AE", "%E2%80%8B", "a,b,,c", ",", "x" * 1000, "x" * 1001)
    ),
    *(f"cursor={value}" for value in ("x", "%00", written([1, 2, 3]), written(["", 10**30, ""]), "é")),
    *(f"{name}={value}" for name, (_, values) in BAD["/v1/statements"].items() for value in values),
    *(f"q={value}" for value in ("number", "NUMBER+3", "%22number+3%22", "numb*", "number+-3", "0+OR+1", "blinken")),
    "from=2023&to=2022",
    "limit=0&kind=x&from=x&to=x&speaker=&nonsense=1",
    "",
)


def test_both_databases_answer_alike(
    sqlite_databases: SqliteDatabases, postgresql_databases: PostgresDatabases
) -> None:
    answers = []
    for databases in (sqlite_databases, postgresql_databases):
        with databases.fresh() as url:
            app = create_app(Settings(database=url))
            alice = Client(app, keys.make("alice", ["write"])["key"])
            for number, name in enumerate(("Antony Blinken", "%", "_", "*", "'", "\\", "\N{GRINNING FACE}")):
                alice.record(statement(text=f"Number {number}.", speaker=name))
            answers.append([known(alice.get(f"/v1/statements?{query}")) for query in SAME])
            close_database()
    assert answers[0] == answers[1]


def known(answer: TestResponse) -> Any:
    """Return what of an answer is the same wherever and whenever the question is asked."""
    if answer.status_code == 200:
        return answer.json["total"], [each["text"] for each in answer.json["data"]]
    return {**answer.get_json(force=True), "request_id": None}
