"""The onrecord command: one file a group, each imported only when its command is called."""

from __future__ import annotations

from importlib import import_module

import click

from api.settings import BadSetting

COMMANDS = {
    "serve": "serving",
    "migrate": "migrating",
    "keys": "keys",
    "get": "getting",
    "reindex": "reindexing",
    "verify": "verifying",
    "erase": "erasing",
    "check": "checking",
    "doctor": "diagnosing",
    "import": "importing",
    "export": "exporting",
    "backup": "backing",
    "restore": "backing",
}


class _Lazy(click.Group):
    """Commands by name, each imported when it is wanted, so that none pays for the others' start."""

    def list_commands(self, context: click.Context) -> list[str]:
        """Return the names of the commands."""
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """Return a command, None for an unknown name."""
        if name not in COMMANDS:
            return None
        # `import` is a word of Python's own, so the function has an underscore behind.
        module = import_module(f"{__name__}.{COMMANDS[name]}")
        command: click.Command = getattr(module, "import_" if name == "import" else name)
        return command


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="onrecord", prog_name="onrecord")
def onrecord() -> None:
    """Keep statements on record: who said what, when and where it was printed."""


def main() -> None:
    """Run the command; whatever the user can mend is one line on stderr and a non-zero exit."""
    try:
        onrecord(prog_name="onrecord")
    except BadSetting as error:
        raise SystemExit(f"onrecord: {error}") from None
    except Exception as error:
        # Imported here, since it takes time and is seldom needed.
        from api.storage.db import Unavailable

        if not isinstance(error, Unavailable):
            raise
        raise SystemExit(f"onrecord: {error}. `onrecord doctor` says more.") from None
