"""Lists: order, filters and pages, against a model in plain Python."""

from __future__ import annotations

import random
from typing import Any
from urllib.parse import urlencode

import pytest

from schemas.edtf import bounds
from tests.conftest import Client, statement

DATES = [None, "2022", "2022-03", "2022-03-23", "2022-03-24", "2022-03-22~", "2022-03/2022-04", "../2021", "2023-21"]
SPEAKERS = ["Ada, Countess of Lovelace", "Blinken", "Votel", "NATO"]
OUTLETS = ["The Times", "AP", "Reuters"]


def walk(client: Client, query: str, limit: int) -> list[str]:
    """Return the ids of a whole list, page by page."""
    ids: list[str] = []
    address = f"/v1/statements?limit={limit}&{query}"
    while address:
        answer = client.get(address)
        assert answer.status_code == 200, answer.text
        ids += [each["id"] for each in answer.json["data"]]
        assert len(answer.json["data"]) <= limit
        assert ('rel="next"' in answer.headers.get("Link", "")) == (answer.json["next"] is not None)
        address = (answer.json["next_url"] or "").removeprefix("http://localhost")
    return ids


@pytest.fixture
def held(alice: Client) -> list[dict[str, Any]]:
    """Sixty statements of few dates, so that many tie."""
    chance = random.Random(7)
    return [
        alice.record(
            statement(
                kind=chance.choice(["quote", "claim"]),
                text=f"Statement {number}.",
                said_on=chance.choice(DATES),
                speaker=chance.choice(SPEAKERS),
                outlet=chance.choice(OUTLETS),
            )
        )
        for number in range(60)
    ]


def expected(held: list[dict[str, Any]], keep: Any) -> list[str]:
    """Return the ids that a list should have: newest first, missing dates last, ties by id."""
    chosen = [each for each in held if keep(each)]
    chosen.sort(key=lambda each: (bounds(each["said_on"])[0] if each["said_on"] else 0, each["id"]), reverse=True)
    return [each["id"] for each in chosen]


def overlaps(each: dict[str, Any], lower: int, upper: int) -> bool:
    """Tell whether a statement's date overlaps a period."""
    if not each["said_on"]:
        return False
    begin, end = bounds(each["said_on"])
    return begin <= upper and end >= lower


def test_pages_of_any_size_make_up_the_same_list(held: list[dict[str, Any]], charlie: Client) -> None:
    whole = expected(held, lambda each: True)
    for limit in (1, 7, 59, 60, 200):
        assert walk(charlie, "", limit) == whole


def test_filters_choose_what_a_model_chooses(held: list[dict[str, Any]], charlie: Client) -> None:
    first = held[0]["speaker"]
    cases: list[tuple[list[tuple[str, str]], Any]] = [
        ([("kind", "quote")], lambda each: each["kind"] == "quote"),
        ([("kind", "quote,claim")], lambda each: True),
        ([("kind", "quote"), ("kind", "claim")], lambda each: True),
        ([("speaker", first["id"])], lambda each: each["speaker"] == first),
        ([("speaker", "votel,NATO")], lambda each: each["speaker"]["name"] in ("Votel", "NATO")),
        ([("speaker", "Ada, Countess of Lovelace")], lambda each: each["speaker"]["name"].startswith("Ada")),
        ([("speaker", "Ada, Countess of Lovelace"), ("speaker", "NATO")],
         lambda each: each["speaker"]["name"][0] in "AN"),
        ([("speaker", "Nobody At All")], lambda each: False),
        ([("outlet", "ap"), ("outlet", "Reuters")], lambda each: each["outlet"]["name"] != "The Times"),
        ([("outlet", "AP"), ("speaker", "Votel"), ("kind", "claim")],
         lambda each: (each["outlet"]["name"], each["speaker"]["name"], each["kind"]) == ("AP", "Votel", "claim")),
        ([("from", "2022-03-15")], lambda each: overlaps(each, 20220315, 99991231)),
        ([("to", "2022-03-15")], lambda each: overlaps(each, 10101, 20220315)),
        ([("from", "2022-03-23"), ("to", "2022-03-23")], lambda each: overlaps(each, 20220323, 20220323)),
        ([("from", "2021"), ("to", "2021")], lambda each: overlaps(each, 20210101, 20211231)),
        ([("from", "2022-04"), ("outlet", "AP")],
         lambda each: overlaps(each, 20220401, 99991231) and each["outlet"]["name"] == "AP"),
    ]  # fmt: skip
    for pairs, keep in cases:
        chosen = expected(held, keep)
        assert walk(charlie, urlencode(pairs), 7) == chosen, pairs
        assert charlie.get(f"/v1/statements?{urlencode(pairs)}").json["total"] == len(chosen)


def test_nothing_is_skipped_or_repeated_while_others_write(held: list[dict[str, Any]], alice: Client) -> None:
    whole = expected(held, lambda each: True)
    seen: list[str] = []
    address = "/v1/statements?limit=6"
    gone = set()
    for turn in range(50):
        answer = alice.get(address).json
        seen += [each["id"] for each in answer["data"]]
        if answer["next"] is None:
            break
        alice.record(statement(text=f"Newer {turn}.", said_on=DATES[turn % len(DATES)]))
        victim = whole[(turn * 17 + 3) % len(whole)]
        if victim not in gone and victim not in seen:
            alice.delete(f"/v1/statements/{victim}", headers={"If-Match": "*"})
            gone.add(victim)
        address = answer["next_url"].removeprefix("http://localhost")
    assert len(seen) == len(set(seen))
    assert [id for id in seen if id in set(whole)] == [id for id in whole if id not in gone]


