"""Which version a change is made for, and which one a reader has: If-Match, `version` and If-None-Match."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from api.storage.db import close_database
from tests.conftest import COLLECTIONS, NEVER, Client, statement
from tests.test_errors import assert_problem
from tests.web.conftest import stored

TAG = re.compile(r'"((?:stm|spk|out|src|rev|rel)_[0-9a-z]{26})\.([0-9]+)-[0-9a-f]+"')
LISTS = tuple(f"/v1/{each}" for each in (*COLLECTIONS, "figures"))
# What a patch of each kind of record may change.
PATCHES: dict[str, dict[str, Any]] = {
    "speakers": {"description": "x"},
    "reviews": {"rating": {"explanation": "x"}},
    "relations": {"note": "x"},
}


@pytest.fixture
def record(alice: Client) -> dict[str, Any]:
    return alice.record(statement())


@pytest.fixture
def address(record: dict[str, Any]) -> str:
    return f"/v1/statements/{record['id']}"


Change = Callable[..., TestResponse]


@pytest.fixture
def changes(alice: Client, address: str) -> list[Change]:
    """The two methods that need a precondition, each called with a header and a body."""

    def change(method: str) -> Change:
        def send(if_match: str | None = None, **body: Any) -> TestResponse:
            headers = {} if if_match is None else {"If-Match": if_match}
            return alice.open(method, address, json=body, headers=headers)

        return send

    return [change("PATCH"), change("DELETE")]


# --- If-Match and version ------------------------------------------------------------------------------------


def test_a_change_without_its_version_answers_428(changes: list[Change]) -> None:
    for change in changes:
        before = stored()
        assert assert_problem(change(), 428)["type"] == "/problems/precondition-required"
        assert stored() == before


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_the_etag_of_a_record_lets_a_change_through(
    alice: Client, smallest: dict[str, dict[str, Any]], collection: str
) -> None:
    id = alice.record(smallest[collection], collection)["id"]
    address = f"/v1/{collection}/{id}"
    tag = alice.get(address).headers["ETag"]
    match = TAG.fullmatch(tag)
    assert match
    assert match.groups() == (id, "1")
    patched = alice.patch(address, PATCHES.get(collection, {"lang": "uk"}), headers={"If-Match": tag})
    assert patched.status_code == 200
    assert patched.json["version"] == 2
    assert alice.delete(address, headers={"If-Match": patched.headers["ETag"]}).status_code == 204
    assert_problem(alice.get(address), 410)


def test_of_a_tag_only_id_and_version_are_compared(alice: Client, record: dict[str, Any], address: str) -> None:
    id = record["id"]
    fitting = (
        alice.get(address).headers["ETag"],
        f'"{id}.1"',
        f'"{id}.1-"',
        f'"{id}.1-0123456789ab"',
        f'"{id}.1-another view"',
        f'W/"{id}.1-weak"',
        f'"x", "{id}.1"',
        f'"{id}.7-x" , W/"{id}.1-x"',
        f'"{id}.1-x","{id}.1-x"',
        f'  "{id}.1"  ',
        f'"{NEVER}.1-x", "{id}.1-x"',
        "*",
        " * ",
    )
    for header in fitting:
        answer = alice.patch(address, {}, headers={"If-Match": header})
        assert answer.status_code == 200, header
        assert answer.json["version"] == 1


def test_a_tag_of_anything_else_answers_412_with_the_current_version(
    changes: list[Change], record: dict[str, Any]
) -> None:
    id = record["id"]
    stale = (
        f'"{id}.2-x"',
        f'"{id}.0-x"',
        f'"{id}.10-x"',
        f'"{NEVER}.1-x"',
        f'"spk_{id[4:]}.1-x"',
        f'"{id.upper()}.1-x"',
        f'"{id}"',
        f'"{id}.-1"',
        f'"{id}.1x"',
        f'"{id}.1.5"',
        f'"{id}.99999999999999999999"',
        '""',
        '"x"',
        'W/"1"',
        '"*"',
        f'"{id}.2-x", "{id}.3-x"',
    )
    before = stored()
    for change in changes:
        for header in stale:
            problem = assert_problem(change(header), 412)
            assert problem["current_version"] == 1, header
        assert assert_problem(change(version=2), 412)["current_version"] == 1
        assert assert_problem(change(version=2**31 - 1), 412)["current_version"] == 1
    assert stored() == before


def test_a_malformed_if_match_answers_400(changes: list[Change], record: dict[str, Any]) -> None:
    id = record["id"]
    malformed = (
        "",
        " ",
        ",",
        f"{id}.1-x",
        f'"{id}.1-x',
        f'{id}.1-x"',
        f"'{id}.1-x'",
        f'w/"{id}.1-x"',
        f'"{id}.1-x" "{id}.1-x"',
        f'*, "{id}.1-x"',
        "**",
        "1",
        '"' * 5000,
        "\x80",
    )
    before = stored()
    for change in changes:
        for header in malformed:
            assert_problem(change(header), 400)
    assert stored() == before


def test_version_in_the_body_is_the_precondition_too(alice: Client, address: str) -> None:
    assert alice.patch(address, {"version": 1, "context": "a"}).json["version"] == 2
    assert alice.patch(address, {"version": 2.0, "context": "b"}).json["version"] == 3
    assert assert_problem(alice.patch(address, {"version": 2, "context": "c"}), 412)["current_version"] == 3
    assert_problem(alice.delete(address, {"version": 1}), 412)
    assert alice.delete(address, {"version": 3, "reason": "Done."}).status_code == 204


def test_a_header_and_a_version_that_disagree_answer_400(changes: list[Change], record: dict[str, Any]) -> None:
    id = record["id"]
    before = stored()
    for change in changes:
        for header, version in (
            (f'"{id}.1-x"', 2),
            (f'"{id}.2-x"', 1),
            (f'"{NEVER}.1-x"', 1),
            (f'"{id}.2", "{id}.3"', 1),
        ):
            assert assert_problem(change(header, version=version), 400)["type"] == "/problems/malformed"
    assert stored() == before


def test_a_header_and_a_version_that_agree_are_one(alice: Client, record: dict[str, Any], address: str) -> None:
    tag = f'"{record["id"]}.1-x"'
    assert alice.patch(address, {"version": 1, "context": "a"}, headers={"If-Match": tag}).status_code == 200
    assert_problem(alice.patch(address, {"version": 1, "context": "b"}, headers={"If-Match": "*"}), 412)
    assert alice.patch(address, {"version": 2, "context": "b"}, headers={"If-Match": "*"}).status_code == 200


def test_a_star_forces_a_change_but_makes_no_record(alice: Client, address: str) -> None:
    assert alice.patch(address, {"context": "x"}, headers={"If-Match": "*"}).status_code == 200
    missing = f"/v1/statements/{NEVER}"
    before = stored()
    assert_problem(alice.patch(missing, {"context": "x"}, headers={"If-Match": "*"}), 404)
    assert_problem(alice.delete(missing, headers={"If-Match": "*"}), 404)
    assert_problem(alice.patch(missing, {"context": "x", "version": 1}), 404)
    assert stored() == before
    assert alice.delete(address, headers={"If-Match": "*"}).status_code == 204
    assert_problem(alice.delete(address, headers={"If-Match": "*"}), 410)
    assert_problem(alice.patch(address, {}, headers={"If-Match": "*"}), 410)


def test_a_patch_that_changes_nothing_makes_no_version_and_keeps_the_etag(alice: Client, address: str) -> None:
    tag, before = alice.get(address).headers["ETag"], stored()
    for patch in ({}, {"context": None}, {"text": statement()["text"]}, {"lang": "EN"}, {"topics": []}):
        answer = alice.patch(address, patch, headers={"If-Match": tag})
        assert answer.status_code == 200
        assert answer.headers["ETag"] == tag
    assert stored() == before


def test_twenty_changes_for_one_version_at_once_let_one_through(app: Flask, alice: Client, address: str) -> None:
    tag = alice.get(address).headers["ETag"]
    together = Barrier(20)

    def change(number: int) -> int:
        client = Client(app, alice.key)
        together.wait()
        try:
            return client.patch(address, {"context": f"Number {number}."}, headers={"If-Match": tag}).status_code
        finally:
            close_database()

    with ThreadPoolExecutor(20) as pool:
        statuses = sorted(pool.map(change, range(20)))
    assert statuses == [200] + [412] * 19
    assert alice.get(address).json["version"] == 2
    history = alice.get(f"{address}/revisions").json
    assert [each["version"] for each in history["data"]] == [2, 1]


# --- If-None-Match -------------------------------------------------------------------------------------------


def assert_unchanged(answer: TestResponse, fresh: TestResponse) -> None:
    """Assert that an answer is a 304 with what RFC 9110, section 15.4.5, wants in one, and nothing else."""
    assert answer.status_code == 304
    assert answer.data == b""
    for header in ("ETag", "Vary", "Cache-Control"):
        assert answer.headers[header] == fresh.headers[header]
    assert "Content-Type" not in answer.headers
    assert answer.headers["X-Request-Id"]


@pytest.fixture
def readable(alice: Client, record: dict[str, Any], address: str) -> list[str]:
    lists = [*LISTS, "/v1/statements?kind=quote&limit=1", "/v1/statements?q=record"]
    speaker, outlet = record["speaker"]["id"], record["outlet"]["id"]
    alice.patch(address, {"context": "A second version."}, headers={"If-Match": "*"})
    return [
        *lists,
        address,
        f"/v1/speakers/{speaker}",
        f"/v1/outlets/{outlet}",
        f"{address}/revisions",
        f"{address}/revisions/1",
        f"{address}/revisions/2",
    ]


def test_what_has_not_changed_answers_304(charlie: Client, readable: list[str]) -> None:
    for each in readable:
        fresh = charlie.get(each)
        assert fresh.status_code == 200
        tag = fresh.headers["ETag"]
        for header in (tag, f"W/{tag}", f'"x", {tag}', f'W/"x",W/{tag} ', f" {tag} ", "*"):
            assert_unchanged(charlie.get(each, headers={"If-None-Match": header}), fresh)
            assert_unchanged(charlie.open("HEAD", each, headers={"If-None-Match": header}), fresh)


def test_another_tag_answers_200(charlie: Client, readable: list[str]) -> None:
    for each in readable:
        tag = charlie.get(each).headers["ETag"]
        others = ["", ",", '""', '"x"', tag[:-2] + '"', tag[:-1], tag.strip('"'), f"w/{tag}", '"*"', "x" * 5000, "\x80"]
        if match := TAG.fullmatch(tag):
            # The whole tag counts, unlike with If-Match.
            others.append(f'"{match[1]}.{match[2]}"')
        for header in others:
            answer = charlie.get(each, headers={"If-None-Match": header})
            assert answer.status_code == 200, (each, header)
            assert answer.headers["ETag"] == tag


def test_the_tag_of_a_statement_changes_with_the_name_of_who_said_it(
    alice: Client, record: dict[str, Any], address: str, readable: list[str]
) -> None:
    speaker = f"/v1/speakers/{record['speaker']['id']}"
    affected = [address, speaker, f"{address}/revisions/1", "/v1/statements", "/v1/speakers"]
    tags = {each: alice.get(each).headers["ETag"] for each in affected}
    alice.patch(speaker, {"name": "Antony J. Blinken"}, headers={"If-Match": "*"})
    for each, tag in tags.items():
        answer = alice.get(each, headers={"If-None-Match": tag})
        assert answer.status_code == 200, each
        assert "Antony J. Blinken" in answer.text
        assert answer.headers["ETag"] != tag
    # The statement itself is the same version, which is what a change is made for.
    assert alice.patch(address, {}, headers={"If-Match": tags[address]}).status_code == 200


def test_the_tags_of_lists_change_with_any_write(alice: Client, address: str) -> None:
    lists = (*LISTS, "/v1/statements?speaker=nobody")
    writes: tuple[Callable[[], TestResponse], ...] = (
        lambda: alice.post("/v1/statements", statement(text="Another.")),
        lambda: alice.patch(address, {"context": "x"}, headers={"If-Match": "*"}),
        lambda: alice.post("/v1/outlets", {"name": "Reuters"}),
        lambda: alice.delete(address, headers={"If-Match": "*"}),
    )
    for write in writes:
        before = {each: alice.get(each).headers["ETag"] for each in lists}
        assert write().status_code in (200, 201, 204)
        for each, tag in before.items():
            answer = alice.get(each, headers={"If-None-Match": tag})
            assert answer.status_code == 200
            assert answer.headers["ETag"] != tag


def test_a_refused_write_leaves_the_tags_of_lists(alice: Client, address: str) -> None:
    before = alice.get("/v1/statements").headers["ETag"]
    for refused in (alice.post("/v1/statements", {}), alice.post("/v1/statements", statement()), alice.delete(address)):
        assert refused.status_code >= 400
    assert alice.get("/v1/statements").headers["ETag"] == before


def test_every_view_of_a_list_has_a_tag_of_its_own(alice: Client, bob: Client, charlie: Client, address: str) -> None:
    views = ("", "?limit=1", "?limit=2", "?kind=quote", "?kind=claim", "?speaker=a", "?speaker=b", "?from=2022", "?q=a")
    tags = [charlie.get(f"/v1/statements{view}").headers["ETag"] for view in views]
    tags += [charlie.get(each).headers["ETag"] for each in LISTS[1:]]
    assert len(set(tags)) == len(tags)
    # Who may read what is withheld has another view than who may not, and the same as others who may.
    alice.patch(address, {"status": "withheld"}, headers={"If-Match": "*"})
    seen = [who.get("/v1/statements") for who in (alice, bob, charlie)]
    assert [answer.json["total"] for answer in seen] == [1, 1, 0]
    assert seen[0].headers["ETag"] == seen[1].headers["ETag"] != seen[2].headers["ETag"]
    assert charlie.get("/v1/statements", headers={"If-None-Match": seen[0].headers["ETag"]}).status_code == 200


def test_the_text_of_a_source_has_a_tag_for_those_who_may_read_it(alice: Client, charlie: Client) -> None:
    id = alice.record({"url": "https://news.example/article", "text": "Every word of it."}, "sources")["id"]
    seen = [who.get(f"/v1/sources/{id}") for who in (alice, charlie)]
    assert [answer.json["text"] for answer in seen] == ["Every word of it.", None]
    assert seen[0].headers["ETag"] != seen[1].headers["ETag"]
    assert charlie.get(f"/v1/sources/{id}", headers={"If-None-Match": seen[0].headers["ETag"]}).status_code == 200


def test_a_change_is_answered_with_the_record_whatever_the_client_has(alice: Client, address: str) -> None:
    tag = alice.get(address).headers["ETag"]
    for header in (tag, "*"):
        answer = alice.patch(address, {}, headers={"If-Match": "*", "If-None-Match": header})
        assert answer.status_code == 200
        assert answer.json["id"]
    posted = alice.post("/v1/statements", statement(text="Another."), headers={"If-None-Match": "*"})
    assert posted.status_code == 201


def test_an_error_is_never_304(charlie: Client) -> None:
    for address in (f"/v1/statements/{NEVER}", "/v1/statements?limit=0", "/nope", "/v1/keys"):
        assert charlie.get(address, headers={"If-None-Match": "*"}).status_code >= 400
