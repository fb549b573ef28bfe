"""The table of docs/formats.md against the formats that there are."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from api.formats.format import Format
from api.formats.registry import FORMATS

PAGE = Path(__file__).parents[2] / "docs/formats.md"


def coded(names: Iterable[str]) -> str:
    """Return names as code, with commas between them."""
    return ", ".join(f"`{name}`" for name in names)


def row(format: Format) -> str:
    """Return what the table is to say of a format."""
    writes, reads = format.writes, format.reads
    cells = [format.title, f"`{format.suffix}`", "", "", reads.about if reads else "", "", ""]
    if writes:
        of = [
            *(["one record"] if writes.one else []),
            *(["pages" if writes.paged else "streams"] if writes.many else []),
        ]
        kinds = f" ({', '.join(writes.kinds)})" if writes.kinds else ""
        cells[2:6] = [f"`{writes.content_type}`", " and ".join(of) + kinds, writes.about, coded(writes.options)]
    if reads:
        cells[6] = coded((*reads.known_by, *reads.taken, *reads.endings))
    return f"| {' | '.join(cells)} |".replace("  ", " ")


def test_the_table_has_every_format_as_it_is_declared() -> None:
    found = [line for line in PAGE.read_text().splitlines() if line.startswith("| ") and "`" in line]
    assert found == [row(each) for each in FORMATS]
