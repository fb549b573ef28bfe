"""What can keep a database from being worked with, for both dialects."""


class InUse(Exception):
    """Somebody else works with the database, which has to be left alone for this."""


# Something that was looked at: ok, warning or wrong; about what; what was found; what to do.
Finding = tuple[str, str, str, str | None]

# Why a database cannot serve something now, as a client is told.
AWAY = "The database cannot be reached."
BUSY = "Somebody else is writing and has not finished in time."
CROWDED = "Too many requests wait for the database."
FULL = "The disk on which the database is has no room left."
READ_ONLY = "The database can be read but not written now."
TOO_LONG = "The query took too long and was broken off; ask for less, or with more filters."
