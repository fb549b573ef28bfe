"""What `verify` finds: every value that was changed behind the log's back, with the record that it belongs to."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from api.domain.following import changes
from api.domain.history import chain, log
from api.domain.keeping import indexes
from api.domain.keeping.verification import Problem, Seen, verify
from api.settings import Settings
from api.storage import db as storage
from api.storage.db import close_database, db, execute, open_database, row, rows
from tests.conftest import Client, statement
from tests.tampering import Records, by_hand, furnished, recorded


@pytest.fixture
def records(app: Flask, alice: Client) -> Records:
    """Records of every kind, some revised, one withdrawn."""
    return recorded(alice)


def problems(noted: dict[str, Any] | None = None) -> list[Problem]:
    return list(verify(Seen(), noted))


def told(noted: dict[str, Any] | None = None) -> set[tuple[str, str | None]]:
    return {(each.about, each.id) for each in problems(noted)}


def test_what_was_only_written_has_no_problem(records: Records) -> None:
    seen, noted = Seen(), changes.head()
    assert list(verify(seen, noted)) == []
    assert seen.head == noted
    assert (seen.entries, seen.records) == (log.position(), 11)


def test_the_database_itself_refuses_to_rewrite_the_log(app: Flask, alice: Client) -> None:
    alice.record(statement())
    for sql in ("UPDATE entry SET note = 'x'", "DELETE FROM entry", "UPDATE revision SET document = '{}'"):
        if sql.startswith("UPDATE revision"):
            alice.patch(
                f"/v1/statements/{row('SELECT id FROM statement')[0]}", {"place": "x"}, headers={"If-Match": "*"}
            )  # type: ignore[index]
        with pytest.raises(Exception, match="append-only"):
            execute(sql)


DOCUMENTS = {
    "a changed word": "UPDATE statement SET document = replace(document, 'on record', 'off') WHERE id = '{first}'",
    "a changed letter of the salt": "UPDATE statement SET salt = '0' || substr(salt, 2) || 'x' WHERE id = '{first}'",
    "no JSON": "UPDATE statement SET document = '{{' WHERE id = '{first}'",
    "JSON of another shape": "UPDATE statement SET document = '[1]' WHERE id = '{first}'",
    "members that are missing": "UPDATE statement SET document = '{{}}' WHERE id = '{first}'",
    "a changed review": "UPDATE review SET document = replace(document, 'True', 'Fake') WHERE id = '{review}'",
    "a changed relation": "UPDATE relation SET document = replace(document, 'refutes', 'x') WHERE id = '{relation}'",
    "a changed source": "UPDATE source SET document = replace(document, 'Whole', 'Other') WHERE id = '{source}'",
    "a changed speaker": "UPDATE speaker SET document = replace(document, 'Tony', 'Toni') WHERE id = '{speaker}'",
    "a changed revision": "UPDATE revision SET document = replace(document, 'Kyiv', 'Kiev') WHERE record = '{rich}'",
    "a changed reason": "UPDATE revision SET document = replace(document, 'Twice', 'x') WHERE record = '{withdrawn}'",
    "a lost revision": "DELETE FROM revision WHERE record = '{rich}' AND version = 2",
    "a lost withdrawal": "DELETE FROM revision WHERE record = '{withdrawn}' AND version = 2",
    "an invented revision": "INSERT INTO revision VALUES ('{first}', 9, '{{}}', 'x')",
    "a lost record": "DELETE FROM relation WHERE id = '{relation}'",
    "an entry of another hash": "UPDATE entry SET sha256 = '{zeros}' WHERE record = '{first}'",
}


@pytest.mark.parametrize("how", DOCUMENTS)
def test_a_changed_document_is_named(records: Records, how: str) -> None:
    sql = DOCUMENTS[how].format(**records, zeros="0" * 64)
    id = next(id for id in records.values() if id in sql)
    by_hand(sql)
    assert ("document", id) in told()
    assert {each.id for each in problems() if each.about != "entry"} == {id}


def test_a_record_that_was_never_written_is_named(records: Records) -> None:
    by_hand("INSERT INTO revision VALUES ('stm_invented', 1, '{}', 'x')")
    by_hand("UPDATE relation SET id = 'rel_invented'")
    assert told() == {
        ("document", "stm_invented"),
        ("document", "rel_invented"),
        ("document", records["relation"]),
    }


def test_every_changed_value_is_named_and_not_the_first_alone(records: Records) -> None:
    by_hand('UPDATE statement SET document = replace(document, \'"place":null\', \'"place":"Here"\')')
    by_hand("UPDATE speaker SET salt = 'x'")
    expected = {("document", id) for (id,) in rows("SELECT id FROM speaker UNION SELECT id FROM statement")}
    assert told() == expected - {("document", records["rich"])}


INDEXES = {
    "version": "UPDATE statement SET version = 7 WHERE id = '{first}'",
    "created_at": "UPDATE statement SET created_at = '2020-01-01T00:00:00.000Z' WHERE id = '{first}'",
    "status": "UPDATE statement SET status = 'published' WHERE id = '{withheld}'",
    "said_lower": "UPDATE statement SET said_lower = 20220101 WHERE id = '{rich}'",
    "fingerprint": "UPDATE statement SET fingerprint = 1 WHERE id = '{rich}'",
    "speaker": "UPDATE statement SET speaker = NULL WHERE id = '{first}'",
    "place": "UPDATE statement SET place = 1 WHERE id = '{rich}'",
    "reference": "UPDATE speaker SET reference = '{{}}' WHERE id = '{speaker}'",
    "cited": "UPDATE speaker SET cited = 9 WHERE id = '{speaker}'",
    "shown": "UPDATE speaker SET shown = 0 WHERE id = '{speaker}'",
    "url": "UPDATE source SET url = 'x' WHERE id = '{source}'",
    "statement": "UPDATE review SET statement = 'x' WHERE id = '{review}'",
    "subject": "UPDATE relation SET subject = object WHERE id = '{relation}'",
    "topic": "UPDATE topic SET folded = 'peace' WHERE folded = 'war' AND '{rich}' <> ''",
    "statement_url": "DELETE FROM statement_url WHERE '{rich}' <> ''",
    "mention": "DELETE FROM mention WHERE '{rich}' <> ''",
    "figure": "UPDATE figure SET upper = 3 WHERE '{rich}' <> ''",
    "figure_word": "UPDATE figure_word SET word = 'x' WHERE word = 'soldier' AND '{rich}' <> ''",
    "name": "DELETE FROM name WHERE record = '{speaker}'",
    "hidden": "UPDATE name SET hidden = 1 WHERE record = '{speaker}'",
    "name_word": "UPDATE name_word SET stem = 'x' WHERE word = 'tony' AND '{speaker}' <> ''",
}


@pytest.mark.parametrize("which", INDEXES)
def test_a_changed_index_value_is_named_and_reindexing_mends_it(records: Records, which: str) -> None:
    sql = INDEXES[which].format(**records)
    id = next(id for id in records.values() if id in sql)
    by_hand(sql)
    found = [each for each in problems() if each.id == id]
    assert [(each.about, each.repair) for each in found] == [("index", "onrecord reindex")] * len(found)
    assert any(("name" if which == "hidden" else which) in each.detail for each in found)
    indexes.rebuild(lambda done, total: None)
    assert problems() == []


def test_words_that_the_search_index_lost_or_invented_are_named(records: Records) -> None:
    storage.dialect.forget_all_words(db)
    published = {("index", id) for (id,) in rows("SELECT id FROM statement")}
    assert told() == published
    indexes.rebuild(lambda done, total: None)
    by_hand(storage.dialect.INDEX_WORDS, storage.dialect.search_row(12345, "lost", "lost §"))
    assert told() == {("index", None)}
    indexes.rebuild(lambda done, total: None)
    assert told() == set()


def test_a_word_more_or_another_in_the_search_index_is_found(records: Records) -> None:
    place, id = rows("SELECT place, id FROM statement ORDER BY n LIMIT 1")[0]
    if storage.dialect.PLACEHOLDER == "?":
        by_hand(storage.dialect.INDEX_WORDS, storage.dialect.search_row(place, "more", "more"))
        assert {each.about for each in problems()} == {"index"}
    else:
        by_hand("UPDATE statement_search SET words = words || 'more:99'::tsvector WHERE rowid = ?", (place,))
        assert told() == {("index", id)}
    indexes.rebuild(lambda done, total: None)
    assert told() == set()


def test_rows_of_no_record_are_found(records: Records) -> None:
    by_hand("INSERT INTO name (type, folded, record) VALUES ('speaker', 'nobody', 'spk_nobody')")
    assert told() == {("index", None)}


def test_cut_lost_and_swapped_entries_are_found(records: Records) -> None:
    noted = changes.head()
    (last,) = rows(
        "SELECT seq, at, op, type, record, version, by, note, sha256, hash FROM entry ORDER BY seq DESC LIMIT 1"
    )
    by_hand("DELETE FROM entry WHERE seq = ?", (noted["seq"],))
    assert {("head", None), ("document", last[4])} <= told(noted)
    by_hand(f"INSERT INTO entry VALUES ({', '.join('?' * 10)})", last)
    assert told(noted) == set()

    by_hand("UPDATE entry SET seq = -1 WHERE seq = 3")
    by_hand("UPDATE entry SET seq = 3 WHERE seq = 4")
    by_hand("UPDATE entry SET seq = 4 WHERE seq = -1")
    found = [each for each in problems(noted) if each.about == "entry"]
    assert {each.seq for each in found} >= {3, 4}
    assert min(each.seq for each in found if each.seq) == 3

    by_hand("DELETE FROM entry WHERE seq = 4")
    assert any("entries 4 to 4 are missing" in each.detail for each in problems())


def test_each_column_of_an_entry_is_proved_by_its_hash(records: Records) -> None:
    for column in ("at", "op", "type", "by", "note", "hash"):
        before = rows(f"SELECT {column} FROM entry WHERE seq = 2")[0][0]
        by_hand(f"UPDATE entry SET {column} = 'x' WHERE seq = 2")
        assert 2 in {each.seq for each in problems() if each.about == "entry"}, column
        by_hand(f"UPDATE entry SET {column} = ? WHERE seq = 2", (before,))
    assert problems() == []


def test_a_log_that_was_written_anew_does_not_go_through_the_noted_head(records: Records) -> None:
    noted = changes.head()
    previous = chain.GENESIS
    for each in rows("SELECT seq, at, op, type, record, version, by, note, sha256 FROM entry ORDER BY seq"):
        entry = chain.Entry(*each[:6], "mallory", *each[7:])
        previous = entry.hash(previous)
        by_hand("UPDATE entry SET by = ?, hash = ? WHERE seq = ?", (entry.by, previous, entry.seq))
    assert told() == set()
    assert told(noted) == {("head", None)}


# --- bits ----------------------------------------------------------------------------------------------------


@pytest.fixture
def file(database_url: str, app: Flask, alice: Client) -> Path:
    """A file with something of every kind, closed, with everything in it."""
    furnished(alice)
    db.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    close_database()
    return Path(database_url.removeprefix("sqlite:///"))


def everything() -> list[Any]:
    """All that anybody can read of the file: its schema, every table, every word of the search index, its header."""
    with storage.translated():
        tables = sorted(each for each in db.get_tables() if not each.startswith("statement_search"))
    found = [rows(f"SELECT * FROM {table} ORDER BY 1") for table in tables]
    found.append(rows("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY 1, 2, 3, 4"))
    found += [rows(f"PRAGMA {each}") for each in ("application_id", "encoding", "user_version")]
    execute("CREATE VIRTUAL TABLE temp.held USING fts5vocab(main, statement_search, instance)")
    try:
        return [*found, rows("SELECT * FROM temp.held ORDER BY 1, 2, 3, 4")]
    finally:
        execute("DROP TABLE temp.held")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_flipped_bit_is_found_wherever_it_changes_anything(file: Path, tmp_path: Path) -> None:
    open_database(Settings(database=f"sqlite:///{file}"))
    before = everything()
    close_database()
    random.seed(20221122)
    content = file.read_bytes()
    # Most bytes of a small file are empty room; what is not zero is mostly in use.
    places = [place for place, byte in enumerate(content) if byte]
    copy = tmp_path / "copy.db"
    for number in range(150):
        place = random.choice(places if number % 10 else range(len(content)))
        bit = 1 << random.randrange(8)
        copy.write_bytes(content[:place] + bytes([content[place] ^ bit]) + content[place + 1 :])
        open_database(Settings(database=f"sqlite:///{copy}"))
        try:
            found = _outcome(problems)
            same = _outcome(lambda: [] if everything() == before else ["changed"])
            assert found or not same, (number, place)
        finally:
            close_database()
            for log in tmp_path.glob("copy.db-*"):
                log.unlink()


def _outcome(ask: Callable[[], list[Any]]) -> list[Any]:
    """What is found, or that the database cannot even be asked, as one says to a user."""
    try:
        return ask()
    except (storage.Unavailable, storage.QueryFailed) as error:
        return [str(error)]
