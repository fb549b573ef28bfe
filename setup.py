"""Puts the folders `api` and `schemas` under the one name `onrecord` in what is built (decision 0040).

Anybody may have modules named `api` and `schemas`, so a wheel installs neither: it holds `onrecord.api` and
`onrecord.schemas`, in whose files the imports of each other have those names too. Installed in place
(`pip install --editable`, as `make` does) nothing is renamed.
"""

import ast
from pathlib import Path
from shutil import rmtree

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py
from setuptools.command.editable_wheel import editable_wheel

HERE = Path(__file__).parent
MOVED = ("api", "schemas")
PACKAGES = {name: [name, *(f"{name}.{below}" for below in find_packages(HERE / name))] for name in ("onrecord", *MOVED)}


def renamed(source: str) -> str:
    """Return the source of a module that imports the moved packages by their new names; lines stay where they are."""
    lines = source.splitlines(keepends=True)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import) and any(_is_moved(each.name) for each in node.names):
            # It would bind another name than the one that the rest of the module uses.
            raise ValueError(f"line {node.lineno}: write `from … import …` instead of `import …`")
        if isinstance(node, ast.ImportFrom) and not node.level and _is_moved(node.module or ""):
            line = lines[node.lineno - 1].encode()
            before, after = line[: node.col_offset].decode(), line[node.col_offset :].decode()
            lines[node.lineno - 1] = before + after.replace("from ", "from onrecord.", 1)
    return "".join(lines)


def _is_moved(module: str) -> bool:
    return module.split(".")[0] in MOVED


class Renaming(build_py):
    """Copies the modules as ever, then renames in what was copied."""

    def run(self) -> None:
        if self.editable_mode:
            super().run()
            return
        # What an earlier build left there would be installed with the rest.
        rmtree(self.build_lib, ignore_errors=True)
        super().run()
        for copied in map(Path, self.get_outputs(include_bytecode=False)):
            if copied.suffix == ".py":
                copied.write_text(renamed(copied.read_text("utf-8")), "utf-8")


class InPlace(editable_wheel):
    """Installs the folders in place, where they have the names of their imports."""

    def initialize_options(self) -> None:
        self.distribution.packages = [each for found in PACKAGES.values() for each in found]
        self.distribution.package_dir = {}
        super().initialize_options()


setup(
    packages=[*PACKAGES["onrecord"], *(f"onrecord.{each}" for name in MOVED for each in PACKAGES[name])],
    package_dir={f"onrecord.{name}": name for name in MOVED},
    cmdclass={"build_py": Renaming, "editable_wheel": InPlace},
)
