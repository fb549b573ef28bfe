"""onrecord get: what a GET would answer, without a server."""

from __future__ import annotations

import sys

import click

from api.cli.database import opened


@click.command()
@click.argument("address")
@click.option("--key", envvar="ONRECORD_KEY", help="Ask with this key, as `Authorization: Bearer` would.")
@click.option("--include", "-i", is_flag=True, help="Print the status and headers too.")
def get(address: str, key: str | None, include: bool) -> None:
    """Print what GET ADDRESS answers, such as /v1/statements?limit=1; exits with 1 where that is an error."""
    if not address.startswith("/"):
        raise click.UsageError("The address begins with a slash, such as /v1/statements.")
    settings = opened()
    from api.app import create_app

    headers = {"Authorization": f"Bearer {key}"} if key else {}
    answer = create_app(settings).test_client().get(address, headers=headers)
    if include:
        click.echo(f"{answer.status}\n{answer.headers}", nl=False)
    sys.stdout.buffer.write(answer.data)
    if sys.stdout.isatty() and not answer.data.endswith(b"\n"):
        click.echo()
    if answer.status_code >= 400:
        raise SystemExit(1)
