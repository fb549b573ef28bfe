"""Naming speakers and outlets: found, made, ambiguous, withdrawn."""

from __future__ import annotations

from api.storage.db import execute
from tests.conftest import Client, statement
from tests.web.conftest import stored


def test_a_name_finds_the_speaker_whatever_its_case_spacing_and_composition(alice: Client) -> None:
    first = alice.record(statement(speaker="José  Manuel"))
    for number, name in enumerate(("JOSÉ MANUEL", "jose\u0301 manuel", " José Manuel ".strip())):
        record = alice.record(statement(text=f"Words {number}.", speaker=name))
        assert record["speaker"] == first["speaker"]


def test_an_alias_finds_its_bearer(alice: Client) -> None:
    nato = alice.record({"name": "NATO", "type": "organization", "aliases": ["North Atlantic Alliance"]}, "speakers")
    assert alice.record(statement(speaker="north atlantic alliance"))["speaker"]["id"] == nato["id"]


def test_a_description_makes_the_speaker_with_all_of_it(alice: Client, charlie: Client) -> None:
    given = {"name": "NATO", "type": "organization", "aliases": ["OTAN"], "description": "An alliance."}
    made = alice.record(statement(speaker=given))["speaker"]
    read = charlie.get(f"/v1/speakers/{made['id']}").json
    assert {name: read[name] for name in given} == given
    assert read["recorded_by"] == "alice"
    assert alice.record(statement(text="More.", speaker="OTAN"))["speaker"]["id"] == made["id"]


def test_our_own_output_is_good_input(alice: Client) -> None:
    record = alice.record(statement())
    again = alice.record(statement(text="More.", speaker=record["speaker"], outlet=record["outlet"]))
    assert (again["speaker"], again["outlet"]) == (record["speaker"], record["outlet"])


def test_an_ambiguous_name_is_refused_with_its_candidates(alice: Client) -> None:
    ids = {alice.record({"name": "John Smith", "description": each}, "speakers")["id"] for each in ("a", "b")}
    answer = alice.post("/v1/statements", statement(speaker="john smith"))
    assert answer.status_code == 422
    [error] = answer.json["errors"]
    assert (error["pointer"], error["code"]) == ("#/speaker", "ambiguous")
    assert {each["id"] for each in error["candidates"]} == ids
    assert alice.record(statement(speaker={"id": min(ids)}))["speaker"]["id"] == min(ids)


def test_a_type_tells_two_bearers_of_a_name_apart(alice: Client) -> None:
    person = alice.record({"name": "Washington", "type": "person"}, "speakers")["id"]
    state = alice.record({"name": "Washington", "type": "government"}, "speakers")["id"]
    found = alice.record(statement(speaker={"name": "Washington", "type": "government"}))
    assert found["speaker"]["id"] == state != person
    made = alice.record(statement(text="More.", speaker={"name": "Washington", "type": "group"}))
    assert made["speaker"]["id"] not in (person, state)


def test_every_bad_reference_is_reported_at_its_own_place(alice: Client) -> None:
    gone = alice.record({"name": "Gone"}, "speakers")["id"]
    alice.delete(f"/v1/speakers/{gone}", {"version": 1})
    answer = alice.post(
        "/v1/statements",
        {
            **statement(speaker={"id": gone}),
            "outlet": None,
            "appearances": [
                {"outlet": "out_" + "0" * 26, "via": [{"name": "A", "outlet": {"id": "out_" + "1" * 26}}]},
                {"outlet": "Fine", "source": "src_" + "0" * 26},
            ],
            "attributions": [{"speaker": "spk_" + "0" * 26}],
        },
    )
    assert answer.status_code == 422
    assert {each["pointer"] for each in answer.json["errors"]} == {
        "#/speaker",
        "#/appearances/0/outlet",
        "#/appearances/0/via/0/outlet",
        "#/appearances/1/source",
        "#/attributions/0/speaker",
    }
    assert "withdrawn" in answer.json["errors"][0]["detail"]


def test_a_bad_outlet_in_shorthand_is_reported_there(alice: Client) -> None:
    answer = alice.post("/v1/statements", statement(outlet="out_" + "0" * 26))
    assert [each["pointer"] for each in answer.json["errors"]] == ["#/outlet"]


