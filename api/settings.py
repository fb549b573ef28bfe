"""The environment, read once into one frozen Settings."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

PREFIX = "ONRECORD_"


class BadSetting(ValueError):
    """A setting that cannot be used; the message names it and says what it takes."""


def _switch(text: str) -> bool:
    words = {
        "1": True,
        "true": True,
        "yes": True,
        "on": True,
        "0": False,
        "false": False,
        "no": False,
        "off": False,
    }
    if text.lower() not in words:
        raise ValueError("takes 1 or 0")
    return words[text.lower()]


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value <= 600:
        raise ValueError("takes a number of seconds between 0 and 600")
    return value


def _long(text: str) -> float:
    value = float(text)
    if not 0 < value <= 86_400:
        raise ValueError("takes a number of seconds between 0 and 86400")
    return value


def _speed(text: str) -> int:
    if not re.fullmatch("[0-9]{1,9}", text) or not int(text):
        raise ValueError("takes a number of bytes, 1 to 999999999")
    return int(text)


def _address(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise ValueError("takes an address that begins with http:// or https://")
    return text.rstrip("/")


# An address of a database server of which everybody makes the same parts. libpq and Python part one with a bare
# @, /, ? or # in its password differently, and what is taken for the host is printed when it cannot be reached.
_PLAIN = r"(?:[^\s\x00-\x1f\x7f@/?#%:,\[\]\\]|%[0-9A-Fa-f]{2})"
_HOST = rf"(?:\[[0-9A-Fa-f:.%]+\]|{_PLAIN}+)?(?::[0-9]{{1,5}})?"
_SERVER = re.compile(
    rf"postgresql://(?:(?P<user>{_PLAIN}*)(?::(?:{_PLAIN}|[:,])*)?@)?(?P<hosts>{_HOST}(?:,{_HOST})*)"
    rf"(?P<name>/{_PLAIN}*)?(?:\?(?P<options>[a-z_]+=(?:{_PLAIN}|[:,/])*(?:&[a-z_]+=(?:{_PLAIN}|[:,/])*)*)?)?"
)


def _database(text: str) -> str:
    if text.startswith("postgres://"):
        text = text.replace("postgres://", "postgresql://", 1)
    # Nothing of it is repeated, since any part of it may be of the password.
    if text.startswith("postgresql://") and not _SERVER.fullmatch(text):
        raise ValueError(
            "is no address like postgresql://user:password@host:5432/name; in user and password, "
            "@ is written %40, / %2F, : %3A, ? %3F, # %23 and % itself %25"
        )
    if re.match("sqlite:///[^/]*:[^/]*@", text) or not text.startswith(("sqlite:///", "postgresql://")):
        scheme = re.match("[a-z]{1,20}(?=://)", text)
        of = f", not {scheme[0]}://…" if scheme else ""
        raise ValueError(f"takes sqlite:///path/to/file.db or postgresql://user@host/name{of}")
    return text


def printable(name: str, text: str) -> str:
    """Return what may be printed of a setting's text: of a database's address nothing, nor of what may hold secrets."""
    hidden = name == f"{PREFIX}DATABASE" or any(sign in text.lower() for sign in ("@", "pass", "postgres", "key"))
    return "what is not shown here, as it may hold a password" if hidden else repr(text)


_PERIODS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
_MOST_A_PERIOD = 10**9


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests in so many seconds."""

    count: int
    seconds: int

    @property
    def period(self) -> str:
        """The word for its length, such as `minute`."""
        return next(name for name, seconds in _PERIODS.items() if seconds == self.seconds)

    def __str__(self) -> str:
        """Return it as the setting takes it."""
        return f"{self.count}/{self.period}"


def _rate(text: str) -> Rate | None:
    if text.lower() in ("0", "none", "off"):
        return None
    found = re.fullmatch(r"([0-9]{1,10}) ?/ ?(second|minute|hour|day)", text.lower())
    if found is None or not 0 < int(found[1]) <= _MOST_A_PERIOD:
        raise ValueError("takes a number of requests for each second, minute, hour or day, like 600/minute, or none")
    return Rate(int(found[1]), _PERIODS[found[2]])


