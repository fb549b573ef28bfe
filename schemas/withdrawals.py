"""Why a record is withdrawn."""

from schemas.base import Schema
from schemas.fields import Text


class WithdrawalIn(Schema):
    """The body of a DELETE: all of it is optional; `version` beside the reason is the precondition."""

    reason = Text(1000, "Why the record is withdrawn; shown to everyone who asks for it.", blank=False)
