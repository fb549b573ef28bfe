"""Speakers: persons, organizations, governments and groups whose words are on record."""

from __future__ import annotations

from api.domain.parties.standing import party
from schemas.speakers import NOUN

SPEAKER = party(NOUN)
