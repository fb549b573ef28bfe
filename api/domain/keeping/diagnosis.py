"""Health checks of an installation: what is wrong, and what to do about it: settings, database, schema, indexes, keys,
disk.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from api.domain.core import keys
from api.domain.core.ids import now
from api.domain.keeping import indexes
from api.settings import PREFIX, BadSetting, Settings, printable
from api.storage import db as storage
from api.storage.db import QueryFailed, Unavailable, close_database, db, open_database, row
from api.storage.migrating import NewerSchema, pending
from schemas.faults import near

# Read by commands, tests and benchmarks, and no settings of a server.
_OTHERS = ("ONRECORD_KEY", "ONRECORD_TEST_", "ONRECORD_BENCH_")
_FIRST_KEY = "first key"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: `ok`, a `warning`, or `wrong`; what was found, and what to do."""

    level: str
    about: str
    detail: str
    todo: str | None = None

    def facts(self) -> dict[str, Any]:
        """Return the finding as what becomes JSON."""
        return asdict(self)


def findings(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Yield everything that is looked at; whatever fails becomes a finding too."""
    wrong = list(_of_settings(environ))
    yield from wrong or [Finding("ok", "settings", "All settings can be used.")]
    try:
        settings = Settings.from_environment(environ)
    except BadSetting:
        return
    try:
        yield from _of_database(settings)
    except BadSetting as error:
        yield Finding("wrong", "settings", str(error), "See docs/settings.md.")
    except (Unavailable, QueryFailed, OSError) as error:
        yield Finding("wrong", "database", f"The database cannot be used: {error}", storage.dialect.REMEDY)
    finally:
        close_database()


def _of_settings(environ: Mapping[str, str]) -> Iterator[Finding]:
    known = {PREFIX + each.name.upper(): each.metadata["read"] for each in fields(Settings)}
    for name, text in sorted(environ.items()):
        if name in known and text.strip():
            try:
                known[name](text.strip())
            except ValueError as error:
                detail = f"{name} {error}; it is set to {printable(name, text.strip())}."
                yield Finding("wrong", "settings", detail, "See docs/settings.md.")
        elif name.startswith(PREFIX) and name not in known and not name.startswith(_OTHERS):
            guess = near(name.removeprefix(PREFIX), [each.name for each in fields(Settings)])
            todo = (
                f"Did you mean {PREFIX}{guess.upper()}?"
                if guess
                else "Remove it; docs/settings.md lists those there are."
            )
            yield Finding("wrong", "settings", f"There is no setting {name}.", todo)


def _of_database(settings: Settings) -> Iterator[Finding]:
    open_database(settings)
    for level, about, detail, todo in storage.dialect.before_connecting(db):
        yield Finding(level, about, detail, todo)
        if (level, about) == ("wrong", "database"):
            return
    row("SELECT 1")
    found = [Finding(*each) for each in storage.condition()]
    yield from found
    # Of a damaged file nothing else can be believed.
    if not any((each.level, each.about) == ("wrong", "file") for each in found):
        yield from _of_schema()


def _of_schema() -> Iterator[Finding]:
    try:
        missing = pending()
    except NewerSchema as error:
        yield Finding("wrong", "schema", str(error), "Install the newer version.")
        return
    if missing:
        yield Finding("wrong", "schema", f"The database lacks {', '.join(missing)}.", "onrecord migrate")
        return
    yield Finding("ok", "schema", "The schema is this program's.")
    if indexes.outdated():
        yield Finding("wrong", "indexes", "The indexes are those of an older program.", "onrecord migrate")
    elif indexes.unfinished():
        detail = "The indexes are being made anew, or that was broken off."
        yield Finding("warning", "indexes", detail, "Unless it runs at this moment: onrecord reindex")
    else:
        yield Finding("ok", "indexes", "The indexes are this program's.")
    yield from _of_keys()


def _of_keys() -> Iterator[Finding]:
    time = now()
    good = [
        key
        for key in keys.listed()
        if (key["revoked_at"] is None or key["revoked_at"] > time)
        and (key["expires_at"] is None or key["expires_at"] > time)
    ]
    first = next((key for key in good if key["name"] == _FIRST_KEY), None)
    if not any("admin" in key["scopes"] for key in good):
        todo = "onrecord keys create --name NAME --scope read,write,admin"
        yield Finding("warning", "keys", "There is no key that may administer.", todo)
    elif first:
        detail = (
            "The key that the first start printed is in use; it may do everything and stood on a screen or in a log."
        )
        yield Finding("warning", "keys", detail, f"onrecord keys rotate {first['id']}")
    else:
        yield Finding("ok", "keys", f"{len(good)} keys can be used.")
