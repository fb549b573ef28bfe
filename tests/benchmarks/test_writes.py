"""The limit of writing: the same rows as an import leaves, in transactions of the same size."""

from __future__ import annotations

from pathlib import Path

from api.domain.keeping import indexes
from api.domain.keeping.verification import Seen, verify
from api.settings import Settings
from api.storage.db import close_database, db, open_database, rows
from api.storage.migrating import migrate
from benchmarks import writing
from benchmarks.writes import taken_down, written
from tests.servers import onrecord

LINES, TOGETHER = 300, 100


def everything(path: Path) -> dict[str, list[tuple[object, ...]]]:
    open_database(Settings(database=f"sqlite:///{path}"))
    others = ("statement_search", "schema", "import", "seal", "history")
    tables = [name for name in db.get_tables() if not name.startswith(others)]
    found = {name: sorted(rows(f"SELECT * FROM {name}"), key=repr) for name in tables}
    db.execute_sql("CREATE VIRTUAL TABLE temp.held USING fts5vocab(main, statement_search, instance)")
    return {**found, "words": sorted(rows("SELECT * FROM temp.held"))}


def test_what_is_taken_down_of_an_import_makes_the_same_store(tmp_path: Path) -> None:
    file, one, other = (tmp_path / name for name in ("lines.ndjson", "one.db", "other.db"))
    writing.invent(file, LINES)
    for path in (one, other):
        migrate(f"sqlite:///{path}")
    onrecord(f"sqlite:///{one}", "import", str(file))
    transactions = taken_down(one, TOGETHER)
    assert len(transactions) == LINES // TOGETHER
    assert len(written(other, transactions, 60)) == LINES // TOGETHER
    assert everything(other) == everything(one)
    indexes.mark_current()
    assert list(verify(Seen())) == []
    close_database()
