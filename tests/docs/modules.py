"""What every module is for, by its first line: `make map` prints them, room by room."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("schemas", "api", "onrecord")


def first_lines() -> dict[str, str]:
    """Return each file of the source with the first sentence or line of its docstring, folders by their `__init__.py`.

    Migrations are left out, whose names say what they do.
    """
    found = {}
    for room in ROOMS:
        for file in sorted(
            (ROOT / room).rglob("*.py"), key=lambda each: (each.parent, each.name != "__init__.py", each)
        ):
            if "migrations" not in file.parts:
                name = file.parent if file.name == "__init__.py" else file
                said = (ast.get_docstring(ast.parse(file.read_text())) or "").split("\n\n")[0]
                found[str(name.relative_to(ROOT))] = " ".join(said.split())
    return found


def main(wanted: list[str]) -> None:
    """Print the modules whose name or line holds one of some words, or all."""
    for name, line in first_lines().items():
        if not wanted or any(word in name or word in line for word in wanted):
            depth = name.count("/")
            print(f"{'  ' * depth}{name if depth == 0 else name.rpartition('/')[2]}: {line}")  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
