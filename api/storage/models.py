"""The tables as peewee models: columns, keys and relations, no rules. `migrations/` makes them."""

from __future__ import annotations

from peewee import (
    BigAutoField,
    BigIntegerField,
    CompositeKey,
    DoubleField,
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


class Numbered(Record):
    """A record of which `n` stands in a column of its own once more, so that a changed one is noticed."""

    n_again = BigIntegerField()


class Speaker(Numbered):
    """`reference` is the JSON that stands for it in every statement sent, `cited` how many published ones do.

    `merged_into` is who stands for it now, and is itself merged into nobody; of that one it has the reference.
    `shown` is 1 where it may be known of without a key.
    """

    reference = TextField()
    cited = IntegerField()
    merged_into = ForeignKeyField("self", column_name="merged_into", object_id_name="merged_into_n", null=True)
    shown = IntegerField()


class Outlet(Numbered):
    """The same for an outlet; it is cited by the statements that it printed first."""

    reference = TextField()
    cited = IntegerField()
    merged_into = ForeignKeyField("self", column_name="merged_into", object_id_name="merged_into_n", null=True)
    shown = IntegerField()


class Source(Numbered):
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
    form = TextField()
    lang = TextField()
    terms = TextField()
    medium = TextField(null=True)
    published_lower = IntegerField()
    published_upper = IntegerField()
    place = BigIntegerField()


class StatementUrl(Table):
    """A canonical address where a statement appeared, and its host in the order of domains: `org.example.news.`."""

    statement = ForeignKeyField(Statement, column_name="statement", object_id_name="statement_n")
    url = TextField()
    host = TextField()

    class Meta:
        """Peewee's settings."""

        primary_key = False


class Mention(Table):
    """A speaker, outlet or source that a statement names besides its own speaker and outlet."""

    statement = ForeignKeyField(Statement, column_name="statement", object_id_name="statement_n")
    record = TextField()

    class Meta:
        """Peewee's settings."""

        primary_key = CompositeKey("statement", "record")


class Review(Numbered):
    """A fact-checker's finding; `statement` is the id of what was reviewed."""

    statement = TextField()


class Relation(Numbered):
    """How one statement bears on another, both by their ids."""

    subject = TextField()
    object = TextField()


class Topic(Table):
    """A topic of a statement, as it is compared and as it was written."""

    statement = ForeignKeyField(Statement, column_name="statement", object_id_name="statement_n")
    folded = TextField()
    label = TextField()

    class Meta:
        """Peewee's settings."""

        primary_key = CompositeKey("statement", "folded")


class Figure(Table):
    """A quantity that a statement asserts; its id is the statement's and its place.

    `lower` and `upper` are its least and most, null where it is open on that side.
    """

    n = BigAutoField()
    id = TextField()
    statement = ForeignKeyField(Statement, column_name="statement", object_id_name="statement_n")
    lower = DoubleField(null=True)
    upper = DoubleField(null=True)
    said_lower = IntegerField()
    document = TextField()


class FigureWord(Table):
    """A stem of a word in a figure's name."""

    word = TextField()
    figure = ForeignKeyField(Figure, column_name="figure", object_id_name="figure_n")

    class Meta:
        """Peewee's settings."""

        primary_key = CompositeKey("word", "figure")


class NameWord(Table):
    """A word of a name or alias, folded, and its stem; `n` is the row of the speaker or outlet, `hidden` as in Name."""

    type = TextField()
    word = TextField()
    stem = TextField()
    n = BigIntegerField()
    hidden = IntegerField()

    class Meta:
        """Peewee's settings."""

        primary_key = CompositeKey("type", "word", "n")


class IndexState(Table):
    """Which version of the indexes the tables hold; and how far it is, where they are made anew for `target`."""

    version = IntegerField()
    step = TextField()
    n = BigIntegerField()
    target = IntegerField()

    class Meta:
        """Peewee's settings."""

        primary_key = False


class Visibility(Table):
    """When a record last became known or unknown to who has no key: with which version, and which entry of the log.

    The change feed tells of it from the entry `known_from` on.
    """

    record = TextField(primary_key=True)
    type = TextField()
    version = IntegerField()
    seq = BigIntegerField()
    known_from = BigIntegerField()
    proof = TextField(null=True)


class Unnoted(Table):
    """Up to which entry the log does not say of speakers and outlets whether they were made for another record."""

    seq = BigIntegerField(primary_key=True)
    proof = TextField(null=True)


class History(Table):
    """Which history the log tells: made with the database, and anew by a restore."""

    epoch = TextField()
    proof = TextField(null=True)

    class Meta:
        """Peewee's settings."""

        primary_key = False


class ImportState(Table):
    """How far the import of a file has come; `file` is a hash of what it holds, `rejected` the bytes of its rejects."""

    file = TextField(primary_key=True)
    line = BigIntegerField()
    created = BigIntegerField()
    updated = BigIntegerField()
    unchanged = BigIntegerField()
    failed = BigIntegerField()
    rejected = BigIntegerField()
    at = TextField()
    finished = IntegerField()
    proof = TextField(null=True)


class Name(Table):
    """A folded name or alias, by which a speaker or outlet is found.

    `hidden` is 1 where it is only that of somebody merged who may not be known of without a key.
    """

    type = TextField()
    folded = TextField()
    record = TextField()
    hidden = IntegerField()

    class Meta:
        """Peewee's settings."""

        primary_key = False


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
    proof = TextField(null=True)
    use_proof = TextField(null=True)


class RememberedAnswer(Table):
    """The answer to a write whose sender gave it a name; with a nonce, `body` is unreadable but for the sender."""

    n = BigAutoField()
    access_key = TextField()
    method = TextField()
    path = TextField()
    name = TextField()
    request = TextField()
    status = IntegerField()
    headers = TextField()
    body = TextField()
    nonce = TextField(null=True)
    at = TextField()
    proof = TextField(null=True)


class Seal(Table):
    """How many rows a table has that nothing else proves, and the sum of their proofs."""

    name = TextField(primary_key=True)
    held = BigIntegerField()
    total = BigIntegerField()


def columns(table: str) -> list[str]:
    """Return the columns of a table."""
    return [field.column_name for field in _model(table)._meta.sorted_fields]


def key(table: str) -> list[str]:
    """Return the columns that tell a table's rows apart: its key, or all of them where it has none."""
    keys = _model(table)._meta.get_primary_keys()
    return [field.column_name for field in keys] or columns(table)


def _model(table: str) -> type[Table]:
    return next(
        each
        for each in (*Table.__subclasses__(), *Record.__subclasses__(), *Numbered.__subclasses__())
        if each._meta.table_name == table
    )


def tables() -> list[str]:
    """Return the names of all tables that have a model, those first that others refer to."""
    waiting, found = [Table], set[str]()
    while waiting:
        below = waiting.pop().__subclasses__()
        found.update(each._meta.table_name for each in below)
        waiting += below
    found -= {Record._meta.table_name, Numbered._meta.table_name}
    first = [each._meta.table_name for each in (Entry, Revision, Outlet, Speaker, Source, Statement)]
    return [*first, *sorted(found - set(first))]