def test_a_new_name_twice_in_one_document_makes_one_speaker(alice: Client, charlie: Client) -> None:
    alice.record(statement(speaker="New One", attributions=[{"speaker": "new one"}, {"speaker": "New One"}]))
    assert charlie.get("/v1/speakers").json["total"] == 1


def test_who_is_still_named_cannot_be_withdrawn(alice: Client) -> None:
    record = alice.record(
        {
            **statement(attributions=[{"speaker": "Other Person"}]),
            "outlet": None,
            "appearances": [{"outlet": "First"}, {"outlet": "Second", "via": [{"name": "Hop", "outlet": "Third"}]}],
        }
    )
    named = [
        ("speakers", record["speaker"]),
        ("speakers", record["attributions"][0]["speaker"]),
        ("outlets", record["outlet"]),
        ("outlets", record["appearances"][1]["outlet"]),
        ("outlets", record["appearances"][1]["via"][0]["outlet"]),
    ]
    for collection, each in named:
        assert alice.delete(f"/v1/{collection}/{each['id']}", {"version": 1}).status_code == 409
    alice.delete(f"/v1/statements/{record['id']}", {"version": 1})
    for collection, each in named:
        assert alice.delete(f"/v1/{collection}/{each['id']}", {"version": 1}).status_code == 204


def test_a_source_that_is_cited_cannot_be_withdrawn(alice: Client) -> None:
    source = alice.record({"url": "https://a.example/1"}, "sources")
    record = alice.record(
        {**statement(), "outlet": None, "appearances": [{"outlet": "The Times", "source": source["id"]}]}
    )
    assert alice.delete(f"/v1/sources/{source['id']}", {"version": 1}).status_code == 409
    changed = alice.patch(f"/v1/statements/{record['id']}", {"place": "Kyiv", "version": 1})
    assert changed.json["appearances"][0]["source"] == {"id": source["id"]}
    alice.delete(f"/v1/statements/{record['id']}", {"version": 2})
    assert alice.delete(f"/v1/sources/{source['id']}", {"version": 1}).status_code == 204


def test_what_a_statement_names_already_does_not_hinder_its_revision(alice: Client) -> None:
    """No withdrawal leaves such a statement behind, but an erasure may."""
    source = alice.record({"url": "https://a.example/1"}, "sources")["id"]
    appearances = [{"outlet": "The Times", "source": source}, {"outlet": "The Herald"}]
    record = alice.record({**statement(), "outlet": None, "appearances": appearances})
    execute("DELETE FROM source WHERE id = ?", (source,))
    address = f"/v1/statements/{record['id']}"
    changed = alice.patch(address, {"place": "Kyiv", "version": 1})
    assert changed.json["appearances"][0]["source"] == {"id": source}
    swapped = alice.patch(address, {"appearances": appearances[::-1], "version": 2})
    assert swapped.json["appearances"][1]["source"] == {"id": source}
    assert alice.patch(address, {"appearances": appearances[1:], "version": 3}).status_code == 200
    # Once it is named no more, it is as unknown as to any other statement.
    again = alice.patch(address, {"appearances": appearances, "version": 4})
    assert [each["pointer"] for each in again.json["errors"]] == ["#/appearances/0/source"]


def test_a_withdrawn_name_is_free_again(alice: Client) -> None:
    first = alice.record({"name": "Free Name"}, "speakers")["id"]
    alice.delete(f"/v1/speakers/{first}", {"version": 1})
    assert alice.record(statement(speaker="Free Name"))["speaker"]["id"] != first


def test_a_new_alias_is_found_and_an_old_one_is_not(alice: Client, charlie: Client) -> None:
    record = alice.record(statement(speaker={"name": "Old Name", "aliases": ["Alias"]}))
    alice.patch(f"/v1/speakers/{record['speaker']['id']}", {"name": "New Name", "aliases": [], "version": 1})
    found = {name: charlie.get("/v1/statements", query_string={"speaker": name}).json["total"] for name in
             ("Old Name", "Alias", "New Name")}  # fmt: skip
    assert found == {"Old Name": 0, "Alias": 0, "New Name": 1}


