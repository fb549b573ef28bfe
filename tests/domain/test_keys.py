"""Keys that are rotated: the old one ends after the overlap, and never later than it would have ended."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from api.domain.core import keys
from api.domain.core.keys import later
from tests.conftest import Client

OVERLAP = timedelta(days=1)


def end_of(id: str) -> str | None:
    return next(each["expires_at"] for each in keys.listed() if each["id"] == id)


def rotated(expires: str | None) -> tuple[str | None, str, str]:
    """Return when a key with an end has its end after it was rotated, and the least and most that the overlap gives."""
    made = keys.make("desk", ["write"], expires=expires)
    least = later(OVERLAP)
    keys.rotate(made["id"], overlap=OVERLAP)
    return end_of(made["id"]), least, later(OVERLAP)


@pytest.mark.parametrize("days", [None, 2, 90], ids=["no end", "an end in two days", "an end in ninety days"])
def test_a_rotated_key_that_would_live_longer_ends_after_the_overlap(app: Flask, days: int | None) -> None:
    ends, least, most = rotated(None if days is None else later(timedelta(days=days)))
    assert ends is not None
    assert least <= ends <= most


@pytest.mark.parametrize("hours", [-1, 1, 23], ids=["ended", "an hour left", "nearly a day left"])
def test_a_rotated_key_never_ends_later_than_it_would_have(app: Flask, hours: int) -> None:
    expires = later(timedelta(hours=hours))
    ends, _, _ = rotated(expires)
    assert ends == expires


def test_rotating_a_key_that_has_ended_does_not_wake_it(app: Flask) -> None:
    made = keys.make("desk", ["write"], expires=later(timedelta(hours=-1)))
    new = keys.rotate(made["id"], overlap=OVERLAP)
    assert Client(app, made["key"]).get("/v1/me").status_code == 401
    assert Client(app, new["key"]).get("/v1/me").json["name"] == "desk"