def _origins(text: str) -> tuple[str, ...]:
    origins = tuple(each.strip() for each in text.split(",") if each.strip())
    for each in origins:
        if each != "*" and not re.fullmatch(
            r"https?://[a-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-f:.]+\](:[0-9]{1,5})?", each
        ):
            raise ValueError(
                "takes origins as browsers send them, in small letters and without a path, "
                "like https://newsroom.example, separated by commas; or *"
            )
    return origins


def _proxies(text: str) -> int:
    if not re.fullmatch("[0-9]", text):
        raise ValueError("takes how many proxies there are in front of the service, 0 to 9")
    return int(text)


def _contact(text: str) -> str:
    if not re.fullmatch(r"(mailto:|https://|tel:)[!-~]+", text):
        raise ValueError("takes an address like mailto:security@record.example or https://record.example/security")
    return text


def _setting(default: object, about: str, read: Callable[[str], object] = str) -> Any:
    # Nothing that prints settings shall print the password in the database's address.
    return field(default=default, repr=read is not _database, metadata={"about": about, "read": read})


@dataclass(frozen=True)
class Settings:
    """Everything a server can be told; each field is ONRECORD_ and its name in capitals."""

    data: Path = _setting(Path("data"), "Folder of the embedded database and other files.", Path)
    database: str = _setting(
        "",
        "Where records live: sqlite:///file (default: onrecord.db in the data folder) or postgresql://…",
        _database,
    )
    public_read: bool = _setting(True, "0 asks for a key even to read published records.", _switch)
    url: str = _setting("", "Public address of the service; without it each request's own host is used.", _address)
    busy_timeout: float = _setting(5.0, "Seconds a write waits for another to finish before it answers 503.", _seconds)
    query_timeout: float = _setting(4.0, "Seconds a query may take before it is broken off and answers 503.", _seconds)
    request_timeout: float = _setting(
        6.0, "Seconds the work for an answer may take, queries included, before it is given up with 503.", _seconds
    )
    stream_speed: int = _setting(
        16_384, "Bytes a second that a client takes at least of an answer; who is slower is cut off.", _speed
    )
    stream_timeout: float = _setting(600.0, "Seconds a stream lasts at most; one that takes longer is cut off.", _long)

    rate_limit: Rate | None = _setting(
        Rate(600_000, 60), "How often each key may ask, like 600/minute; none sets no limit.", _rate
    )
    rate_limit_anonymous: Rate | None = _setting(
        Rate(600_000, 60),
        "How often each address may ask without a good key, like 600/minute; none sets no limit.",
        _rate,
    )
    proxies: int = _setting(0, "How many proxies in front of the service are trusted to name the client.", _proxies)
    cors_origins: tuple[str, ...] = _setting((), "Origins whose pages may write; any page may read.", _origins)
    contact: str = _setting("", "Where to report a weakness: a mailto:, https: or tel: address.", _contact)

    @property
    def shown(self) -> str:
        """The address of the database as it may be printed: without its password and options."""
        if not self.database.startswith("postgresql://"):
            return self.database
        found = _SERVER.fullmatch(self.database)
        if found is None:
            return "postgresql://…"
        user = f"{found['user']}@" if found["user"] else ""
        return f"postgresql://{user}{found['hosts']}{found['name'] or ''}"

    @property
    def servers(self) -> int:
        """How many database servers the address names."""
        found = _SERVER.fullmatch(self.database)
        return found["hosts"].count(",") + 1 if found else 0

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ, **given: object) -> Settings:
        """Read settings from environ, overridden by what is given; raises BadSetting naming the variable."""
        values: dict[str, Any] = {}
        for each in fields(cls):
            name = PREFIX + each.name.upper()
            text = environ.get(name, "").strip()
            if text:
                try:
                    values[each.name] = each.metadata["read"](text)
                except ValueError as error:
                    raise BadSetting(f"{name} {error}; it is set to {printable(name, text)}.") from None
        values.update({name: value for name, value in given.items() if value is not None})
        settings = cls(**values)
        if not settings.database:
            file = settings.data.absolute() / "onrecord.db"
            object.__setattr__(settings, "database", f"sqlite:///{file}")
        return settings
