"""Samples: statements chosen by chance, the same for the same seed."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from api.domain.core.keys import Key
from api.domain.evidence.statements import STATEMENT
from api.domain.finding.listing import Page, select, total, written

# The largest below 2^31, so that products of two smaller numbers stay below 2^62.
_PRIME = 2_147_483_647


def sample(query: dict[str, Any], reader: Key) -> Page:
    """Return as many statements as a validated query samples from those that it asks for.

    Rows are ordered by a random linear function of their numbers modulo a prime, which makes any two of
    them as likely to be chosen as any other two (Carter and Wegman, Universal classes of hash functions, 1979).
    """
    selection = select(STATEMENT, {**query, "sort": "-created_at"}, reader)
    digest = hashlib.blake2b(str(query["seed"] or 0).encode(), digest_size=8).digest()
    factor, offset = (int.from_bytes(digest[at : at + 4], "big") % (_PRIME - 1) + 1 for at in (0, 4))
    # The remainder written out, since the sign for it is a placeholder's to one of the drivers.
    mixed = f"(t.n * {factor} + {offset})"
    order = f"({mixed} - {mixed} / {_PRIME} * {_PRIME})"
    chosen = replace(selection, phases=[replace(phase, column=order) for phase in selection.phases])
    found = chosen.rows(query["sample"], None)
    count, exact = total(chosen, query.get("count"))
    return Page(written(STATEMENT, chosen, reader)(found), None, count, exact)
