"""Indexes can be dropped and rebuilt: they are views of the documents."""

from __future__ import annotations

from typing import Any

import pytest

from api.domain.keeping import indexes
from api.storage.db import rows
from tests.conftest import Client, statement

TABLES = {
    "statement": "id, kind, status, speaker, outlet, said_lower, said_upper, external_id, fingerprint, mentions, form, "
    "lang, terms, medium, published_lower, published_upper, place",
    "statement_url": "statement, url, host",
    "mention": "statement, record",
    "topic": "statement, folded, label",
    "figure": "id, statement, lower, upper, said_lower, document",
    "figure_word": "word",
    "name": "type, folded, record",
    "name_word": "type, word, stem, n",
    "speaker": "id, reference, cited, merged_into",
    "outlet": "id, reference, cited, merged_into",
    "source": "id, url, outlet",
}


def everything() -> dict[str, list[Any]]:
    """Return what every index table holds, without the numbers that it gives itself."""
    return {table: sorted(map(repr, rows(f"SELECT {columns} FROM {table}"))) for table, columns in TABLES.items()}


def test_rebuilding_gives_the_same_indexes(alice: Client) -> None:
    alice.record({"url": "https://a.example/1", "outlet": "AP"}, "sources")
    first = alice.record(
        statement(
            topics=["War", "Peace"],
            figures=[{"name": "soldiers killed", "min_value": 7000, "max_value": 15000}],
            attributions=[{"speaker": "Somebody Else"}],
            url="https://a.example/1",
        )
    )
    alice.record(statement(text="Other words.", said_on=None, status="withheld"))
    merger = {"into": first["speaker"]["id"], "version": 1}
    alice.post(f"/v1/speakers/{first['attributions'][0]['speaker']['id']}/merge", merger)
    alice.patch(f"/v1/statements/{first['id']}", {"text": "Newer words.", "topics": ["War"], "version": 1})
    before = everything()
    seen: list[tuple[int, int]] = []
    assert indexes.rebuild(lambda done, total: seen.append((done, total))) == 7
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1]
    assert everything() == before
    assert alice.get("/v1/statements?q=newer+words").json["total"] == 1
    assert alice.get("/v1/statements?q=record").json["total"] == 0


def test_a_rebuilding_that_fails_leaves_every_record_findable(alice: Client) -> None:
    alice.record(statement(topics=["War"], figures=[{"name": "generals", "value": 6}]))
    before = everything()

    def fails(done: int, total: int) -> None:
        if done == total:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        indexes.rebuild(fails)
    assert everything() == before
    assert alice.get("/v1/statements?q=record").json["total"] == 1
