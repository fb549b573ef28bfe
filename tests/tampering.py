"""Data of every kind, and changing them by hand, behind the backs of the service and of the database's own guards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from api.domain.core import keys
from api.domain.importing import progress
from api.domain.keeping import erasures
from api.storage import db as storage
from api.storage import seals
from api.storage.db import db, execute, rows, writing
from api.storage.tables import TABLES
from tests.conftest import Client, statement

Records = dict[str, str]
RICH = {
    "text": "General Votel wrote on Wednesday.",
    "topics": ["War", "Défense"],
    "figures": [{"name": "soldiers killed", "min_value": 7000, "max_value": 15000}],
    "appearances": [
        {"outlet": "The New York Times", "url": "https://nyt.example/a"},
        {"outlet": "A blog", "url": "https://blog.example/b", "via": [{"name": "x", "outlet": "Reuters"}]},
    ],
}


def on_sqlite() -> bool:
    """Tell whether the open database is SQLite's."""
    return bool(storage.dialect.PLACEHOLDER == "?")


def recorded(alice: Client) -> Records:
    """Record something of every kind, some of it revised, one withdrawn, and return the ids."""
    made = {
        "first": alice.record(statement())["id"],
        "rich": alice.record({k: v for k, v in statement(**RICH).items() if k != "outlet"})["id"],
        "withheld": alice.record(statement(text="Not yet.", status="withheld"))["id"],
        "withdrawn": alice.record(statement(text="Twice."))["id"],
    }
    review = {"statement": made["first"], "author": {"name": "Facts"}, "rating": {"alternate_name": "True"}}
    made["review"] = alice.record(review, "reviews")["id"]
    relation = {"subject": made["first"], "type": "refutes", "object": made["rich"]}
    made["relation"] = alice.record(relation, "relations")["id"]
    made["source"] = alice.record({"url": "https://news.example/article", "text": "Whole."}, "sources")["id"]
    made["speaker"] = alice.get(f"/v1/statements/{made['first']}").json["speaker"]["id"]
    for place in ("Kyiv", "Brussels"):
        assert alice.patch(f"/v1/statements/{made['rich']}", {"place": place}, headers={"If-Match": "*"})
    alice.patch(f"/v1/speakers/{made['speaker']}", {"aliases": ["Tony Blinken"]}, headers={"If-Match": "*"})
    alice.delete(f"/v1/statements/{made['withdrawn']}", {"reason": "Twice."}, headers={"If-Match": "*"})
    return made


def furnished(alice: Client) -> Records:
    """Record the same, and whatever else the database may hold: mergers, erasures, keys, answers, imports."""
    made = recorded(alice)
    for n in range(3):
        given = statement(text=f"Answer number {n}.", speaker=f"Speaker {n}", url=f"https://a.example/{n}")
        answer = alice.post("/v1/statements", given, headers={"Idempotency-Key": f"key {n}"})
        made[f"answer {n}"] = answer.json["id"]
    into = {"into": made["speaker"]}
    other = alice.get(f"/v1/statements/{made['answer 0']}").json["speaker"]["id"]
    assert alice.post(f"/v1/speakers/{other}/merge", into, headers={"If-Match": "*"}).status_code == 200
    erased = alice.record(statement(text="A secret."))["id"]
    erasures.erase(erased, "A court order.", by="operator")
    keys.revoke(keys.make("former", ["read"])["id"])
    keys.rotate(keys.make("desk", ["write"])["id"], overlap=timedelta(days=1))
    with writing():
        seals.add("unnoted", {"seq": 1})
        progress.note("a" * 64, progress.Progress(line=7, created=5, failed=2, rejected=80))
        progress.note("b" * 64, progress.Progress(line=3, created=3), finished=True)
    return made


def by_hand(sql: str, parameters: Sequence[object] = ()) -> None:
    """Run a statement as somebody would who has the file, or is the server's superuser."""
    with unguarded():
        execute(sql, parameters)


@contextmanager
def unguarded() -> Iterator[None]:
    """Take the guards of the log and of references away, and put them back as they were."""
    if not on_sqlite():
        execute("SET session_replication_role = replica")
        try:
            yield
        finally:
            execute("SET session_replication_role = DEFAULT")
        return
    guards = rows("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    execute("PRAGMA foreign_keys = 0")
    for name, _ in guards:
        execute(f"DROP TRIGGER {name}")
    try:
        yield
    finally:
        for _, sql in guards:
            db.execute_sql(sql)
        execute("PRAGMA foreign_keys = 1")


def tables() -> list[str]:
    """Return the names of all tables that hold rows of ours, but for the search index of SQLite."""
    return [*TABLES, "schema_migration", *([] if on_sqlite() else ["statement_search"])]


def columns(table: str) -> list[str]:
    """Return the columns of a table."""
    return [column.name for column in db.get_columns(table)]


def another(value: Any) -> Any:
    """Return another value of the same kind."""
    if value is None:
        return "x"
    if isinstance(value, str):
        return value[:-1] + ("b" if value.endswith("a") else "a")
    return value + 1000 if isinstance(value, (int, float)) else value.replace(year=2001)
