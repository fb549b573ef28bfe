"""Corrections as they are sent: what was wrong with a statement, and what changes for it."""

from collections.abc import Mapping
from typing import Any

from schemas import vocabulary as words
from schemas.base import Document, Schema
from schemas.fields import Choice, Day, Text
from schemas.numbers import Integer
from schemas.parts import Part
from schemas.records import MOST_VERSIONS
from schemas.statements import StatementChanges


class Changes(Part):
    """A merge patch, kept as it was sent: what it means shows only in the record that it makes."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, partial: Any = None, **kwargs: Any
    ) -> Document:
        self.expect(Mapping, value, "an object")
        # What is wrong by itself is said together with the rest of the correction.
        super()._deserialize(value, attr, data, partial, **kwargs)
        return dict(value)


class CorrectionIn(Schema):
    """A correction to be made."""

    kind = Choice(
        words.CORRECTIONS, "What kind of correction it is; a retraction takes the statement back.", required=True
    )
    note = Text(10_000, "What was wrong, and what is right.", required=True, examples=["It was in June, not in May."])
    on = Day("The day it was made; today, unless sent.", examples=["2022-03-24"])
    patch = Changes(StatementChanges, StatementChanges, "What changes in the statement: a JSON Merge Patch.")
    version = Integer(
        "The version that is corrected, where no If-Match tells it; any, unless sent.",
        least=1,
        most=MOST_VERSIONS,
        examples=[1],
    ).variant(required=False, nullable=False)
