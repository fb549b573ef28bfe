"""How much tests draw at random: little in the usual run, much in the thorough one, as much as is asked for by hand.

Tests whose module draws so are marked `drawn`, and the thorough run takes them along. ONRECORD_TEST_SCALE multiplies
every number (1 unless said otherwise; `make test-thorough` says 4).
"""

from __future__ import annotations

import os

SCALE = float(os.environ.get("ONRECORD_TEST_SCALE", "1"))


def drawn(usually: int) -> int:
    """Return how many are to be drawn where the usual run draws so many."""
    return max(1, round(usually * SCALE))
