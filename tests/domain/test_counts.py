"""Counts and figures, against a model in plain Python."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from tests.conftest import Client, statement

DATES = [None, "2021", "2022-03", "2022-03-23", "2022-03-24", "2022-05-01", "2022-03/2022-04"]


@pytest.fixture
def held(alice: Client) -> list[dict[str, Any]]:
    """Eighty statements."""
    chance = random.Random(11)
    return [
        alice.record(
            statement(
                text=f"Statement number {number} about {chance.choice(['war', 'peace'])}.",
                kind=chance.choice(["quote", "claim"]),
                said_on=chance.choice(DATES),
                speaker=chance.choice(["Ada", "Bo", "Cy", None]),
                attributed_as="somebody",
                outlet=chance.choice(["AP", "Reuters"]),
                topics=chance.sample(["War", "Peace", "Trade"], chance.randint(0, 2)),
                lang=chance.choice(["en", "de"]),
            )
        )
        for number in range(80)
    ]


def counted(client: Client, query: str) -> dict[str, Any]:
    """Return the counts of a query."""
    answer = client.get(f"/v1/statements/counts?{query}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json)


@pytest.mark.parametrize("by", ["speaker", "outlet", "kind", "form", "lang", "status"])
def test_groups_count_what_a_model_counts(held: list[dict[str, Any]], charlie: Client, by: str) -> None:
    def key(each: dict[str, Any]) -> Any:
        return each[by]["id"] if isinstance(each[by], dict) else each[by]

    model = Counter(key(each) for each in held)
    missing = model.pop(None, 0)
    got = counted(charlie, f"by={by}")
    assert {each["key"]: each["count"] for each in got["groups"]} == model
    assert [each["count"] for each in got["groups"]] == sorted(model.values(), reverse=True)
    assert (got["missing"], got["other"], got["total"], got["groups_total"]) == (missing, 0, 80, len(model))
    labels = {each[by]["id"]: each[by]["name"] for each in held if isinstance(each[by], dict)}
    assert all(each["label"] == labels.get(each["key"], each["key"]) for each in got["groups"])


def test_what_is_not_listed_is_other(held: list[dict[str, Any]], charlie: Client) -> None:
    whole, cut = counted(charlie, "by=speaker"), counted(charlie, "by=speaker&limit=1")
    assert cut["groups"] == whole["groups"][:1]
    assert cut["groups_total"] == 3
    assert sum(each["count"] for each in cut["groups"]) + cut["other"] + cut["missing"] == cut["total"] == 80


def test_topics_count_each_statement_under_each_of_its_topics(held: list[dict[str, Any]], charlie: Client) -> None:
    model = Counter(topic for each in held for topic in each["topics"])
    got = counted(charlie, "by=topic")
    assert {each["label"]: each["count"] for each in got["groups"]} == model
    assert got["missing"] == sum(not each["topics"] for each in held)
    assert got["total"] == 80


def test_months_are_filled_with_zeros_and_coarser_dates_are_missing(
    held: list[dict[str, Any]], charlie: Client
) -> None:
    got = counted(charlie, "by=month")
    fine = Counter(each["said_on"][:7] for each in held if each["said_on"] and len(each["said_on"]) in (7, 10))
    assert [each["key"] for each in got["groups"]] == ["2022-03", "2022-04", "2022-05"]
    assert [each["count"] for each in got["groups"]] == [fine["2022-03"], 0, fine["2022-05"]]
    assert got["missing"] == 80 - sum(fine.values())
    days = counted(charlie, "by=day&limit=1000")
    assert len(days["groups"]) == days["groups_total"] == 40
    assert sum(each["count"] for each in days["groups"]) + days["missing"] == days["total"]
    years = counted(charlie, "by=year")
    assert [each["key"] for each in years["groups"]] == ["2021", "2022"]


def test_counts_take_every_filter(held: list[dict[str, Any]], charlie: Client) -> None:
    for query in ("kind=quote", "speaker=Ada&from=2022-03", "q=peace", "topic=war&outlet.not=AP", "to=2022-03-23"):
        total = charlie.get(f"/v1/statements?{query}").json["total"]
        assert counted(charlie, f"by=outlet&{query}")["total"] == total
        assert counted(charlie, f"by=month&{query}")["total"] == total


def test_counts_of_nothing_are_empty(charlie: Client) -> None:
    assert counted(charlie, "by=month") == {
        "by": "month", "groups": [], "groups_total": 0, "other": 0, "missing": 0, "total": 0
    }  # fmt: skip


def test_mistakes_are_named(charlie: Client) -> None:
    for query, parameter in (
        ("", "by"),
        ("by=week", "by"),
        ("by=day&limit=1001", "limit"),
        ("by=day&cursor=x", "cursor"),
    ):
        answer = charlie.get(f"/v1/statements/counts?{query}")
        assert answer.status_code == 400
        assert [each["parameter"] for each in answer.json["errors"]] == [parameter]


def test_figures_are_listed_in_the_order_of_their_dates(alice: Client, charlie: Client) -> None:
    killed = [("2022-03-24", 7000, 15000), ("2022-02-26", 5000, 5000), (None, 1, 2), ("2022-03-01", 498, 498)]
    for number, (day, least, most) in enumerate(killed):
        figures = [
            {"name": "Russian soldiers killed", "min_value": least, "max_value": most},
            {"name": "Russian soldiers wounded", "value": 10 * least},
        ]
        alice.record(statement(text=f"Claim {number}.", said_on=day, figures=figures))
    listed = charlie.get("/v1/figures?name=killed").json
    assert [each["min_value"] for each in listed["data"]] == [5000, 498, 7000, 1]
    assert listed["total"] == 4
    first = listed["data"][0]
    assert first["statement"] == {"id": first["statement"]["id"], "kind": "quote", "text": "Claim 1."}
    assert (first["speaker"]["name"], first["outlet"]["name"]) == ("Antony Blinken", "The Associated Press")
    assert (first["said_on"], first["name"], first["qualifier"]) == ("2022-02-26", "Russian soldiers killed", "between")
    wounded = charlie.get("/v1/figures?name=soldier+wounds&figure.gte=50000").json["data"]
    assert [each["value"] for each in wounded] == [50000, 70000]
    assert charlie.get("/v1/figures?name=killed&from=2022-03&speaker=Antony+Blinken").json["total"] == 2
    seen, address = [], "/v1/figures?limit=3"
    while address:
        page = charlie.get(address).json
        seen += [(each["statement"]["id"], each["name"]) for each in page["data"]]
        address = (page["next_url"] or "").removeprefix("http://localhost")
    assert len(seen) == len(set(seen)) == 8


def test_names_complete_as_one_types_the_most_cited_first(alice: Client, charlie: Client) -> None:
    alice.record({"name": "Joseph Votes"}, "speakers")
    alice.record({"name": "Jo Votary"}, "speakers")
    for number in range(3):
        alice.record(statement(text=f"One {number}.", speaker={"name": "Joseph L. Votel", "aliases": ["General V"]}))
    withheld = alice.record(statement(text="Two.", speaker="Jo Votary", status="withheld"))
    listed = charlie.get("/v1/speakers?q=vot").json["data"]
    assert [(each["name"], each["statements_count"]) for each in listed] == [
        ("Joseph L. Votel", 3),
        ("Jo Votary", 0),
        ("Joseph Votes", 0),
    ]
    assert [each["name"] for each in charlie.get("/v1/speakers?q=JOSEPH+vote").json["data"]] == [
        "Joseph L. Votel",
        "Joseph Votes",
    ]
    assert charlie.get("/v1/speakers?q=gen").json["total"] == 1
    assert charlie.get("/v1/speakers?q=nobody").json["data"] == []
    alice.patch(f"/v1/statements/{withheld['id']}", {"status": "published", "version": 1})
    assert charlie.get("/v1/speakers?q=votary").json["data"][0]["statements_count"] == 1
    assert charlie.get("/v1/outlets?q=ass+pre").json["data"][0]["statements_count"] == 4
