"""Reviews and relations over HTTP."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from tests.conftest import NEVER, Client, statement


@pytest.fixture
def two(alice: Client) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two statements."""
    return alice.record(statement()), alice.record(statement(text="Other words.", kind="claim"))


def review(id: str, **changes: Any) -> dict[str, Any]:
    """Return a small review of a statement, with changes."""
    return {"statement": id, "author": {"name": "Example Facts"}, "rating": {"alternate_name": "True"}, **changes}


def test_a_review_is_recorded_revised_and_filtered_by(alice: Client, two: Any) -> None:
    one, other = two
    made = alice.record(review(one["id"]), "reviews")
    assert made["statement"] == {"id": one["id"]}
    changed = alice.patch(f"/v1/reviews/{made['id']}", {"rating": {"explanation": "Because."}, "version": 1}).json
    assert changed["rating"] == {**made["rating"], "explanation": "Because."}
    found = {flag: [each["id"] for each in alice.get(f"/v1/statements?reviewed={flag}").json["data"]]
             for flag in ("true", "false")}  # fmt: skip
    assert found == {"true": [one["id"]], "false": [other["id"]]}
    assert alice.get(f"/v1/reviews?statement={one['id']}").json["total"] == 1
    assert alice.get(f"/v1/reviews?statement={other['id']}").json["total"] == 0


def test_a_relation_is_listed_from_either_end(alice: Client, two: Any) -> None:
    one, other = two
    made = alice.record({"subject": one["id"], "type": "disagrees_with", "object": other["id"]}, "relations")
    for end, across in ((one, other), (other, one)):
        listed = alice.get(f"/v1/relations?statement={end['id']}").json["data"]
        assert [each["id"] for each in listed] == [made["id"]]
        related = alice.get(f"/v1/statements?related_to={end['id']}").json["data"]
        assert [each["id"] for each in related] == [across["id"]]


def test_mistakes_have_their_places(alice: Client, two: Any) -> None:
    one, _ = two
    bad = alice.post("/v1/reviews", review(NEVER, rating={"rating_value": 9, "best_rating": 5, "worst_rating": 1}))
    assert [each["pointer"] for each in bad.json["errors"]] == ["#/rating/rating_value"]
    assert alice.post("/v1/reviews", review(NEVER)).json["errors"][0]["pointer"] == "#/statement"
    same = alice.post("/v1/relations", {"subject": one["id"], "type": "confirms", "object": one["id"]})
    assert same.json["errors"][0]["pointer"] == "#/object"


def test_what_is_about_a_withheld_statement_is_withheld_too(alice: Client, charlie: Client, two: Any) -> None:
    one, other = two
    made = alice.record(review(one["id"]), "reviews")
    related = alice.record({"subject": other["id"], "type": "confirms", "object": one["id"]}, "relations")
    alice.patch(f"/v1/statements/{one['id']}", {"status": "withheld", "version": 1})
    for collection, each in (("reviews", made), ("relations", related)):
        assert charlie.get(f"/v1/{collection}/{each['id']}").status_code == 404
        assert charlie.get(f"/v1/{collection}").json["total"] == 0
        assert alice.get(f"/v1/{collection}/{each['id']}").status_code == 200


def test_who_withdraws_a_withheld_statement_does_not_show_what_is_about_it(
    alice: Client, charlie: Client, two: Any
) -> None:
    one, other = two
    made = {
        "reviews": alice.record(review(one["id"], claim_reviewed=one["text"]), "reviews")["id"],
        "relations": alice.record({"subject": other["id"], "type": "confirms", "object": one["id"]}, "relations")["id"],
    }
    alice.patch(f"/v1/statements/{one['id']}", {"status": "withheld", "version": 1})
    assert alice.delete(f"/v1/statements/{one['id']}", {"version": 2}).status_code == 204
    for collection, id in made.items():
        for address in (f"/v1/{collection}/{id}", f"/v1/{collection}/{id}/revisions"):
            assert charlie.get(address).status_code == 404
            assert alice.get(address).status_code == 200
        assert charlie.get(f"/v1/{collection}").json["total"] == 0
        alice.delete(f"/v1/{collection}/{id}", {"version": 1})
        # Not even that there was such a record, which 410 would tell.
        assert charlie.get(f"/v1/{collection}/{id}").status_code == 404
        assert alice.get(f"/v1/{collection}/{id}").status_code == 410


def test_a_withdrawn_review_of_a_published_statement_is_gone_for_everyone(
    alice: Client, charlie: Client, two: Any
) -> None:
    one, other = two
    for collection, document in (
        ("reviews", review(one["id"])),
        ("relations", {"subject": one["id"], "type": "confirms", "object": other["id"]}),
    ):
        address = f"/v1/{collection}/{alice.record(document, collection)['id']}"
        alice.delete(address, {"version": 1, "reason": "Mistaken."})
        assert charlie.get(address).json["reason"] == "Mistaken."


