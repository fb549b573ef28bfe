"""How well quotations are checked: `python -m benchmarks.checking --data DIR`.

DIR holds `sentences.jsonl` (text, speaker, transcript, date, line), which become the store, and two files of
quotations: `printed_quotes.jsonl`, of which each is on record, and `false_quotes.jsonl`, of which none is.
"""

from __future__ import annotations

import random
import sqlite3
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import orjson

from api.cli.migrating import bring_up_to_date
from api.domain.checking import judging
from api.domain.core.keys import ANONYMOUS, OPERATOR
from api.domain.importing import bulks, checks
from api.domain.importing.imports import Options
from api.domain.importing.outcomes import Report
from api.settings import Settings
from api.storage.db import close_database
from benchmarks.edits import edits
from benchmarks.load import quantile

_BATCH = 2000
_ORDER = (
    "verbatim", "excerpt", "ellipsis declared", "two words dropped", "number changed", "negation flipped",
    "name swapped", "words reordered", "speaker swapped",
)  # fmt: skip
_SHOWN = 8


@click.command()
@click.option("--data", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--sentences", default=2000, show_default=True, help="How many sentences are edited.")
@click.option("--seed", default=1, show_default=True)
def main(data: Path, sentences: int, seed: int) -> None:
    """Measure found and not found, and the verdicts on edited quotations, beside a simple way of doing it."""
    said = _lines(data / "sentences.jsonl")
    dice = random.Random(seed)
    with _store(said):
        printed = [(each["quote"], True) for each in _lines(data / "printed_quotes.jsonl")]
        false = [(each["quote"], False) for each in _lines(data / "false_quotes.jsonl")]
        _tell_found(printed + false, dice, _Simple(said))
        _tell_verdicts(said, sentences, dice)


def _lines(path: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


@contextmanager
def _store(said: list[dict[str, Any]]) -> Iterator[None]:
    """Record the sentences, in a store that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(database=f"sqlite:///{folder}/check.db")
        bring_up_to_date(settings)
        began = time.perf_counter()
        with click.progressbar(range(0, len(said), _BATCH), label="Recording the sentences") as starts:
            for start in starts:
                _record(said[start : start + _BATCH], start)
        click.echo(f"{len(said):,} sentences recorded in {time.perf_counter() - began:.0f} s\n")
        try:
            yield
        finally:
            close_database()


def _record(part: list[dict[str, Any]], start: int) -> None:
    checked = [checks.check(start + number, _statement(each)) for number, each in enumerate(part)]
    report = bulks.in_parts([checked], Options(), by=OPERATOR, asked=None, answering=lambda _: None)
    assert isinstance(report, Report)
    # What is said twice in one transcript is one statement.
    if wrong := [each for each in report.errors if each["status"] != 409]:
        raise click.ClickException(f"{wrong[0]}")


def _statement(each: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "quote", "text": each["text"], "speaker": each["speaker"], "outlet": each["transcript"]}


# --- found or not --------------------------------------------------------------------------------------------


def _tell_found(quotes: list[tuple[str, bool]], dice: random.Random, simple: _Simple) -> None:
    dice.shuffle(quotes)
    half = len(quotes) // 2
    answers = {text: judging.check([_item(text)], ANONYMOUS)[0]["verdict"] != "not_found" for text, _ in quotes}
    simply = {text: simple.found(text) for text, _ in quotes}
    click.echo(f"{'found or not found':34} {'quotations':>10} {'precision':>10} {'recall':>8} {'F1':>6}")
    for name, part in (("half for choosing", quotes[:half]), ("the other half", quotes[half:]), ("both", quotes)):
        _tell_scores(name, part, answers)
        _tell_scores(f"{name}, the simple way", part, simply)
    click.echo("\nTold wrongly:")
    for text, real in quotes:
        if answers[text] != real:
            click.echo(f"  {'missed' if real else 'found, and is false'}: {text[:110]}")
    click.echo()


def _tell_scores(name: str, quotes: list[tuple[str, bool]], answers: dict[str, bool]) -> None:
    right = sum(answers[text] and real for text, real in quotes)
    found, real = sum(answers[text] for text, _ in quotes), sum(real for _, real in quotes)
    precision, recall = right / max(found, 1), right / max(real, 1)
    both = 2 * precision * recall / max(precision + recall, 1e-9)
    click.echo(f"{name:34} {len(quotes):>10} {precision:>10.3f} {recall:>8.3f} {both:>6.3f}")


def _item(text: str, speaker: str | None = None) -> dict[str, Any]:
    return {"text": text, "speaker": speaker, "url": None, "on": None}


class _Simple:
    """What one would write first: the rarest words in FTS5, the likeness of letters, 80 for found, 95 for verbatim."""

    def __init__(self, said: list[dict[str, Any]]) -> None:
        self._db = sqlite3.connect(":memory:")
        self._db.execute("CREATE VIRTUAL TABLE said USING fts5(text)")
        self._db.executemany("INSERT INTO said VALUES (?)", [(each["text"],) for each in said])
        self._often = Counter(word for each in said for word in set(_plain(each["text"])))

    def likeness(self, text: str) -> float:
        """Return how alike the likeliest sentence is, 0 to 100."""
        from rapidfuzz import fuzz

        rarest = sorted({word for word in _plain(text) if self._often[word]}, key=lambda word: self._often[word])[:6]
        if not rarest:
            return 0.0
        query = " OR ".join(f'"{word}"' for word in rarest)
        found = self._db.execute("SELECT text FROM said WHERE said MATCH ? ORDER BY rank LIMIT 20", (query,)).fetchall()
        return max((fuzz.partial_ratio(text.lower(), each.lower()) for (each,) in found), default=0.0)

    def found(self, text: str) -> bool:
        """Tell whether it calls a quotation found."""
        return self.likeness(text) >= 80


def _plain(text: str) -> list[str]:
    return "".join(sign if sign.isalnum() else " " for sign in text.lower()).split()


# --- verdicts ------------------------------------------------------------------------------------------------


def _tell_verdicts(said: list[dict[str, Any]], count: int, dice: random.Random) -> None:
    simple = _Simple(said)
    held = Counter(" ".join(_plain(each["text"])) for each in said)
    alone = [each for each in said if len(each["text"].split()) >= 6 and held[" ".join(_plain(each["text"]))] == 1]
    speakers = sorted({each["speaker"] for each in said})
    verdicts: dict[str, Counter[str]] = defaultdict(Counter)
    wrong: dict[str, list[str]] = defaultdict(list)
    certified, changed, times = 0, 0, []
    for each in dice.sample(alone, min(count, len(alone))):
        stranger = dice.choice([name for name in speakers if name != each["speaker"]])
        for edit in edits(each["text"], each["speaker"], stranger, dice):
            began = time.perf_counter()
            verdict = judging.check([_item(edit.text, edit.speaker)], ANONYMOUS)[0]["verdict"]
            times.append(time.perf_counter() - began)
            verdicts[edit.kind]["right" if verdict in edit.right else verdict] += 1
            if verdict not in edit.right:
                wrong[edit.kind].append(f"{verdict}: {edit.text[:100]!r} of {each['text'][:100]!r}")
            if edit.right == ("altered",):
                changed += 1
                certified += simple.likeness(edit.text) >= 95
    _tell_table(verdicts)
    click.echo(f"\nThe simple way calls {certified:,} of {changed:,} altered quotations genuine.")
    click.echo(f"p50 {quantile(times, 0.5) * 1000:.1f} ms, p99 {quantile(times, 0.99) * 1000:.1f} ms a quotation\n")
    for kind, examples in wrong.items():
        click.echo(f"{kind}, told wrongly:")
        for example in examples[:_SHOWN]:
            click.echo(f"  {example}")


def _tell_table(verdicts: dict[str, Counter[str]]) -> None:
    click.echo(f"{'edit':20} {'quotations':>10} {'right':>8}   otherwise")
    total, right = 0, 0
    for kind in _ORDER:
        counts = verdicts[kind]
        number = counts.total()
        total, right = total + number, right + counts["right"]
        rest = ", ".join(f"{verdict} {times}" for verdict, times in counts.most_common() if verdict != "right")
        click.echo(f"{kind:20} {number:>10} {counts['right'] / max(number, 1):>8.2%}   {rest}")
    click.echo(f"{'all':20} {total:>10} {right / max(total, 1):>8.2%}")


if __name__ == "__main__":
    main()
