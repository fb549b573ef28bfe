"""What may not be known: no answer without a key depends on what is withheld, and a mirror follows what may be seen."""

from __future__ import annotations

from typing import Any

import pytest

from api.domain.keeping import indexes
from api.storage.db import execute
from tests.conftest import COLLECTIONS, Client, statement
from tests.test_errors import assert_problem

SECRET = "Quentin Quillfeather"
HIDDEN = {
    "text": "The hidden words of nobody else.",
    "speaker": {"name": SECRET, "aliases": ["Old Quill"]},
    "attributions": [{"speaker": "Rupert Rosenfeather"}],
    "outlet": None,
    "appearances": [
        {"outlet": "The Secret Herald", "via": [{"name": "by hand", "outlet": "The Hidden Wire"}]},
        {"outlet": "The Silent Times"},
    ],
    "status": "withheld",
}


def named(record: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the collection and the id of everybody whom the hidden statement names."""
    first, second = record["appearances"]
    return [
        ("speakers", record["speaker"]["id"]),
        ("speakers", record["attributions"][0]["speaker"]["id"]),
        ("outlets", first["outlet"]["id"]),
        ("outlets", first["via"][0]["outlet"]["id"]),
        ("outlets", second["outlet"]["id"]),
    ]


def everything(client: Client) -> str:
    """Return what lists, near names, the feed and the log tell a client."""
    addresses = [f"/v1/{collection}" for collection in COLLECTIONS]
    addresses += ["/v1/speakers?q=quent", "/v1/speakers?q=ros", "/v1/outlets?q=the", "/v1/changes?limit=1000"]
    found = [client.get(address).text for address in addresses]
    last = client.get("/v1/log/head").json["seq"]
    return "\n".join(found + [client.get(f"/v1/log/entries/{seq}").text for seq in range(1, last + 1)])


def test_whom_only_a_withheld_statement_names_is_unknown_without_a_key(
    alice: Client, bob: Client, charlie: Client
) -> None:
    record = alice.record({**statement(), **HIDDEN})
    for collection, id in named(record):
        assert bob.get(f"/v1/{collection}/{id}").status_code == 200
        for address in (id, f"{id}/revisions", f"{id}/revisions/1", f"{id}/revisions?diff=1..1"):
            assert_problem(charlie.get(f"/v1/{collection}/{address}"), 404)
        assert id in everything(bob)
        assert id not in everything(charlie)
    assert charlie.get("/v1/speakers").json["total"] == charlie.get("/v1/outlets?q=the").json["total"] == 0
    # Changing whom it was made for makes nothing public.
    alice.patch(f"/v1/speakers/{record['speaker']['id']}", {"description": "A source."}, headers={"If-Match": "*"})
    assert_problem(charlie.get(f"/v1/speakers/{record['speaker']['id']}"), 404)
    assert_problem(charlie.post("/v1/check", {"text": "Some words here.", "speaker": record["speaker"]["id"]}), 422)


@pytest.mark.parametrize("place", ["speaker", "attributions", "appearances", "via"])
def test_what_public_names_makes_known_until_nothing_public_names_it(
    alice: Client, charlie: Client, place: str
) -> None:
    record = alice.record({**statement(), **HIDDEN})
    known = {"speaker": named(record)[:1], "attributions": named(record)[1:2],
             "appearances": named(record)[2:3], "via": named(record)[3:4]}[place]  # fmt: skip
    outlet = {"outlet": {"id": known[0][1]}}
    via = {"outlet": "AP", "via": [{"name": "by hand", **outlet}]}
    given = {
        "speaker": statement(speaker={"id": known[0][1]}),
        "attributions": statement(attributions=[{"speaker": {"id": known[0][1]}, "status": "rejected"}]),
        "appearances": statement(**outlet),
        "via": {**statement(), "outlet": None, "appearances": [via]},
    }[place]
    public = alice.record(given)["id"]
    seen = {each for each in named(record) if charlie.get("/v1/{}/{}".format(*each)).status_code == 200}
    assert seen == set(known)
    alice.patch(f"/v1/statements/{public}", {"status": "withheld"}, headers={"If-Match": "*"})
    assert_problem(charlie.get("/v1/{}/{}".format(*known[0])), 404)
    alice.patch(f"/v1/statements/{record['id']}", {"status": "retracted"}, headers={"If-Match": "*"})
    assert {charlie.get("/v1/{}/{}".format(*each)).status_code for each in named(record)} == {200}


def test_a_source_makes_its_outlet_known_and_what_is_recorded_in_its_own_right_is(
    alice: Client, charlie: Client
) -> None:
    record = alice.record({**statement(), **HIDDEN})
    outlet = record["outlet"]["id"]
    source = alice.record({"url": "https://a.example/1", "outlet": outlet}, "sources")["id"]
    assert charlie.get(f"/v1/outlets/{outlet}").json["name"] == "The Secret Herald"
    alice.delete(f"/v1/sources/{source}", headers={"If-Match": "*"})
    assert_problem(charlie.get(f"/v1/outlets/{outlet}"), 404)
    own = alice.record({"name": "Somebody"}, "speakers")["id"]
    alice.record(statement(text="More.", speaker=own, status="withheld"))
    assert charlie.get(f"/v1/speakers/{own}").status_code == 200


def test_of_what_is_older_than_the_notes_of_the_log_only_what_public_names_is_known(
    alice: Client, charlie: Client
) -> None:
    named = alice.record(statement())["speaker"]["id"]
    unnamed = alice.record({"name": "Somebody"}, "speakers")["id"]
    execute("INSERT INTO unnoted (seq) SELECT max(seq) FROM entry")
    indexes.rebuild(lambda done, total: None)
    assert [charlie.get(f"/v1/speakers/{id}").status_code for id in (named, unnamed)] == [200, 404]
    later = alice.record({"name": "Somebody Else"}, "speakers")["id"]
    assert charlie.get(f"/v1/speakers/{later}").status_code == 200


def test_who_is_unknown_stays_so_when_merged_and_when_it_is_gone(alice: Client, charlie: Client) -> None:
    record = alice.record({**statement(), **HIDDEN})
    secret, other = (id for _, id in named(record)[:2])
    into = alice.record(statement(speaker="Known Person"))["speaker"]["id"]
    before = charlie.get(f"/v1/speakers/{into}").data
    alice.post(f"/v1/speakers/{secret}/merge", {"into": into}, headers={"If-Match": "*"})
    assert_problem(charlie.get(f"/v1/speakers/{secret}"), 404)
    assert charlie.get(f"/v1/speakers/{into}").data == before
    for name, found in ((SECRET, 0), ("Old Quill", 0), (secret, 0), ("Known Person", 1)):
        assert charlie.get("/v1/statements", query_string={"speaker": name}).json["total"] == found
    for words in ("quillfeather", '"old quill"', "quent*"):
        assert charlie.get("/v1/statements", query_string={"q": words}).json["total"] == 0
        assert alice.get("/v1/statements", query_string={"q": words}).json["total"] == 2
    checked = charlie.post("/v1/check", {"text": "We are on record.", "speaker": SECRET}).json
    assert checked["verdict"] == "misattributed"
    assert charlie.get("/v1/speakers?q=quill").json["total"] == 0
    indexes.rebuild(lambda done, total: None)
    assert charlie.get("/v1/speakers?q=quill").json["total"] == 0
    # One who is known makes the one known who stands for it.
    alice.post(f"/v1/speakers/{into}/merge", {"into": other}, headers={"If-Match": "*"})
    assert charlie.get(f"/v1/speakers/{other}").json["name"] == "Rupert Rosenfeather"
    alice.post(f"/v1/speakers/{into}/unmerge", headers={"If-Match": "*"})
    assert_problem(charlie.get(f"/v1/speakers/{other}"), 404)
    alice.delete(f"/v1/statements/{record['id']}", headers={"If-Match": "*"})
    alice.delete(f"/v1/speakers/{other}", headers={"If-Match": "*"})
    assert_problem(charlie.get(f"/v1/speakers/{other}"), 404)
    assert_problem(alice.get(f"/v1/speakers/{other}"), 410)


def test_an_earlier_version_does_not_name_whom_nothing_public_names(alice: Client, charlie: Client) -> None:
    record = alice.record(statement(speaker=SECRET, status="withheld"))
    address = f"/v1/statements/{record['id']}"
    alice.patch(address, {"speaker": "Known Person", "status": "published"}, headers={"If-Match": "*"})
    assert charlie.get(f"{address}/revisions/1").json["speaker"] is None
    assert alice.get(f"{address}/revisions/1").json["speaker"]["name"] == SECRET
    for place in ("revisions/1", "revisions?diff=1..2", "revisions?diff=2..1", "revisions"):
        assert SECRET not in charlie.get(f"{address}/{place}").text
        assert record["speaker"]["id"] not in charlie.get(f"{address}/{place}").text


WORDS = "We will not be silent about what happened in Mariupol"


def test_withheld_statements_take_nobodys_place_in_a_check(alice: Client, charlie: Client) -> None:
    public = alice.record(statement(text=f"{WORDS}, and we will not rest until it is over."))["id"]
    near = alice.record(statement(text=f"{WORDS}, and we will never rest until it is over."))["id"]
    asked = {"text": WORDS, "speaker": "Antony Blinken"}
    before = charlie.post("/v1/check", asked).json
    similar = charlie.get(f"/v1/statements/{public}/similar").data
    assert near in similar.decode()
    for number in range(40):
        alice.record(statement(text=f"{WORDS}.", url=f"https://a.example/{number}", status="withheld"))
    found = charlie.post("/v1/check", asked).json
    assert {**found, "store": None} == {**before, "store": None}
    assert found["store"]["statements"] == before["store"]["statements"] == 2
    assert charlie.get(f"/v1/statements/{public}/similar").data == similar
    assert alice.post("/v1/check", asked).json["store"]["statements"] == 42


def test_a_withheld_topic_changes_no_label_and_no_filter(alice: Client, charlie: Client) -> None:
    alice.record(statement(text="One.", topics=["energy"]))
    alice.record(statement(text="Two.", topics=["war"]))
    asked = ("statements/counts?by=topic", "statements?topic=energy,war", "statements?topic.not=energy,war")
    addresses = [f"/v1/{each}" for each in asked]
    before = [charlie.get(address).data for address in addresses]
    alice.record(statement(text="Three.", topics=["ENERGY", "War", "energy,war"], status="withheld"))
    assert [charlie.get(address).data for address in addresses] == before
    assert alice.get(addresses[1]).json["total"] == 1


def test_a_withheld_name_changes_no_filter(alice: Client, charlie: Client) -> None:
    alice.record(statement(text="One.", speaker="Ada", outlet="AP"))
    alice.record(statement(text="Two.", speaker="Ben", outlet="BBC"))
    asked = ("statements?speaker=Ada,Ben", "statements?outlet.not=AP,BBC", "statements?outlet=AP,BBC", "speakers?q=ada")
    addresses = [f"/v1/{each}" for each in asked]
    before = [charlie.get(address).data for address in addresses]
    alice.record(statement(text="Three.", speaker="Ada,Ben", outlet="AP,BBC", status="withheld"))
    alice.record(statement(text="Four.", speaker={"name": "Ada", "type": "group"}, outlet="AP", status="withheld"))
    assert [charlie.get(address).data for address in addresses] == before
    assert alice.get(addresses[0]).json["total"] == 1
