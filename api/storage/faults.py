"""What can keep a database from being worked with, for both dialects."""


class InUse(Exception):
    """Somebody else works with the database, which has to be left alone for this."""


# Something that was looked at: ok, warning or wrong; about what; what was found; what to do.
Finding = tuple[str, str, str, str | None]
