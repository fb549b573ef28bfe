"""docs/architecture.md and docs/glossary.md against the house: every name exists, every module says what it is for."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.docs.modules import first_lines, main

ROOT = Path(__file__).parents[2]
MAP = (ROOT / "docs/architecture.md").read_text()
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")] + sorted(
    (ROOT / "docs").rglob("*.md")
)

# Names on the map that are no part of this source: the web's, the databases', other programs'.
FOREIGN = {
    *("onrecord", "onrecord serve", "onrecord migrate", "make lint", "make map", "import-linter"),
    *("ETag", "If-None-Match", "Location", "Retry-After", "from", "?", '{"id":"spk_…"}'),
}
ROUTE = re.compile(r"(?:(GET|POST|PATCH|DELETE) )?(/[\w./{}-]*)(?:\?.*)?")


@cache
def house() -> dict[str, set[str]]:
    """Each module's dotted name, with the names that it defines: functions, classes, their members, constants."""
    found = {}
    for file in [*(ROOT / "schemas").rglob("*.py"), *(ROOT / "api").rglob("*.py")]:
        parts = file.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = set(defined(ast.parse(file.read_text())))
    return found


def defined(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield node.name
            yield from (f"{node.name}.{each.name}" for each in node.body if isinstance(each, ast.FunctionDef))
        elif isinstance(node, ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


@cache
def tables() -> set[str]:
    text = "".join(file.read_text() for file in (ROOT / "api/storage/migrations").glob("*.py"))
    return set(re.findall(r"CREATE TABLE (\w+)", text))


def exists(name: str) -> bool:
    """Whether a name is a file, a module, something that a module defines, a table or an address."""
    if name in FOREIGN or name in tables():
        return True
    if route := ROUTE.fullmatch(name):
        return any(route[2] in addresses for addresses in served())
    if "/" in name or ("." in name and (ROOT / name).exists()):
        return (ROOT / name).exists()
    module, _, member = name.rpartition(".")
    return any(
        member in members and (not module or path == module or path.endswith(f".{module}"))
        for path, members in house().items()
    ) or any(name in members for members in house().values())


@cache
def served() -> tuple[str, ...]:
    """The source of the routes, in which every address is spelled out, and the collections."""
    text = "".join(file.read_text() for file in (ROOT / "api/routes").glob("*.py"))
    plurals = "".join(file.read_text() for file in (ROOT / "schemas").rglob("*.py"))
    return (text, *(f"/v1/{plural}" for plural in re.findall(r'plural="(\w+)"', plurals)))


NAMES = sorted(set(re.findall(r"`([^`\n]+)`", MAP)))


@pytest.mark.parametrize("name", NAMES)
def test_every_name_on_the_map_exists(name: str) -> None:
    assert exists(name)


@pytest.mark.parametrize("stale", ["api/domain/gone.py", "records.vanish", "Vanished", "GET /v1/nowhere", "vanished()"])
def test_a_stale_name_is_noticed(stale: str) -> None:
    assert not exists(stale)


def test_every_module_says_in_its_first_line_what_it_is_for() -> None:
    lines = first_lines()
    assert [name for name, line in lines.items() if len(line.split()) < 2 or len(line) > 400] == []
    assert len(set(lines.values())) == len(lines)


def test_the_map_is_printed_and_searched(capsys: pytest.CaptureFixture[str]) -> None:
    main([])
    assert len(capsys.readouterr().out.splitlines()) == len(first_lines())
    main(["idempotency"])
    assert "repeats.py: " in capsys.readouterr().out


WORDS = (ROOT / "docs/glossary.md").read_text()
GLOSSARY = [
    (word, path)
    for _, word, paths in re.findall(
        r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", (ROOT / "docs/glossary.md").read_text(), re.MULTILINE
    )
    for path in re.findall(r"`([^`]+)`", paths)
]


@pytest.mark.parametrize(("word", "path"), GLOSSARY)
def test_the_trades_word_stands_in_the_first_line_of_the_module(word: str, path: str) -> None:
    assert word.lower() in first_lines()[path].lower()


def test_the_glossary_is_read() -> None:
    assert len(GLOSSARY) > 40


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_and_files_lead_somewhere(page: Path) -> None:
    text = page.read_text()
    links = [unquote(link) for link in re.findall(r"\]\(([^)#\s]+)", text) if "://" not in link]
    files = re.findall(r"`((?:api|schemas|tests|docs|docker|\.ci)/[\w./-]+)`", text)
    assert not [link for link in links if not (page.parent / link).exists()]
    # Of the decisions, what they tell of may be gone by now; NNNN is a pattern, not a name.
    if "decisions" not in page.parts:
        assert not [file for file in files if "NNNN" not in file and not (ROOT / file).exists()]
