"""Indexes made anew while others write: nobody is refused, nothing is lost, and a kill is gone on from."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask

from api.domain.keeping import erasures, indexes
from api.domain.keeping.verification import Seen, verify
from api.settings import Settings
from api.storage import db as storage
from api.storage.db import close_database, db, execute, open_database, row, rows, writing
from tests.conftest import Client, statement
from tests.servers import ROOT, environment

WORDS = ("war", "peace", "Kyiv", "grain", "soldiers", "talks", "guerre", "harbour")
NAMES = ("Ann Lee", "Bob Ray", "Cy Dow", "Di Fox")


class Newsroom:
    """Somebody who does this and that, never the same twice, and is never refused."""

    def __init__(self, alice: Client, seed: int) -> None:
        self.alice, self.chance = alice, random.Random(seed)
        self.count = 0

    def one(self, kind: str = "statement") -> str | None:
        found = rows(f"SELECT id FROM {kind} ORDER BY id")
        return self.chance.choice(found)[0] if found else None

    def does(self) -> None:
        """Do one thing, and see to it that it was done or had nothing to be done to."""
        self.count += 1
        act = self.chance.choice(
            [self.records, self.records, self.revises, self.revises, self.withdraws, self.erases, self.merges]
        )
        answer = act()
        assert answer is None or answer.status_code in (200, 201, 204, 409), answer.text

    def records(self) -> Any:
        chance = self.chance
        given = {
            "text": f"{chance.choice(WORDS)} {chance.choice(WORDS)} number {self.count}.",
            "speaker": chance.choice(NAMES),
            "topics": chance.sample(WORDS, 2),
            "url": f"https://news.example/{self.count}",
            "status": chance.choice(["published", "published", "withheld"]),
            "figures": [{"name": f"{chance.choice(WORDS)} lost", "value": self.count}],
            "attributions": [{"speaker": chance.choice(NAMES)}],
        }
        return self.alice.post("/v1/statements", statement(**given))

    def revises(self) -> Any:
        changes = (
            {"text": f"{self.chance.choice(WORDS)} revised {self.count}."},
            {"topics": [self.chance.choice(WORDS)]},
            {"speaker": self.chance.choice(NAMES)},
            {"status": self.chance.choice(["published", "withheld", "retracted"])},
        )
        if (id := self.one()) is not None:
            change = self.chance.choice(changes)
            return self.alice.patch(f"/v1/statements/{id}", change, headers={"If-Match": "*"})
        return None

    def withdraws(self) -> Any:
        if (id := self.one()) is not None:
            return self.alice.delete(f"/v1/statements/{id}", headers={"If-Match": "*"})
        return None

    def erases(self) -> None:
        if (id := self.one()) is not None:
            erasures.erase(id, "A court order.", by="operator")

    def merges(self) -> Any:
        one, other = self.one("speaker"), self.one("speaker")
        if one == other:
            return None
        if row("SELECT 1 FROM speaker WHERE id = ? AND merged_into IS NOT NULL", (one,)):
            return self.alice.post(f"/v1/speakers/{one}/unmerge", {}, headers={"If-Match": "*"})
        if row("SELECT 1 FROM speaker a, speaker b WHERE a.id = ? AND b.id = ? AND b.merged_into = a.n", (one, other)):
            return None
        return self.alice.post(f"/v1/speakers/{one}/merge", {"into": other}, headers={"If-Match": "*"})


def spoil(chance: random.Random) -> None:
    """Leave indexes as another program may have made them, and some that nobody made."""
    with writing():
        for table in ("statement_url", "mention", "topic", "figure_word", "name_word"):
            if chance.random() < 0.7:
                execute(f"DELETE FROM {table}")
        execute("INSERT INTO name (type, folded, record) VALUES ('speaker', 'nobody', 'spk_nobody')")
        execute("INSERT INTO name_word (type, word, stem, n) VALUES ('outlet', 'no', 'no', 999999)")
        execute("UPDATE speaker SET cited = 9")
        execute("UPDATE statement SET form = 'x', said_lower = 7")
        execute(storage.dialect.INDEX_WORDS, storage.dialect.search_row(12345, "lost", "lost §"))


def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexes, "_FIRST", 2)
    monkeypatch.setattr(indexes, "_MOST", 3)


def between(work: Callable[[], None]) -> Callable[[int, int], None]:
    """Do something between two batches, as another process would: from a thread with a connection of its own."""

    def apart() -> None:
        try:
            work()
        finally:
            close_database()

    def progress(done: int, total: int) -> None:
        with ThreadPoolExecutor(1) as other:
            other.submit(apart).result()

    return progress


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_written_between_batches_is_indexed_once_and_counted_right(
    app: Flask, alice: Client, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    small_batches(monkeypatch)
    newsroom = Newsroom(alice, seed)
    for _ in range(25):
        newsroom.does()
    if seed % 2:
        spoil(newsroom.chance)
    before = newsroom.count
    indexes.rebuild(between(newsroom.does))
    assert newsroom.count > before + 20
    assert list(verify(Seen())) == []
    assert not indexes.unfinished()
    assert not indexes.outdated()


def test_every_record_is_found_at_every_moment(alice: Client, charlie: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    small_batches(monkeypatch)
    for n in range(12):
        given = {"topics": ["War"], "figures": [{"name": "generals", "value": n}], "url": f"https://a.example/{n}"}
        alice.record(statement(text=f"Words of number {n}.", **given))
    questions = ("q=words", "q=blinken", "topic=war", "figure=generals", "speaker=antony+blinken", "kind=quote")

    def asked() -> None:
        for question in questions:
            assert charlie.get(f"/v1/statements?{question}").json["total"] == 12, question
        assert charlie.get("/v1/speakers?q=blink").json["data"][0]["statements_count"] == 12

    indexes.rebuild(between(asked))
    asked()


class Broken(Exception):
    """The work is broken off."""


def raised_in(step: str) -> Callable[[int, int], None]:
    def progress(done: int, total: int) -> None:
        if rows("SELECT step FROM index_state") == [(step,)]:
            raise Broken

    return progress


@pytest.mark.parametrize("step", [step.name for step in indexes.steps()[1:]])
def test_what_was_broken_off_is_whole_and_gone_on_from(
    alice: Client, charlie: Client, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    small_batches(monkeypatch)
    newsroom = Newsroom(alice, 1)
    for _ in range(12):
        newsroom.does()
    with pytest.raises(Broken):
        indexes.rebuild(raised_in(step))
    assert indexes.unfinished()
    for _ in range(10):
        newsroom.does()
    found = charlie.get("/v1/statements?q=number+OR+revised").json["total"]
    assert found == row("SELECT count(*) FROM statement WHERE status <> 'withheld'")[0]  # type: ignore[index]
    assert list(verify(Seen())) == []
    steps: list[str] = []
    indexes.rebuild(lambda done, total: steps.extend(each for (each,) in rows("SELECT step FROM index_state")))
    assert indexes.steps()[0].name not in steps
    assert list(verify(Seen())) == []


def test_what_another_program_began_is_begun_anew(alice: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    small_batches(monkeypatch)
    alice.record(statement(topics=["War"]))
    with pytest.raises(Broken):
        indexes.rebuild(raised_in("statements"))
    if storage.dialect.PLACEHOLDER == "?":
        assert "onrecord reindex" in str(erasures.scrub())
    execute("UPDATE index_state SET target = target - 1, n = 1")
    execute("DELETE FROM topic")
    indexes.rebuild(lambda done, total: None)
    assert list(verify(Seen())) == []
    assert erasures.scrub() is None
    if storage.dialect.PLACEHOLDER == "?":
        assert [each for each in db.get_tables() if "next" in each or "former" in each] == []


# Ends the process at the given commit, as a power cut would.
KILLED = """
import os, sys
from api.domain.keeping import indexes
from api.settings import Settings
from api.storage.db import open_database
open_database(Settings(database=sys.argv[1]))
indexes._FIRST = indexes._MOST = 2
left = int(sys.argv[2])
def progress(done, total):
    global left
    left -= 1
    if not left:
        os._exit(9)
