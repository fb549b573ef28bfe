"""/livez and /readyz: whether the process lives, and whether it can serve."""

from flask import Blueprint

from api.domain.keeping.health import check_ready
from api.storage.db import Unavailable
from api.web.endpoint import endpoint
from schemas.service import StatusOut

routes = Blueprint("health", __name__)


@routes.get("/livez")
@endpoint(needs=None, keyless=True, gives=StatusOut)
def live(key: object) -> dict[str, str]:
    """Tell that the process answers; nothing else is looked at."""
    return {"status": "ok"}


@routes.get("/readyz")
@endpoint(needs=None, keyless=True, gives=StatusOut, raises=(Unavailable,))
def ready(key: object) -> dict[str, str]:
    """Tell that the database answers and has this version's schema."""
    check_ready()
    return {"status": "ok"}
