"""What the tests of the description share: the document, as an application without a database serves it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from api.app import create_app
from api.settings import Settings
from api.storage.db import close_database


@pytest.fixture(scope="session")
def description_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """Asks an application that nothing is stored in."""
    database = f"sqlite:///{tmp_path_factory.mktemp('openapi') / 'empty.db'}"
    yield create_app(Settings(database=database)).test_client()
    close_database()


@pytest.fixture(scope="session")
def document(description_client: FlaskClient) -> dict[str, Any]:
    """The OpenAPI document."""
    found: dict[str, Any] = json.loads(description_client.get("/openapi.json").data)
    return found