def test_the_text_of_a_source_is_shown_to_key_holders_only(alice: Client, bob: Client, charlie: Client) -> None:
    source = alice.record(
        {"url": "https://a.example/1", "outlet": "The Times", "text": "The whole article."}, "sources"
    )
    address = f"/v1/sources/{source['id']}"
    alice.patch(address, {"title": "A title", "version": 1})
    assert bob.get(address).json["text"] == "The whole article."
    assert len(source["sha256"]) == 64
    for place in (address, "/v1/sources", f"{address}/revisions/1", f"{address}/revisions?diff=1..2"):
        assert "whole article" not in charlie.get(place).text
        assert charlie.get(place).status_code == 200
    assert bob.get(address).headers["ETag"] != charlie.get(address).headers["ETag"]


def test_a_new_text_of_a_source_has_its_own_digest(alice: Client) -> None:
    source = alice.record({"url": "https://a.example/1", "text": "One."}, "sources")
    address = f"/v1/sources/{source['id']}"
    second = alice.patch(address, {"text": "Two.", "version": 1}).json
    assert second["sha256"] not in (None, source["sha256"])
    assert alice.patch(address, {"text": None, "version": 2}).json["sha256"] is None
    assert alice.patch(address, {"text": "One.", "sha256": second["sha256"], "version": 3}).status_code == 422
    assert alice.patch(address, {"text": "One.", "sha256": source["sha256"], "version": 3}).status_code == 200


def test_one_that_is_new_in_a_document_is_made_once_by_whatever_name_it_goes(alice: Client) -> None:
    speaker = {"name": "Ada Example", "type": "person", "aliases": ["Mayor Example"]}
    appearance = {
        "outlet": {"name": "Example News", "type": "newspaper"},
        "via": [{"name": "by email", "outlet": "example news"}],
    }
    made = statement(speaker=speaker, attributions=[{"speaker": "Mayor Example", "status": "candidate"}])
    del made["outlet"]
    recorded = alice.record({**made, "appearances": [appearance]})
    assert recorded["attributions"][0]["speaker"]["id"] == recorded["speaker"]["id"]
    assert recorded["appearances"][0]["via"][0]["outlet"]["id"] == recorded["outlet"]["id"]
    assert [len(alice.get(f"/v1/{kind}").json["data"]) for kind in ("speakers", "outlets")] == [1, 1]


def test_a_name_that_becomes_ambiguous_in_its_own_document_leaves_nothing(alice: Client) -> None:
    before = stored()
    others = [{"name": "Twin", "type": "group"}, "Twin"]
    answer = alice.post(
        "/v1/statements",
        statement(speaker={"name": "Twin", "type": "person"}, attributions=[{"speaker": each} for each in others]),
    )
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json["errors"]] == ["#/attributions/1/speaker"]
    assert stored() == before


def test_a_name_is_one_whatever_its_apostrophe_hyphen_and_what_is_unseen_in_it(alice: Client) -> None:
    same = ("Conan O'Brien-Smith", "Conan O’Brien‑Smith", "conan OʼBrien–Smith")
    same += ("Co\u00adnan\u200b O`Brien\u2060−Smith\ufe0f",)
    ids = set()
    for number, name in enumerate(same):
        made = statement(text=f"Words {number}.", speaker=name, outlet=name, topics=[name, *same])
        record = alice.record(made)
        assert record["topics"] == [name]
        ids.add((record["speaker"]["id"], record["outlet"]["id"]))
    assert len(ids) == 1
    ((speaker, _),) = ids
    for name in same:
        for field in ("speaker", "outlet", "topic"):
            assert alice.get("/v1/statements", query_string={field: name}).json["total"] == len(same), (field, name)
        assert [each["id"] for each in alice.get("/v1/speakers", query_string={"q": name}).json["data"]] == [speaker]
        found = alice.open("POST", "/v1/check", json={"text": "Words 1.", "speaker": name}).json
        assert found["matches"][0]["speaker_matches"] is True
    assert len(alice.get("/v1/statements/counts?by=topic").json["groups"]) == 1
    answer = alice.patch(f"/v1/speakers/{speaker}", {"aliases": list(same)}, headers={"If-Match": "*"})
    assert answer.json["aliases"] == []
