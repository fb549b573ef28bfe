"""The tables as peewee models: columns, keys and relations, no rules. `migrations/` makes them."""

from __future__ import annotations

from peewee import (
    BigAutoField,
    BigIntegerField,
    CompositeKey,
    ForeignKeyField,
    IntegerField,
    Model,
    TextField,
)

from api.storage.db import db


class Table(Model):
    """What all tables share: the one database, and a table named in the singular."""

    class Meta:
        """Peewee's settings."""

        database = db
        legacy_table_names = False


class Entry(Table):
    """One line of the log: what happened to which record, chained to the line before by its hash."""

    seq = BigIntegerField(primary_key=True)
    at = TextField()
    op = TextField()
    type = TextField()
    record = TextField()
    version = IntegerField()
    by = TextField()
    note = TextField(null=True)
    sha256 = TextField()
    hash = TextField()


class Revision(Table):
    """A superseded document, kept as it was."""

    record = TextField()
    version = IntegerField()
    document = TextField()
    salt = TextField()

    class Meta:
        """Peewee's settings."""

        primary_key = CompositeKey("record", "version")


class Record(Table):
    """What every record type has: its current document, and `n`, which other tables point to."""

    n = BigAutoField()
    id = TextField(unique=True)
    version = IntegerField()
    document = TextField()
    salt = TextField()
    created_at = TextField()


class Speaker(Record):
    """`reference` is the JSON that stands for the speaker in every statement sent."""

    reference = TextField()


class Outlet(Record):
    """`reference` is the JSON that stands for the outlet in every statement sent."""

    reference = TextField()


class Source(Record):
    """An article or other document."""

    url = TextField()
    outlet = ForeignKeyField(Outlet, column_name="outlet", object_id_name="outlet_n", null=True)


class Statement(Record):
    """A quote or claim; the days of `said_on` are whole numbers like 20220323, 0 where it has none."""

    kind = TextField()
    status = TextField()
    speaker = ForeignKeyField(Speaker, column_name="speaker", object_id_name="speaker_n", null=True)
    outlet = ForeignKeyField(Outlet, column_name="outlet", object_id_name="outlet_n")
    said_lower = IntegerField()
    said_upper = IntegerField()
    external_id = TextField(null=True, unique=True)
    fingerprint = BigIntegerField()
    mentions = IntegerField()


class StatementUrl(Table):
    """A canonical address where a statement appeared."""

    statement = ForeignKeyField(Statement, column_name="statement", object_id_name="statement_n")
    url = TextField()

    class Meta:
        """Peewee's settings."""

        primary_key = CompositeKey("statement", "url")


class Mention(Table):
    """A speaker, outlet or source that a statement names besides its own speaker and outlet."""

    statement = ForeignKeyField(Statement, column_name="statement", object_id_name="statement_n")
    record = TextField()

    class Meta:
        """Peewee's settings."""

        primary_key = CompositeKey("statement", "record")


class Name(Table):
    """A folded name or alias, by which a speaker or outlet is found."""

    type = TextField()
    folded = TextField()
    record = TextField()

    class Meta:
        """Peewee's settings."""

        primary_key = CompositeKey("type", "folded", "record")


class AccessKey(Table):
    """A key's hash and what it may do; the key itself is not kept."""

    id = TextField(primary_key=True)
    name = TextField()
    sha256 = TextField(unique=True)
    scopes = TextField()
    created_at = TextField()
    expires_at = TextField(null=True)
    revoked_at = TextField(null=True)
    last_used_at = TextField(null=True)