indexes.rebuild(progress)
"""


def test_a_process_that_is_killed_again_and_again_comes_to_an_end(database_url: str, alice: Client) -> None:
    newsroom = Newsroom(alice, 1)
    for _ in range(15):
        newsroom.does()
    spoil(newsroom.chance)
    close_database()
    codes = []
    while not codes or codes[-1] == 9:
        assert len(codes) < 30
        command = [sys.executable, "-c", KILLED, database_url, "7"]
        done = subprocess.run(command, env=environment(database_url), cwd=ROOT, capture_output=True, timeout=60)
        codes.append(done.returncode)
    assert codes[-1] == 0, done.stderr
    assert 9 in codes
    open_database(Settings(database=database_url))
    assert list(verify(Seen())) == []


def test_values_that_are_one_records_alone_are_given_back_to_it(alice: Client) -> None:
    ids = [alice.record(statement(text=f"Number {n}.", external_id=f"e{n}"))["id"] for n in range(2)]
    for external, id in (("x", ids[0]), ("e0", ids[1])):
        execute("UPDATE statement SET external_id = ? WHERE id = ?", (external, id))
    execute("UPDATE statement SET external_id = 'e1' WHERE id = ?", (ids[0],))
    assert len(list(verify(Seen()))) == 2
    indexes.rebuild(lambda done, total: None)
    assert list(verify(Seen())) == []
