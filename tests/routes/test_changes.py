"""The change feed and the log over HTTP: nothing skipped, nothing reordered, nothing withheld let out."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import threading
import time
from typing import Any

from tests.conftest import Client, statement
from tests.servers import ROOT, environment, serving
from tests.test_errors import assert_problem

WRITERS, EACH = 8, 12
# Records statements, as a process of its own beside the server, and revises and withdraws some of them.
WRITER = """
import sys
from api.domain.writing import records
from api.domain.core.keys import OPERATOR
from api.domain.evidence.statements import STATEMENT
from api.settings import Settings
from api.storage.db import close_database, open_database

open_database(Settings.from_environment())
for number in range(int(sys.argv[2])):
    fields = {"kind": "quote", "text": f"Words {sys.argv[1]} {number}.", "speaker": f"Speaker {number % 3}",
              "outlet": "Example News"}
    made = records.record(STATEMENT, STATEMENT.takes.load(fields), by=OPERATOR)
    if number % 2:
        records.revise(STATEMENT, made.id, {"place": "Brussels"}, by=OPERATOR, expected=None)
    if number % 4 == 3:
        records.withdraw(STATEMENT, made.id, "Twice.", by=OPERATOR, expected=None)
close_database()
"""


def changes(client: Client, query: str = "") -> dict[str, Any]:
    """Return a page of the feed without the epoch, which is the same in every answer here."""
    answer = client.get(f"/v1/changes{query}")
    assert answer.status_code == 200, answer.text
    return without_epoch(answer.json)


def without_epoch(found: dict[str, Any]) -> dict[str, Any]:
    assert re.fullmatch("[0-9a-f]{16}", found["epoch"])
    return {name: value for name, value in found.items() if name != "epoch"}


def ops(page: dict[str, Any]) -> list[tuple[str, str, int]]:
    return [(each["op"], each["type"], each["version"]) for each in page["changes"]]


def test_a_reader_misses_nothing_of_eight_processes_that_write(empty_database_url: str) -> None:
    with serving(empty_database_url, "--threads", "4") as server:
        writers = [
            subprocess.Popen(
                [sys.executable, "-c", WRITER, str(number), str(EACH)],
                env=environment(empty_database_url, ONRECORD_BUSY_TIMEOUT="60"),
                cwd=ROOT,
            )
            for number in range(WRITERS)
        ]
        expected = WRITERS * (EACH + EACH // 2 + EACH // 4) + 3 + 1
        followed: list[dict[str, Any]] = []
        last, deadline = 0, time.monotonic() + 60
        while len(followed) < expected and time.monotonic() < deadline:
            page = server.ask("GET", f"/v1/changes?since={last}&limit=7&wait=2").json
            followed += page["changes"]
            assert page["last"] >= last
            last = page["last"]
        assert [writer.wait(60) for writer in writers] == [0] * WRITERS
        end = without_epoch(server.ask("GET", f"/v1/changes?since={last}").json)
        assert end == {"changes": [], "last": expected, "more": False}
    assert [each["seq"] for each in followed] == list(range(1, expected + 1))
    versions: dict[str, int] = {}
    for each in followed:
        assert each["version"] == versions.get(each["id"], 0) + 1
        versions[each["id"]] = each["version"]


def test_pages_go_on_where_the_last_one_ended(alice: Client) -> None:
    assert changes(alice) == {"changes": [], "last": 0, "more": False}
    id = alice.record(statement())["id"]
    first = changes(alice, "?limit=2")
    assert (ops(first), first["last"], first["more"]) == (
        [("create", "speaker", 1), ("create", "outlet", 1)],
        2,
        True,
    )
    second = changes(alice, "?since=2")
    assert (ops(second), second["last"], second["more"]) == ([("create", "statement", 1)], 3, False)
    assert second["changes"][0]["id"] == id
    alice.delete(f"/v1/statements/{id}", headers={"If-Match": "*"})
    assert ops(changes(alice, "?since=3")) == [("withdraw", "statement", 2)]


def test_now_is_where_the_log_ends_and_so_is_everything_beyond_it(alice: Client) -> None:
    alice.record(statement())
    for query in ("?since=now", "?since=3", "?since=1000000"):
        assert changes(alice, query) == {"changes": [], "last": 3, "more": False}


def test_a_place_in_another_history_is_refused_and_in_this_one_it_is_the_number(alice: Client) -> None:
    alice.record(statement())
    epoch = alice.get("/v1/changes").json["epoch"]
    assert alice.get("/v1/log/head").json["epoch"] == epoch
    for seq in (0, 1, 3, 1000):
        assert changes(alice, f"?since={epoch}.{seq}") == changes(alice, f"?since={seq}")
    other = f"{int(epoch, 16) ^ 1:016x}"
    for query in (f"since={other}.0", f"since={other}.3&wait=1"):
        problem = assert_problem(alice.get(f"/v1/changes?{query}"), 409)
        assert (problem["type"], problem["epoch"]) == ("/problems/other-epoch", epoch)
        assert "again" in problem["detail"]
    for place in (f"{epoch}.", f"{epoch}.01", f"{epoch}.-1", f"{epoch}.now", f".{epoch}", f"{epoch.upper()}A.1", "1.5"):
        assert_problem(alice.get(f"/v1/changes?since={place}"), 400)


def test_what_is_withheld_is_absent_without_a_key_and_the_numbers_move_on(
    alice: Client, bob: Client, charlie: Client
) -> None:
    shown = alice.record(statement())["id"]
    hidden = alice.record(statement(text="Not for everybody.", status="withheld"))["id"]
    review = {"statement": hidden, "author": {"name": "Example Facts"}, "rating": {"alternate_name": "True"}}
    about = alice.record(review, "reviews")["id"]
    relation = alice.record({"subject": shown, "type": "refutes", "object": hidden}, "relations")["id"]
    concealed = {hidden, about, relation}

    def seen(client: Client) -> set[str]:
        return {each["id"] for each in changes(client)["changes"]} & concealed

    assert (seen(bob), seen(charlie)) == (concealed, set())
    assert changes(charlie)["last"] == changes(bob)["last"] == 6
    assert changes(charlie, "?since=3&limit=1") == {"changes": [], "last": 4, "more": True}
    for id, kind in ((relation, "relations"), (about, "reviews"), (hidden, "statements")):
        alice.delete(f"/v1/{kind}/{id}", {"reason": "Their secret."}, headers={"If-Match": "*"})
    assert (seen(bob), seen(charlie)) == (concealed, set())
    assert ops(changes(charlie, "?since=3")) == []
    for seq in range(4, 10):
        answer = charlie.get(f"/v1/log/entries/{seq}")
        assert answer.json["concealed"] is True
        assert "secret" not in answer.text
        assert not [id for id in concealed if id in answer.text]
        assert bob.get(f"/v1/log/entries/{seq}").json["concealed"] is False


def test_a_statement_that_is_published_later_begins_there_and_with_it_whom_it_names(
    alice: Client, bob: Client, charlie: Client
) -> None:
    id = alice.record(statement(status="withheld"))["id"]
    assert changes(charlie) == {"changes": [], "last": 3, "more": False}
    alice.patch(f"/v1/statements/{id}", {"status": "published"}, headers={"If-Match": "*"})
    begun = [("create", "speaker", 1), ("create", "outlet", 1), ("create", "statement", 2)]
    for query in ("", "?since=3", "?limit=1&since=3"):
        assert ops(changes(charlie, query)) == begun
    assert {each["seq"] for each in changes(charlie)["changes"]} == {4}
    assert changes(charlie, "?limit=1") == {"changes": [], "last": 1, "more": True}
    written = {each["id"]: each["sha256"] for each in changes(bob)["changes"]}
    assert {each["id"]: each["sha256"] for each in changes(charlie)["changes"]} == written


def test_a_statement_that_becomes_withheld_is_withdrawn_once_and_with_it_what_hangs_on_it(
    alice: Client, bob: Client, charlie: Client
) -> None:
    """Only its id and the version are told, whatever else is done to it while it is withheld."""
    id = alice.record(statement())["id"]
    review = {"statement": id, "author": {"name": "Example Facts"}, "rating": {"alternate_name": "True"}}
    about = alice.record(review, "reviews")["id"]
    address = f"/v1/statements/{id}"
    alice.patch(address, {"status": "withheld"}, headers={"If-Match": "*"})
    gone = [
        ("withdraw", "review", 1), ("withdraw", "statement", 2), ("withdraw", "outlet", 1), ("withdraw", "speaker", 1)
    ]  # fmt: skip
    assert ops(changes(charlie, "?since=4")) == gone
    assert {each["sha256"] for each in changes(charlie, "?since=4")["changes"]} == {None}
    assert ops(changes(bob, "?since=4")) == [("update", "statement", 2)]
    alice.patch(address, {"text": "Other words."}, headers={"If-Match": "*"})
    # Of what was told before, nothing but the withdrawals is left.
    assert ops(changes(charlie)) == gone
    assert charlie.get("/v1/log/entries/6").json["concealed"] is True
    alice.patch(address, {"status": "retracted"}, headers={"If-Match": "*"})
    back = [("create", "speaker", 1), ("create", "outlet", 1), ("create", "statement", 4), ("create", "review", 1)]
    for query in ("", "?since=6"):
        assert ops(changes(charlie, query)) == back
    assert changes(charlie)["changes"][-1]["id"] == about
    alice.delete(address, headers={"If-Match": "*"})
    assert ops(changes(charlie, "?since=7")) == [
        ("withdraw", "review", 1), ("withdraw", "statement", 5), ("withdraw", "outlet", 1), ("withdraw", "speaker", 1)
    ]  # fmt: skip


def test_entries_prove_themselves_and_end_in_the_head(alice: Client, charlie: Client) -> None:
    assert without_epoch(alice.get("/v1/log/head").json) == {"seq": 0, "hash": "0" * 64, "at": None}
    id = alice.record(statement())["id"]
    alice.delete(f"/v1/statements/{id}", {"reason": "Twice – really."}, headers={"If-Match": "*"})
    previous = "0" * 64
    for seq in range(1, 5):
        entry = charlie.get(f"/v1/log/entries/{seq}").json
        assert entry["previous"] == previous
        names = ("seq", "at", "op", "type", "id", "version", "by", "note", "sha256")
        text = json.dumps([entry[name] for name in names], ensure_ascii=False, separators=(",", ":"))
        assert hashlib.sha256((previous + text).encode()).hexdigest() == entry["hash"]
        previous = entry["hash"]
    assert without_epoch(charlie.get("/v1/log/head").json) == {"seq": 4, "hash": previous, "at": entry["at"]}


def test_waiting_ends_when_something_is_written_or_the_time_is_over(empty_database_url: str) -> None:
    with serving(empty_database_url) as server:
        assert without_epoch(server.ask("GET", "/v1/changes?wait=1").json) == {"changes": [], "last": 0, "more": False}
        answers: list[Any] = []
        waiting = threading.Thread(target=lambda: answers.append(server.ask("GET", "/v1/changes?wait=25").json))
        waiting.start()
        time.sleep(0.5)
        assert not answers
        server.ask("POST", "/v1/statements", statement())
        waiting.join(20)
        assert [each["seq"] for each in answers[0]["changes"]] == [1, 2, 3]


def test_those_who_wait_leave_threads_for_everybody_else(empty_database_url: str) -> None:
    with serving(empty_database_url, "--workers", "1", "--threads", "2") as server:
        ended: list[float] = []

        def wait() -> None:
            server.ask("GET", "/v1/changes?wait=4")
            ended.append(time.monotonic())

        began = time.monotonic()
        waiting = [threading.Thread(target=wait) for _ in range(3)]
        for each in waiting:
            each.start()
        assert server.ask("GET", "/livez").status == 200
        for each in waiting:
            each.join(20)
        # One found a place to wait in; the others were answered at once.
        assert len([each for each in ended if each - began > 3.5]) == 1


def test_a_server_that_is_told_to_end_does_not_keep_those_who_wait(empty_database_url: str) -> None:
    with serving(empty_database_url, "--workers", "1") as server:
        answers: list[Any] = []
        waiting = threading.Thread(target=lambda: answers.append(server.ask("GET", "/v1/changes?wait=25", timeout=30)))
        waiting.start()
        time.sleep(0.5)
        server.process.terminate()
        assert server.process.wait(15) == 0
        waiting.join(15)
        assert without_epoch(answers[0].json) == {"changes": [], "last": 0, "more": False}
