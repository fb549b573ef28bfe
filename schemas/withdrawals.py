"""Why a record is withdrawn."""

from schemas.base import Schema
from schemas.fields import Text
from schemas.numbers import Integer
from schemas.records import MOST_VERSIONS


class WithdrawalIn(Schema):
    """The body of a DELETE, all of it optional."""

    reason = Text(1000, "Why the record is withdrawn; shown to everyone who asks for it.", examples=["Recorded twice."])
    version = Integer(
        "The version that is withdrawn, where no If-Match tells it.", least=1, most=MOST_VERSIONS, examples=[1]
    ).variant(required=False, nullable=False)
