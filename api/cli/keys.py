"""onrecord keys: create, list, rotate, revoke."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import click
import orjson

from api.cli.database import opened
from api.domain.core import keys as access
from api.domain.core.errors import NotFound
from schemas.fields import Name
from schemas.vocabulary import SCOPES

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class _Span(click.ParamType[timedelta]):
    name = "span"

    def __init__(self, *, none: bool = False) -> None:
        # Whether it may be no time at all.
        self.none = none

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        found = re.fullmatch(r"([0-9]{1,5})([mhd])", value)
        if found is None:
            self.fail(f"{value!r} is not a span of time such as 90d, 12h or 30m.", param, context)
        span = timedelta(**{_UNITS[found[2]]: int(found[1])})
        if not span and not self.none:
            self.fail(f"{value!r} is over as soon as it begins; leave it out for what never ends.", param, context)
        return span


class _Scopes(click.ParamType[list[str]]):
    name = "scopes"

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> list[str]:
        words = [word.strip() for word in value.split(",")] if isinstance(value, str) else value
        for word in words:
            if word not in SCOPES:
                self.fail(f"{word!r} is not a scope; there are {', '.join(SCOPES)}.", param, context)
        return list(words)


class _KeyName(click.ParamType[str]):
    name = "name"

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> str:
        from marshmallow import ValidationError

        try:
            return str(Name(500).deserialize(value))
        except ValidationError as error:
            self.fail(str(error.messages[0]), param, context)


_as_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


@click.group()
def keys() -> None:
    """Make, list, rotate and revoke access keys."""


@keys.command()
@click.option("--name", type=_KeyName(), required=True, help="Whose key it is; records show it as recorded_by.")
@click.option("--scope", type=_Scopes(), required=True, help="read, write or admin, with commas between them.")
@click.option("--expires", type=_Span(), help="End the key after this time, such as 90d.")
@_as_json
def create(name: str, scope: list[str], expires: timedelta | None, as_json: bool) -> None:
    """Make a key. It is printed this once and not kept."""
    opened()
    _show(access.make(name, scope, expires=None if expires is None else access.later(expires)), as_json)


@keys.command("list")
@_as_json
def list_(as_json: bool) -> None:
    """List the keys, without their secrets."""
    opened()
    found = access.listed()
    if as_json:
        click.echo(orjson.dumps(found).decode())
        return
    for each in found:
        state = f"revoked {each['revoked_at']}" if each["revoked_at"] else f"expires {each['expires_at'] or 'never'}"
        used = each["last_used_at"] or "never"
        click.echo(f"{each['id']}  {','.join(each['scopes']):16}  {state}  last used {used}  {each['name']}")
    if not found:
        click.echo("There is no key yet; make one with `onrecord keys create`.", err=True)


@keys.command()
@click.argument("id")
@click.option(
    "--overlap", type=_Span(none=True), default="1d", show_default=True, help="How long the old key still works."
)
@_as_json
def rotate(id: str, overlap: timedelta, as_json: bool) -> None:
    """Make a new key with the old one's name and scopes; the old one ends after the overlap."""
    opened()
    with _known():
        _show(access.rotate(id, overlap=overlap), as_json)


@keys.command()
@click.argument("id")
@_as_json
def revoke(id: str, as_json: bool) -> None:
    """End a key now, in every worker."""
    opened()
    with _known():
        access.revoke(id)
    click.echo(orjson.dumps({"id": id, "revoked": True}).decode() if as_json else f"{id} is revoked.")


class _known:
    """Say in one line that there is no such key."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, NotFound):
            raise click.ClickException(f"{error} `onrecord keys list` shows those there are.") from None


def _show(made: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(orjson.dumps(made).decode())
        return
    click.echo(made["key"])
    click.echo(
        f"{made['id']} for {made['name']}: {', '.join(made['scopes'])}. Keep it; it is not shown again.",
        err=True,
    )