def test_a_statement_that_others_are_about_can_be_withdrawn_and_they_revised(alice: Client, two: Any) -> None:
    """Nobody has to take back a finding before the words that it is about can be taken back."""
    one, other = two
    made = alice.record(review(one["id"]), "reviews")
    related = alice.record({"subject": one["id"], "type": "confirms", "object": other["id"]}, "relations")
    assert alice.delete(f"/v1/statements/{one['id']}", {"version": 1}).status_code == 204
    rated = alice.patch(f"/v1/reviews/{made['id']}", {"rating": {"explanation": "It was withdrawn."}, "version": 1})
    assert (rated.status_code, rated.json["statement"]) == (200, {"id": one["id"]})
    noted = alice.patch(f"/v1/relations/{related['id']}", {"note": "It was withdrawn.", "version": 1})
    assert (noted.status_code, noted.json["subject"]) == (200, {"id": one["id"]})
    # Said again it is still unchanged; named anew it is refused.
    assert alice.patch(f"/v1/reviews/{made['id']}", {"statement": one["id"], "version": 2}).status_code == 200
    moved = alice.record(review(other["id"]), "reviews")
    problem = alice.patch(f"/v1/reviews/{moved['id']}", {"statement": one["id"], "version": 1})
    assert problem.status_code == 422
    assert problem.json["errors"][0]["detail"].endswith("has been withdrawn.")
    assert alice.post("/v1/reviews", review(one["id"])).status_code == 422


def test_what_is_about_a_withdrawn_statement_says_so(alice: Client, bob: Client, charlie: Client, two: Any) -> None:
    one, other = two
    made = alice.record(review(one["id"], claim_reviewed='"statement":{"id":"x"}'), "reviews")
    related = alice.record({"subject": other["id"], "type": "confirms", "object": one["id"]}, "relations")
    assert "withdrawn" not in made
    assert "withdrawn" not in related
    alice.delete(f"/v1/statements/{one['id']}", {"version": 1})
    at = alice.get(f"/v1/statements/{one['id']}").json["withdrawn_at"]
    for kind, each, end in (("reviews", made, "statement"), ("relations", related, "object")):
        expected = {**each, "withdrawn": {end: at}}
        assert bob.get(f"/v1/{kind}/{each['id']}").json == expected
        assert bob.get(f"/v1/{kind}").json["data"] == [expected]
        assert json.loads(bob.get(f"/v1/{kind}.ndjson").text) == expected
        # Who may not read what is gone learns nothing of what was said about it.
        assert charlie.get(f"/v1/{kind}/{each['id']}").status_code == 404
        refused = alice.patch(f"/v1/{kind}/{each['id']}", {"withdrawn": None, "version": 1})
        assert [fault["code"] for fault in refused.json["errors"]] == ["read_only"]
    expanded = bob.get(f"/v1/statements/{other['id']}?expand=relations").json["relations"]
    assert [each["withdrawn"] for each in expanded] == [{"object": at}]
    for end in ("subject", "object"):
        anew = {"subject": other["id"], "type": "refutes", "object": other["id"], end: one["id"]}
        (error,) = alice.post("/v1/relations", anew).json["errors"]
        assert (error["pointer"], error["detail"]) == (f"#/{end}", f"The statement {one['id']} has been withdrawn.")


def test_a_relation_is_held_once(alice: Client, two: Any) -> None:
    one, other = (each["id"] for each in two)
    third = alice.record(statement(text="Third words."))["id"]
    chance = random.Random(7)
    held: dict[str, tuple[str, str, str]] = {}
    for _ in range(60):
        subject, object = chance.sample([one, other, third], 2)
        wanted = (subject, chance.choice(["confirms", "refutes"]), object)
        body = dict(zip(("subject", "type", "object"), wanted, strict=True))
        body["note"] = chance.choice(["One note.", "Another note."])
        same = [id for id, each in held.items() if each == wanted]
        doing = chance.choice(["post", "post", "patch", "delete"])
        if doing == "delete" and held:
            id = chance.choice(sorted(held))
            assert alice.delete(f"/v1/relations/{id}", headers={"If-Match": "*"}).status_code == 204
            del held[id]
            continue
        id = chance.choice(sorted(held)) if doing == "patch" and held else None
        headers = {"If-Match": "*"}
        answer = alice.patch(f"/v1/relations/{id}", body, headers=headers) if id else alice.post("/v1/relations", body)
        if same and same != [id]:
            assert answer.status_code == 409, answer.text
            assert answer.json["existing"] == {"id": same[0], "url": f"/v1/relations/{same[0]}"}
        else:
            assert answer.status_code == (200 if id else 201), answer.text
            held[answer.json["id"]] = wanted
