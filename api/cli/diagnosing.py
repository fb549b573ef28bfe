"""onrecord doctor."""

from __future__ import annotations

import os

import click
import orjson

from api.domain.keeping.diagnosis import findings


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def doctor(as_json: bool) -> None:
    """Say what is wrong with settings, database, schema, indexes, keys and disk, and what to do.

    It changes nothing, and exits with 1 where something is wrong; a warning is none.
    """
    found = list(findings(os.environ))
    wrong = [each for each in found if each.level == "wrong"]
    if as_json:
        click.echo(orjson.dumps({"ok": not wrong, "findings": [each.facts() for each in found]}).decode())
    else:
        for each in found:
            click.echo(f"{each.level:8}{each.about}: {each.detail}" + (f"  -> {each.todo}" if each.todo else ""))
    if wrong:
        raise SystemExit(1)
