"""The write path and what reads it back, without HTTP: writes in any order against a dictionary, the chain by hand."""

from __future__ import annotations

import random
from typing import Any

import orjson
import pytest

from api.domain.core.errors import Conflict, Gone, Invalid, NotFound, Refused, Stale
from api.domain.core.keys import ANONYMOUS, OPERATOR
from api.domain.core.kinds import Kind
from api.domain.counting import counts
from api.domain.evidence.statements import STATEMENT
from api.domain.finding import listing, streams
from api.domain.history import chain, log
from api.domain.keeping import erasures
from api.domain.keeping.verification import Seen, verify
from api.domain.parties.outlets import OUTLET
from api.domain.parties.speakers import SPEAKER
from api.domain.reading import stored
from api.domain.writing import corrections, mergers, records
from api.storage.db import rows
from api.storage.store import Store
from schemas.corrections import CorrectionIn
from schemas.filters import CountsQuery, StatementsQuery
from tests.conftest import statement
from tests.domain.conftest import READER, WRITER
from tests.drawing import drawn

pytestmark = pytest.mark.usefixtures("opened")


def made(**changes: Any) -> dict[str, Any]:
    """Record a statement and return its document."""
    sent = records.record(STATEMENT, STATEMENT.takes.load(statement(**changes)), by=WRITER)
    found: dict[str, Any] = orjson.loads(sent.body)
    return found


def read(kind: Kind, id: str, by: Any = READER) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(stored.find(kind, id, by).body)
    return found


def query(**given: str) -> dict[str, Any]:
    found: dict[str, Any] = StatementsQuery().load({name: [value] for name, value in given.items()})
    return found


def test_what_is_recorded_is_read_back_and_chained_by_hand() -> None:
    document = made()
    assert read(STATEMENT, document["id"]) == document
    assert read(SPEAKER, document["speaker"]["id"])["name"] == "Antony Blinken"
    link = chain.GENESIS
    for entry in log.after(0, 100):
        link = entry.hash(link)
        texts = rows(f"SELECT salt, document FROM {entry.type} WHERE id = ?", (entry.record,))
        assert [chain.document_hash(*each) for each in texts] == [entry.sha256]
    assert log.head() == (3, link)


def test_a_revision_is_made_for_a_version_and_only_where_something_changes() -> None:
    id = made()["id"]
    for expected, patch, version in ((None, {}, 1), (frozenset({1}), {"context": "At noon."}, 2), (None, {}, 2)):
        assert records.revise(STATEMENT, id, patch, by=WRITER, expected=expected).version == version
    with pytest.raises(Stale):
        records.revise(STATEMENT, id, {"context": "At one."}, by=WRITER, expected=frozenset({1}))
    assert orjson.loads(stored.revision(STATEMENT, id, 1, READER).body)["context"] is None
    assert stored.difference(STATEMENT, id, 1, 2, READER)[0]["op"] in ("replace", "add")


def test_who_may_not_know_finds_nothing() -> None:
    hidden = made(status="withheld", speaker="Somebody Hidden")
    for kind, id in ((STATEMENT, hidden["id"]), (SPEAKER, hidden["speaker"]["id"])):
        assert read(kind, id)["id"] == id
        with pytest.raises(NotFound):
            stored.find(kind, id, ANONYMOUS)
    assert listing.page(STATEMENT, query(), ANONYMOUS).total == 0
    assert listing.page(STATEMENT, query(), READER).total == 1


def test_what_others_name_stays_until_they_are_gone() -> None:
    document = made()
    with pytest.raises(Conflict):
        records.withdraw(OUTLET, document["outlet"]["id"], None, by=WRITER, expected=None)
    records.withdraw(STATEMENT, document["id"], "A mistake.", by=WRITER, expected=None)
    records.withdraw(OUTLET, document["outlet"]["id"], None, by=WRITER, expected=None)
    with pytest.raises(Gone):
        stored.find(STATEMENT, document["id"], READER)


def test_a_merger_is_shown_at_once_and_taken_back_whole() -> None:
    one, other = made(speaker="General Votel"), made(text="Other words.", speaker="Joseph Votel")
    mergers.merge(SPEAKER, one["speaker"]["id"], other["speaker"]["id"], by=WRITER, expected=None)
    assert read(STATEMENT, one["id"])["speaker"] == read(STATEMENT, other["id"])["speaker"]
    mergers.unmerge(SPEAKER, one["speaker"]["id"], by=WRITER, expected=None)
    assert read(STATEMENT, one["id"])["speaker"] == one["speaker"]


def test_a_correction_says_what_was_wrong() -> None:
    id = made()["id"]
    given = {"kind": "correction", "note": "A word was wrong.", "patch": {"text": "We were on record."}}
    corrected = CorrectionIn().load(given)
    sent = orjson.loads(corrections.correct(id, corrected, by=WRITER, expected=None).body)
    assert [each["note"] for each in sent["corrections"]] == ["A word was wrong."]
    assert (sent["version"], sent["text"]) == (2, "We were on record.")


def test_counts_lists_and_streams_tell_of_the_same() -> None:
    for number in range(7):
        made(text=f"Number {number}.", speaker=f"Speaker {number % 3}", said_on=f"2022-0{number % 2 + 1}")
    groups = counts.count(CountsQuery().load({"by": ["speaker"]}), READER)["groups"]
    assert sorted(each["count"] for each in groups) == [2, 2, 3]
    pages, cursor = [], None
    while True:
        page = listing.page(STATEMENT, query(limit="2", **({"cursor": cursor} if cursor else {})), READER)
        pages += [orjson.loads(text)["id"] for text in page.lines.split("\n")]
        cursor = page.next
        if cursor is None:
            break
    streamed = "\n".join(streams.batches(STATEMENT, {**query(), "limit": None}, READER)).split("\n")
    assert pages == [orjson.loads(line)["id"] for line in streamed]


@pytest.mark.parametrize("seed", range(drawn(3)))
def test_any_order_of_writes_leaves_what_a_dictionary_says(opened: Store, seed: int) -> None:
    chance = random.Random(seed)
    held: dict[str, dict[str, Any]] = {}
    gone: set[str] = set()
    for number in range(40):
        act = chance.choice(["record", "record", "revise", "withdraw", "erase", "repeat"])
        id = chance.choice(sorted({*held, *gone}) or [""])
        try:
            if act == "record" or not id:
                status = chance.choice(["published", "withheld"])
                document = made(text=f"Words {seed} {number}.", speaker=f"Speaker {chance.randrange(4)}", status=status)
                held[document["id"]] = document
            elif act == "revise":
                patch = {"context": chance.choice([None, "At noon.", "At one."])}
                sent = records.revise(STATEMENT, id, patch, by=WRITER, expected=None)
                changed = held[id]["context"] != patch["context"]
                assert sent.version == held[id]["version"] + changed
                held[id] = orjson.loads(sent.body)
            elif act == "withdraw":
                records.withdraw(STATEMENT, id, "No longer.", by=WRITER, expected=None)
                gone.add(id)
                del held[id]
            elif act == "erase":
                erasures.erase(id, "The law asks for it.", by=OPERATOR.name)
                gone.add(id)
                held.pop(id, None)
            else:
                made(text=held[id]["text"], speaker=held[id]["speaker"]["name"])
                raise AssertionError("the same words were taken twice")
        except (Refused, Conflict, Invalid, Gone, NotFound, KeyError):
            assert act == "repeat" or id in gone
    assert {id: read(STATEMENT, id) for id in held} == held
    assert [problem.detail for problem in verify(Seen())] == []
