"""What can keep a database from being worked with, for both dialects."""


class InUse(Exception):
    """Somebody else works with the database, which has to be left alone for this."""
