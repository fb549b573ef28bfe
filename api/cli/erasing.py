"""onrecord erase."""

from __future__ import annotations

from dataclasses import asdict

import click
import orjson

from api.cli.database import opened
from api.domain.core.errors import Refused
from api.domain.core.keys import OPERATOR
from api.domain.keeping import erasures
from api.domain.keeping.erasures import Erased
from api.storage.db import close_database
from schemas.withdrawals import WithdrawalIn


@click.command()
@click.argument("id")
@click.option("--reason", required=True, help="Why; the log keeps it for good, so it must not repeat what is erased.")
@click.option("--yes", is_flag=True, help="Do not ask whether to go on.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def erase(id: str, reason: str, yes: bool, as_json: bool) -> None:
    """Erase a record with all its versions, where the law or somebody's safety asks for it. There is no way back.

    The log keeps its entries, whose hashes say nothing without what is erased, and the reason.
    """
    reason = _checked(reason)
    opened()
    if not yes:
        click.confirm(f"Erase {id} and all its versions for good?", abort=True, err=True)
    try:
        erased = erasures.erase(id, reason, by=OPERATOR.name)
        problem = erasures.scrub()
    except Refused as error:
        raise click.ClickException(str(error)) from None
    finally:
        close_database()
    _show(erased, problem, as_json)
    if problem:
        raise SystemExit(1)


def _checked(reason: str) -> str:
    from marshmallow import ValidationError

    try:
        return str(WithdrawalIn().fields["reason"].deserialize(reason))
    except ValidationError as error:
        raise click.BadParameter(str(error.messages[0]), param_hint="--reason") from None


def _show(erased: Erased, problem: str | None, as_json: bool) -> None:
    if as_json:
        click.echo(orjson.dumps({**asdict(erased), "scrubbed": problem is None}).decode())
    else:
        click.echo(f"{erased.id} is erased with its {erased.versions} versions.")
    if erased.about:
        click.echo(f"These are about it and may repeat its words: {', '.join(erased.about)}.", err=True)
    if problem:
        click.echo(
            f"Its words may still lie in the files: {problem}. They go with the next checkpoint once that has ended; "
            "restarting the service makes sure.",
            err=True,
        )
