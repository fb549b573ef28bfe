"""Every console line of README.md, of docs/cookbook.md and of pictures of a terminal, run against a real server.

A step is a line that begins with `$ `, with the lines that its quotation marks or a backslash at its end draw
in; below it stands what it prints. In that, `…` stands for anything within a line, and alone on a line for any
number of lines. Only the port differs, and where the commands lie.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen
from xml.etree import ElementTree

import pytest

from tests.databases import free_port

ROOT = Path(__file__).parents[2]
DOCUMENTS = ("README.md", "docs/cookbook.md")
# What a picture of a terminal shows was typed and printed, too.
PICTURES = ("docs/pictures/check.svg",)
COMMANDS = Path(sys.executable).parent
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SVG = "{http://www.w3.org/2000/svg}"
KEY = re.compile(r"onr_[\w-]{43}_[0-9a-f]{8}")


@dataclass
class Step:
    """A command and what it is said to print."""

    command: str
    printed: str


@dataclass
class Server:
    """A server with the demonstration: its port, what it said when it started, and its environment."""

    port: int
    greeting: str
    environment: dict[str, str]

    def here(self, text: str) -> str:
        """The text with this server's port and the commands of this environment."""
        return text.replace("localhost:8000", f"localhost:{self.port}").replace(".venv/bin/", f"{COMMANDS}/")


def steps(markdown: str) -> list[Step]:
    found: list[Step] = []
    for language, block in FENCE.findall(markdown):
        if language == "console":
            for line in block.splitlines():
                if found and unfinished(found[-1].command) and not found[-1].printed:
                    found[-1].command += f"\n{line}"
                elif line.startswith("$ "):
                    found.append(Step(line.removeprefix("$ "), ""))
                else:
                    found[-1].printed += f"{line}\n"
    return found


def shown(picture: str) -> str:
    """The lines of text that a picture shows, as a block of a document."""
    lines = ["".join(each.itertext()) for each in ElementTree.parse(ROOT / picture).iter(f"{SVG}text")]
    return "\n".join(("```console", *lines, "```", ""))


def unfinished(command: str) -> bool:
    if command.endswith("\\"):
        return True
    try:
        shlex.split(command)
    except ValueError:
        return True
    return False


def as_pattern(printed: str) -> re.Pattern[str]:
    lines = []
    for line in printed.splitlines():
        parts = [re.escape(part) for part in line.split("…")]
        lines.append(r"(?:.*\n)*?" if line == "…" else ".*".join(parts) + r"\n")
    return re.compile("".join(lines))


@contextmanager
def serving(database_url: str, folder: Path) -> Iterator[Server]:
    """Start `onrecord serve --demo` as `make serve` does and stop it afterwards."""
    port = free_port()
    ours = {"ONRECORD_DATA": str(folder / "data"), "ONRECORD_DATABASE": database_url, "PYTHONUNBUFFERED": "1"}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ONRECORD_")} | ours
    # A version manager's python3 takes a tenth of a second to find the real one.
    environment["PATH"] = f"{COMMANDS}{os.pathsep}{environment.get('PATH', os.defpath)}"
    command = [str(COMMANDS / "onrecord"), "serve", "--port", str(port), "--demo"]
    said, complained = folder / "stdout", folder / "stderr"
    with (
        said.open("w") as stdout,
        complained.open("w") as stderr,
        subprocess.Popen(command, cwd=folder, env=environment, stdout=stdout, stderr=stderr) as process,
    ):
        try:
            deadline = time.monotonic() + 30
            while not answers(f"http://localhost:{port}/readyz"):
                assert process.poll() is None, complained.read_text()
                assert time.monotonic() < deadline, complained.read_text()
                time.sleep(0.05)
            greeting = said.read_text()
            key = KEY.search(greeting)
            yield Server(port, greeting, environment | ({"KEY": key[0]} if key else {}))
        finally:
            process.terminate()


def answers(address: str) -> bool:
    with suppress(URLError, ConnectionError), urlopen(address, timeout=5) as answer:
        return bool(answer.status == 200)
    return False


def run(commands: list[str], server: Server, folder: Path) -> list[str]:
    """Run commands one after another in one bash, whose variables carry over; return what each printed."""
    lines = [f"{{ {server.here(each)}\n}} >{n}.out 2>&1 </dev/null" for n, each in enumerate(commands)]
    script = folder / "steps.sh"
    script.write_text("\n".join(lines) + "\n")
    subprocess.run(["bash", str(script)], cwd=folder, env=server.environment, timeout=240, check=False)
    return [as_lines((folder / f"{n}.out").read_text()) for n in range(len(commands))]


def as_lines(printed: str) -> str:
    """What was printed, with the line ends of HTTP and the missing one of a body made those of a document."""
    text = printed.replace("\r\n", "\n")
    return text if not text or text.endswith("\n") else f"{text}\n"


@pytest.mark.long
@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("bash")), reason="needs curl and bash")
@pytest.mark.parametrize("document", [*DOCUMENTS, *PICTURES])
@pytest.mark.parametrize("empty_database_url", ["sqlite"], indirect=True)
def test_every_line_prints_what_the_document_says(document: str, empty_database_url: str, tmp_path: Path) -> None:
    prints_what_it_says(document, empty_database_url, tmp_path)


@pytest.mark.thorough
@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("bash")), reason="needs curl and bash")
@pytest.mark.parametrize("document", [*DOCUMENTS, *PICTURES])
@pytest.mark.parametrize("empty_database_url", ["postgresql"], indirect=True)
def test_every_line_prints_the_same_on_postgresql(document: str, empty_database_url: str, tmp_path: Path) -> None:
    prints_what_it_says(document, empty_database_url, tmp_path)


def prints_what_it_says(document: str, empty_database_url: str, tmp_path: Path) -> None:
    given = steps(shown(document) if document in PICTURES else (ROOT / document).read_text())
    assert given
    with serving(empty_database_url, tmp_path) as server:
        typed = [each for each in given if each.command != "make serve"]
        printed = run([each.command for each in typed], server, tmp_path)
        seen = list(zip(typed, printed, strict=True))
        seen += [(each, server.greeting) for each in given if each.command == "make serve"]
    wrong = [
        f"$ {step.command}\n--- said to print\n{step.printed}--- printed\n{text[:3000]}"
        for step, text in seen
        if not as_pattern(server.here(step.printed)).fullmatch(text)
    ]
    assert not wrong, "\n\n".join(wrong)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_nothing_to_type_escapes_the_test(document: str) -> None:
    blocks = FENCE.findall((ROOT / document).read_text())
    assert any(language == "console" for language, _ in blocks)
    assert {language for language, _ in blocks} <= {"console", "json", "text"}
    assert not [block for language, block in blocks if language != "console" and "curl" in block]


def test_the_readme_begins_with_a_clone_and_the_two_commands() -> None:
    lines = (ROOT / "README.md").read_text().splitlines()
    assert lines[0] == "# On Record"
    clone, *commands = [line.split("#")[0].strip() for line in lines[2:5]]
    assert clone.startswith("git clone ")
    assert commands == ["make serve", "make test"]
