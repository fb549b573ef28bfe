"""Outlets: who printed or aired what was said."""

from __future__ import annotations

from api.domain.parties.standing import party
from schemas.outlets import NOUN

OUTLET = party(NOUN)
