"""Files cut into lines and rows: each line of any file belongs to one piece, and no file takes long."""

from __future__ import annotations

import csv as reference
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.formats.cutting import LONGEST, BadFile, Item, Pieces

# What rows are made of, the signs that mean something often.
SIGNS = st.sampled_from(['"', '""', ",", "\n", "\r\n", "\r", "\0", "a", "é", '","', ',"', '",'])
HOSTILE = st.lists(SIGNS, max_size=30).map("".join)
any_time = settings(deadline=None)


def rows(data: bytes) -> list[Item]:
    """Return the rows of a file."""
    return list(Pieces(io.BytesIO(data)).rows())


def expected(lines: list[str]) -> list[tuple[int, list[str] | None]]:
    """Return what the standard library's reader makes of lines, going on behind the first of a row that is broken."""
    found: list[tuple[int, list[str] | None]] = []
    at = 0
    while at < len(lines):
        reader = reference.reader(iter(lines[at:]), strict=True)
        try:
            cells: list[str] | None = next(reader)
        except reference.Error:
            cells = None
        if cells != []:
            found.append((at + 1, cells))
        at += reader.line_num if cells is not None else 1
    return found


@any_time
@given(HOSTILE)
def test_rows_are_those_of_a_strict_reader_and_a_broken_one_takes_no_other_with_it(text: str) -> None:
    # Not for what tells UTF-16 from UTF-8 in the first four bytes.
    text = f"head\n{text}"
    found = [
        (each.number, None if each.fault else next(reference.reader([each.text.decode()], strict=True)))
        for each in rows(text.encode())
    ]
    assert found == expected(list(io.StringIO(text, newline="\n")))


@any_time
@given(st.binary(max_size=200))
def test_each_line_that_is_not_blank_is_given_once(data: bytes) -> None:
    data = b"head\n" + data
    lines = list(Pieces(io.BytesIO(data)).lines())
    numbered = enumerate(data.split(b"\n"), start=1)
    assert lines == [Item(n, each.rstrip(b"\r")) for n, each in numbered if each.strip()]


@any_time
@given(st.binary(max_size=60))
def test_the_rows_of_any_bytes_hold_all_of_them_once_in_their_order(data: bytes) -> None:
    data = b"head\n" + data
    pieces = rows(data)
    assert [each.number for each in pieces] == sorted({each.number for each in pieces})
    held = b"".join(each.text for each in pieces)
    assert held.translate(None, b"\r\n") == data.translate(None, b"\r\n")


@pytest.mark.parametrize("line", ["x" * (LONGEST + 5), '"' + "x" * (3 * LONGEST) + '"', "é" * LONGEST])
def test_a_line_that_is_too_long_is_one_piece_and_the_next_is_read(line: str) -> None:
    data = f"head\n{line}\nnext\n".encode()
    for pieces in (rows(data), list(Pieces(io.BytesIO(data)).lines())):
        assert [(each.number, each.fault) for each in pieces] == [(1, None), (2, "long"), (3, None)]
        assert len(pieces[1].text) == LONGEST


def test_a_row_of_many_short_lines_is_no_longer_than_one_of_one() -> None:
    data = b'head\n"' + (b"a" * 99 + b"\n") * (LONGEST // 99) + b'"\nnext\n'
    pieces = rows(data)
    assert (pieces[1].number, pieces[1].fault) == (2, "open")
    assert pieces[-1].text == b"next"


# Each of these lines begins a quotation that only the end of the file, or the longest row, ends; between blank lines,
# commas and quotations inside quotations. Looking for that end from each of them would take hours.
@pytest.mark.parametrize(
    "line", [b',j","\n', b'"a"b\n', b"\n", b'","\n', b'"""\n', b",", b'"', b'""', b'"\n\n', b'x,"' + b"\n" * 50]
)
def test_no_file_takes_more_time_than_its_size_explains(line: bytes) -> None:
    data = b"head\n" + line * (LONGEST // len(line))
    pieces = rows(data)
    lines = list(Pieces(io.BytesIO(data)).lines())
    assert pieces[-1].number <= data.count(b"\n") + 1
    assert lines[-1].number <= data.count(b"\n") + 1


def test_what_is_no_text_in_utf_8_is_refused_whole() -> None:
    for coding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"):
        with pytest.raises(BadFile, match="UTF-8"):
            Pieces(io.BytesIO("kind,text".encode(coding)))
    with pytest.raises(BadFile, match="compressed"):
        Pieces(io.BytesIO(b"\x1f\x8b\x08"))
    assert rows(b"\xef\xbb\xbfkind\0,text") == [Item(1, b"kind\0,text")]
