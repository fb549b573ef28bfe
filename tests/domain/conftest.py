"""What tests of the domain share where HTTP is not the point: a store opened for the test, and who writes to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from api.domain.core.keys import Key
from api.settings import Settings
from api.storage.db import close_database, open_database
from api.storage.store import Store

READER = Key("key_reader", "bob", frozenset({"read"}))
WRITER = Key("key_writer", "alice", frozenset({"read", "write"}))


@pytest.fixture
def opened(database_url: str) -> Iterator[Store]:
    """A migrated store, open in this process."""
    yield open_database(Settings(database=database_url))
    close_database()
