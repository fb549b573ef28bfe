"""What the tests of HTTP share: what the database holds, the log, raw requests."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import EnvironBuilder, TestResponse, run_wsgi_app

from api.domain.history import log
from api.storage.db import db, row
from api.web.observing import JSONLine

Lines = Callable[[], list[dict[str, Any]]]


def stored() -> dict[str, int]:
    """Return how many rows each table has and how far the log goes: what no refused request may change."""
    known = sorted(db.get_tables())
    # The rows of a search index of SQLite cannot be counted, but those of the tables that it lies in can.
    tables = [table for table in known if f"{table}_data" not in known]
    found = row("SELECT " + ", ".join(f'(SELECT count(*) FROM "{table}")' for table in tables))
    assert found
    return {**dict(zip(tables, found, strict=True)), "position of the log": log.position()}


def raw(app: Flask, path: str = "/", method: str = "GET", **environ: Any) -> TestResponse:
    """Send what no client library lets through: odd methods and hosts, headers as the server would hand them on."""
    given = {**EnvironBuilder(path="/").get_environ(), "PATH_INFO": path, "REQUEST_METHOD": method, **environ}
    body, status, headers = run_wsgi_app(app, given, buffered=True)
    return TestResponse(body, status, headers, EnvironBuilder().get_request())


@pytest.fixture
def lines() -> Iterator[Lines]:
    """Everything that the service logs, as its log would have it: called, it gives the lines so far, read as JSON."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JSONLine())
    logger = logging.getLogger("onrecord")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    # As when serving; what is logged here is not fit for the reports of a test run either.
    logger.propagate = False
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logger.propagate = True
    logger.removeHandler(handler)
    logger.setLevel(level)
