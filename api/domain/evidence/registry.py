"""The one list of all kinds of records, each after those that it names: one more kind is one more entry here."""

from __future__ import annotations

from api.domain.core.kinds import KINDS as KINDS
from api.domain.evidence.relations import RELATION
from api.domain.evidence.reviews import REVIEW
from api.domain.evidence.sources import SOURCE
from api.domain.evidence.statements import STATEMENT
from api.domain.parties.outlets import OUTLET
from api.domain.parties.speakers import SPEAKER

KINDS.all = (SPEAKER, OUTLET, SOURCE, STATEMENT, REVIEW, RELATION)
