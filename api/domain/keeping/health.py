"""Whether this process can serve: its database answers and has the schema it was built for."""

from api.storage.db import Unavailable, row
from api.storage.migrating import NewerSchema, pending


def check_ready() -> None:
    """Raise Unavailable, saying why and what to do, where requests could not be served."""
    row("SELECT 1")
    try:
        missing = pending()
    except NewerSchema as error:
        raise _unready(str(error)) from None
    if missing:
        raise _unready(f"The database lacks {', '.join(missing)}; run `onrecord migrate`.")


def _unready(why: str) -> Unavailable:
    # Whoever asks whether the service is ready looks after it, and is told why it is not.
    return Unavailable(why, why)