def test_a_cursor_belongs_to_its_filters(held: list[dict[str, Any]], charlie: Client) -> None:
    cursor = charlie.get("/v1/statements?kind=quote&limit=2").json["next"]
    assert charlie.get(f"/v1/statements?kind=quote&limit=3&cursor={cursor}").status_code == 200
    for other in ("kind=claim&", "", "kind=quote&from=2022&"):
        answer = charlie.get(f"/v1/statements?{other}cursor={cursor}")
        assert answer.status_code == 400
        assert answer.json["errors"][0]["parameter"] == "cursor"
    assert charlie.get(f"/v1/speakers?cursor={cursor}").status_code == 400


# Ways to say the same, each a query; what they say differs from one to the next.
SAID = (
    ("", "sort=-said_on", "limit=7", "fields=id&expand=speaker", "count=none&expand=reviews&expand=outlet"),
    ("kind=quote", "kind=quote&kind=quote", "kind=quote,quote", "sort=-said_on&kind=quote&fields=id"),
    ("kind=quote&speaker=Votel&speaker=NATO", "speaker=NATO,Votel&kind=quote", "speaker=votel,%20nato&kind=quote"),
    ("speaker=Ada,%20Countess%20of%20Lovelace", "speaker=ADA,%20countess%20of%20lovelace", "speaker={ada}"),
    ("speaker.not=Ada&outlet=AP", "outlet=ap&speaker.not=Ada", "outlet={ap}&speaker.not=ada"),
    ("q=statement", "q=Statement%20", "q=statement&sort=relevance", "q=statement&highlight=1"),
    ("q=statement&sort=said_on", "sort=said_on&q=STATEMENT"),
    ("q=statement%20-7%20-8", "q=-8%20statement%20-7", "q=statement%20-8%20-7"),
    ("q=statement%20OR%20nothing", "q=nothing%20OR%20statement"),
    ("from=2021", "from=2021-01-01", "from=2021-01"),
    ("to=2023", "to=2023-12-31"),
    ("lang=en,de", "lang=de&lang=EN"),
    ("url.not=https://a.example/~x", "url.not=HTTPS://A.example/%7Ex/?utm_source=x"),
    ("domain.not=a.example", "domain.not=A.EXAMPLE."),
    ("figure.exists=false", "figure.exists=0"),
    ("recorded_from=2020-01-01T00:00:00Z", "recorded_from=2020-01-01T01:00:00%2B01:00"),
    ("sort=created_at",),
)


def test_a_cursor_is_bound_to_what_is_asked_for_and_not_to_the_words(
    held: list[dict[str, Any]], charlie: Client
) -> None:
    ids = {
        "ada": next(each["speaker"]["id"] for each in held if each["speaker"]["name"] == SPEAKERS[0]),
        "ap": next(each["outlet"]["id"] for each in held if each["outlet"]["name"] == "AP"),
    }
    said = [[query.format(**ids) for query in queries] for queries in SAID]

    def page(query: str) -> Any:
        return charlie.get(f"/v1/statements?{query}" if "limit=" in query else f"/v1/statements?limit=3&{query}")

    chance = random.Random(7)
    for place, queries in enumerate(said):
        first = {query: page(query).json for query in queries}
        for query, found in first.items():
            assert found["next"], query
            listed: set[tuple[str, ...]] = set()
            for other in queries:
                following = page(f"{other}&cursor={found['next']}")
                assert following.status_code == 200, (query, other)
                if "limit" not in other:
                    listed.add(tuple(each.get("id", "") for each in following.json["data"]))
            assert len(listed) == 1, query
        for other in chance.sample(said[:place] + said[place + 1 :], 5):
            assert page(f"{other[0]}&cursor={first[queries[0]]['next']}").status_code == 400, (queries[0], other[0])


def test_a_page_goes_on_when_a_name_comes_to_mean_others_meanwhile(
    held: list[dict[str, Any]], alice: Client, charlie: Client
) -> None:
    cursor = charlie.get("/v1/statements?speaker=Votel&limit=3").json["next"]
    alice.record({"name": "Joseph Votel", "aliases": ["Votel"]}, "speakers")
    alice.record(statement(text="By another.", speaker="Joseph Votel"))
    assert charlie.get(f"/v1/statements?speaker=Votel&limit=3&cursor={cursor}").status_code == 200


def test_the_other_lists_have_the_newest_first(held: list[dict[str, Any]], charlie: Client) -> None:
    for collection, count in (("speakers", 4), ("outlets", 3), ("sources", 0)):
        ids: list[str] = []
        address = f"/v1/{collection}?limit=1"
        while address:
            answer = charlie.get(address).json
            ids += [each["id"] for each in answer["data"]]
            address = (answer["next_url"] or "").removeprefix("http://localhost")
        assert len(ids) == count == answer["total"]
        assert ids == sorted(ids, reverse=True)


def test_over_ten_thousand_matches_are_not_counted_exactly(
    alice: Client, charlie: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.domain.finding.listing.COUNTED_EXACTLY", 3)
    for number in range(5):
        alice.record(statement(text=f"Statement {number}."))
        listed = charlie.get("/v1/statements").json
        assert (listed["total"], listed["total_exact"]) == (min(number + 1, 3), number + 1 <= 3)
