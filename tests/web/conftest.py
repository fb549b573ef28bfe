"""What the tests of HTTP share: the smallest document of every kind, what the database holds, the log, raw requests."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import EnvironBuilder, TestResponse, run_wsgi_app

from api.domain import log
from api.storage.db import db, row
from api.web.observing import JSONLine
from tests.conftest import statement

Lines = Callable[[], list[dict[str, Any]]]

SMALLEST: dict[str, dict[str, Any]] = {
    "statements": statement(),
    "speakers": {"name": "Joseph L. Votel"},
    "outlets": {"name": "Reuters"},
    "sources": {"url": "https://news.example/article"},
}


def stored() -> dict[str, int]:
    """Return how many rows each table has and how far the log goes: what no refused request may change."""
    tables = sorted(db.get_tables())
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
