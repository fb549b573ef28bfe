"""/.well-known/security.txt: where to report a weakness of this installation (RFC 9116)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flask import Blueprint, Response, current_app

from api.domain.core.errors import NotFound
from api.web.endpoint import PlainText, endpoint

routes = Blueprint("security", __name__)

_CONTACT = PlainText(
    "Where to report a weakness (RFC 9116).",
    "Contact: mailto:security@record.example\nExpires: 2027-05-21T00:00:00Z\n",
)

# The standard wants an end within a year. Whoever serves this answers for it each day, so it moves along with the days.
_HOLDS = timedelta(days=180)


@routes.get("/.well-known/security.txt")
@endpoint(needs=None, gives=_CONTACT, raises=(NotFound,))
def contact(key: object) -> Response:
    """Tell where to report a weakness."""
    where = current_app.config["CONTACT"]
    if not where:
        raise NotFound("Nobody is named here; ONRECORD_CONTACT would say who.")
    ends = datetime.now(UTC) + _HOLDS
    lines = [
        f"Contact: {where}",
        f"Expires: {ends:%Y-%m-%d}T00:00:00Z",
        "Preferred-Languages: en",
    ]
    # The file is to say where it itself is, which only the setting knows for sure.
    if (own := current_app.config["PUBLIC_URL"]).startswith("https://"):
        lines.append(f"Canonical: {own}/.well-known/security.txt")
    return Response("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
