"""Peewee's room: models (columns, keys, indexes; no rules), the connection, both dialects, migrations.

`db` connects and picks the dialect; `sqlite` and `postgres` hold whatever differs between
the two databases, under the same names; `models` maps the tables; `migrations/` makes them.
"""
