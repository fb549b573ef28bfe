"""Whether this process can serve: its database answers and has the schema it was built for."""

from api.storage.db import Unavailable, row
from api.storage.migrating import NewerSchema, pending


def check_ready() -> None:
    """Raise Unavailable, saying why and what to do, where requests could not be served."""
    row("SELECT 1")
    try:
        missing = pending()
    except NewerSchema as error:
        raise Unavailable(str(error)) from None
    if missing:
        raise Unavailable(f"The database lacks {', '.join(missing)}; run `onrecord migrate`.")
