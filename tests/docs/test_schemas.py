"""What is built works where nothing of the repository can be seen: what docs/schemas.md shows, and the service."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path
from urllib.request import urlopen
from zipfile import ZipFile

import pytest

from tests.databases import free_port
from tests.docs.test_cookbook import as_pattern, steps

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/schemas.md").read_text()
SOURCE = ("onrecord", "api", "schemas", "setup.py", "setup.cfg", "pyproject.toml", "README.md", "LICENSE")
# All that the schemas need, with what those need themselves.
NEEDED = ("marshmallow", "langcodes")
NAMED = """
import importlib.util, sys
import onrecord.schemas
from onrecord.schemas.statements import StatementIn
StatementIn().load({"kind": "quote", "text": "x", "lang": "de", "speaker": "A", "outlet": "B"})
print(*(name for name in ("api", "schemas", "flask", "peewee", "psycopg") if importlib.util.find_spec(name)))
"""

pytestmark = [pytest.mark.thorough, pytest.mark.processes]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built of a copy of the source so that nothing is left in the checkout."""
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("built")
    for name in SOURCE:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, source / name)
    run(Path(sys.executable), "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-w", built, source)
    return next(built.glob("*.whl"))


@pytest.fixture(scope="module")
def clean(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a fresh environment with the wheel and what the schemas need; copied: there may be no network."""
    python = environment(wheel, tmp_path_factory.mktemp("clean"))
    for name in NEEDED:
        found = distribution(name)
        for file in found.files or ():
            if ".." not in file.parts:
                target = modules(python) / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(str(found.locate_file(file)), target)
    return python


@pytest.fixture(scope="module")
def full(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a fresh environment with the wheel that sees what is installed here, but not the checkout."""
    python = environment(wheel, tmp_path_factory.mktemp("full"))
    # Files of that folder which put the checkout on the path are not read from a folder that is named like this.
    (modules(python) / "here.pth").write_text(f"{distribution('marshmallow').locate_file('')}\n")
    return python


def environment(wheel: Path, folder: Path) -> Path:
    run(Path(sys.executable), "-m", "venv", folder)
    python = folder / "bin/python"
    run(python, "-m", "pip", "install", "--no-deps", "--no-index", wheel)
    return python


def modules(python: Path) -> Path:
    return next((python.parents[1] / "lib").glob("python*/site-packages"))


def run(python: Path, *arguments: object, **options: object) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ONRECORD_", "PYTHON"))}
    done = subprocess.run(
        [python, *map(str, arguments)], capture_output=True, text=True, timeout=240, **{"env": kept, **options}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def block(language: str, place: int = 0) -> str:
    return str(re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[place])


def test_the_wheel_takes_no_name_but_its_own(wheel: Path) -> None:
    names = {name.split("/")[0] for name in ZipFile(wheel).namelist()}
    assert {name for name in names if not name.endswith(".dist-info")} == {"onrecord"}


def test_the_image_is_built_of_the_same_files() -> None:
    let_in = {line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"}
    assert let_in == {*SOURCE, "requirements.lock"}


def test_every_module_is_in_the_wheel(wheel: Path) -> None:
    expected = {str(file.relative_to(ROOT)) for name in ("api", "schemas") for file in (ROOT / name).rglob("*.py")}
    assert expected == {
        name.removeprefix("onrecord/") for name in ZipFile(wheel).namelist() if re.match(r"onrecord/\w+/.*\.py$", name)
    }


def test_no_module_of_the_wheel_imports_by_the_names_of_the_folders(wheel: Path) -> None:
    with ZipFile(wheel) as files:
        sources = {name: files.read(name).decode() for name in files.namelist() if name.endswith(".py")}
    assert not [
        name for name, text in sources.items() if re.search(r"^\s*(?:from|import) (?:api|schemas)\b", text, re.M)
    ]


def test_the_schemas_need_nothing_of_the_service(clean: Path, tmp_path: Path) -> None:
    assert run(clean, "-c", NAMED, cwd=tmp_path).split() == []


def test_what_the_page_shows_is_what_happens(clean: Path, tmp_path: Path) -> None:
    (tmp_path / "canonical.py").write_text(block("python"))
    (tmp_path / "statements.ndjson").write_text(block("json"))
    (step,) = steps(PAGE)
    printed = run(clean, *step.command.split()[1:], cwd=tmp_path)
    assert as_pattern(step.printed).fullmatch(printed), printed
    assert json.loads(printed.splitlines()[0])["speaker"] == {"name": "Antony Blinken"}


def test_answers_are_read_as_the_page_shows(clean: Path, tmp_path: Path) -> None:
    printed = run(clean, "-c", block("python", 1), cwd=tmp_path)
    assert printed.startswith("excerpt /v1/statements/stm_")
    assert "'next_url'" in printed


def test_the_program_of_the_page_has_ten_lines() -> None:
    lines = [line for line in block("python").splitlines() if line]
    assert len(lines) <= 10


def test_what_is_installed_is_typed(clean: Path, tmp_path: Path) -> None:
    (tmp_path / "both.py").write_text(block("python") + block("python", 1))
    checked = run(Path(sys.executable), "-m", "mypy", "--strict", "--python-executable", clean, "both.py", cwd=tmp_path)
    assert checked.startswith("Success")


@pytest.fixture
def server(full: Path, tmp_path: Path) -> Iterator[str]:
    """The address of a server that runs from the wheel, with the demonstration."""
    port = free_port()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ONRECORD_", "PYTHON"))}
    command = [full.parent / "onrecord", "serve", "--port", str(port), "--demo"]
    with subprocess.Popen(
        command, cwd=tmp_path, env={**kept, "ONRECORD_DATA": str(tmp_path)}, stdout=subprocess.DEVNULL
    ) as process:
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def test_the_command_serves_from_the_wheel(server: str) -> None:
    ends = time.monotonic() + 30
    while True:
        try:
            with urlopen(f"{server}/v1/statements?limit=1") as answer:
                assert len(json.load(answer)["data"]) == 1
            break
        except OSError:
            assert time.monotonic() < ends
            time.sleep(0.1)
    with urlopen(f"{server}/openapi.json") as answer:
        assert json.load(answer)["openapi"] == "3.1.0"


def test_both_ways_to_call_the_command_say_the_same(full: Path, tmp_path: Path) -> None:
    said = run(full, "-m", "onrecord", "--version", cwd=tmp_path)
    assert said == run(full, full.parent / "onrecord", "--version", cwd=tmp_path)
