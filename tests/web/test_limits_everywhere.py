"""Whatever a client may send is answered the same by both databases, at its limit and over it, in any script."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from contextlib import ExitStack
from pathlib import Path

import pytest

from api.app import create_app
from api.domain.core import keys
from api.settings import Settings
from api.storage.db import close_database
from tests.conftest import Client
from tests.databases import PostgresDatabases, SqliteDatabases
from tests.web.sweeping import Sweep

# The name of a file that is to have the table of what was asked for.
REPORT = os.environ.get("ONRECORD_TEST_REPORT")


def swept(databases: SqliteDatabases | PostgresDatabases) -> Sweep:
    """Ask a new database for everything."""
    with databases.fresh() as url, ExitStack() as after:
        app = create_app(Settings(database=url, query_timeout=60))
        after.callback(close_database)
        sweep = Sweep(app, Client(app, keys.make("alice", ["read", "write", "admin"])["key"]))
        sweep.run()
        return sweep


def table(sweep: Sweep) -> str:
    """Return what was asked for, by operation: how many places, how many cases, and how they were answered."""
    places: defaultdict[str, set[str]] = defaultdict(set)
    statuses: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for (name, place, _, _), status in sweep.found.items():
        places[name].add(place)
        statuses[name][status] += 1
    lines = []
    for name in sorted(places):
        answered = ", ".join(f"{count} of {status}" for status, count in sorted(statuses[name].items()))
        lines.append(f"{name:48} {len(places[name]):4} places {sum(statuses[name].values()):5} cases: {answered}")
    return "\n".join([*lines, f"{sum(map(len, places.values()))} places, {len(sweep.found)} cases"])


@pytest.mark.thorough
@pytest.mark.long
def test_both_databases_answer_every_field_and_parameter_alike(
    sqlite_databases: SqliteDatabases, postgresql_databases: PostgresDatabases
) -> None:
    sqlite, postgresql = swept(sqlite_databases), swept(postgresql_databases)
    if REPORT:
        Path(REPORT).write_text(table(sqlite))
    assert sqlite.wrong == []
    assert postgresql.wrong == []
    unlike = {case for case in sqlite.found if sqlite.found[case] != postgresql.found.get(case)}
    assert {case: (sqlite.found[case], postgresql.found.get(case)) for case in unlike} == {}
    assert len(sqlite.found) == len(postgresql.found) > 2000
