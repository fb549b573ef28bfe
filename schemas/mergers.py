"""Which speaker or outlet another is merged into, and taking that back."""

from schemas.base import Schema
from schemas.numbers import Integer
from schemas.parts import Identifier
from schemas.records import MOST_VERSIONS

_VERSION = Integer(
    "The version that is merged or unmerged, where no If-Match tells it.", least=1, most=MOST_VERSIONS, examples=[1]
).variant(required=False, nullable=False)


class SpeakerMergerIn(Schema):
    """The body that merges a speaker into another."""

    into = Identifier("speaker", "The speaker that stands for both from now on.", required=True)
    version = _VERSION


class OutletMergerIn(Schema):
    """The body that merges an outlet into another."""

    into = Identifier("outlet", "The outlet that stands for both from now on.", required=True)
    version = _VERSION


class UnmergerIn(Schema):
    """The body that takes a merger back, which may be left out."""

    version = _VERSION
