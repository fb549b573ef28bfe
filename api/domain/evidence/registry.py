"""All kinds of records, each after those that it names: what treats every record alike goes through these."""

from __future__ import annotations

from api.domain.core.kinds import Kind
from api.domain.evidence.relations import RELATION
from api.domain.evidence.reviews import REVIEW
from api.domain.evidence.sources import SOURCE
from api.domain.evidence.statements import STATEMENT
from api.domain.parties.outlets import OUTLET
from api.domain.parties.speakers import SPEAKER

KINDS: tuple[Kind, ...] = (SPEAKER, OUTLET, SOURCE, STATEMENT, REVIEW, RELATION)
