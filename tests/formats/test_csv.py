"""CSV: every document goes round, no cell is a formula, and what is no CSV of ours is refused."""

from __future__ import annotations

import csv as reference
import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from api.formats import columns
from api.formats.csv import Table
from api.formats.cutting import BadFile, BadItem
from schemas import BY_NAME
from schemas.base import Checked, Schema
from schemas.numbers import Integer, Number
from schemas.parts import Listed, Part
from schemas.statements import StatementOut

RECORDS = {name: schema for name, schema in BY_NAME.items() if "id" in schema().fields and "-" not in name}
# What records may hold (schemas.characters), the risky characters often and at the beginning.
PLAIN = st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\t\n\r\"',=+-@;é漢\u202f\ufeff")
TEXTS = st.builds(str.__add__, st.sampled_from(["", *"=+-@\t\r'\"\n,"]), st.text(PLAIN, min_size=1, max_size=12))
# A time limit for each example would only tell how busy the machine is.
any_time = settings(deadline=None)
some = settings(deadline=None, max_examples=40)
WHOLE = st.integers(-(2**53) + 1, 2**53 - 1)


def values(field: Checked[Any]) -> SearchStrategy[Any]:
    """Return what a field of a record may hold."""
    if isinstance(field, Part):
        found: SearchStrategy[Any] = documents(field.sends)
    elif isinstance(field, Listed):
        found = st.lists(values(field.inner), max_size=2)
    elif isinstance(field, Number):
        found = WHOLE if isinstance(field, Integer) else WHOLE | st.floats(allow_nan=False, allow_infinity=False)
    else:
        found = TEXTS
    return found | st.none() if field.allow_none else found


def documents(schema: type[Schema]) -> SearchStrategy[dict[str, Any]]:
    """Return documents with every field of a schema."""
    return st.fixed_dictionaries({name: values(field) for name, field in schema().fields.items()})  # type: ignore[arg-type]


def read(data: bytes, schema: type[Schema], *, safe: bool = True) -> list[dict[str, Any]]:
    """Read a file of CSV back into documents."""
    file = Table(io.BytesIO(data), schema, safe=safe)
    return [draft.fields for each in file.items() for draft in file.drafts(each)]


def statement(**changes: Any) -> dict[str, Any]:
    """Return a statement of which no more is said than what changes."""
    outlet = {"id": "out_1", "name": "AP", "type": "news_agency"}
    return {**dict.fromkeys(StatementOut().fields), "outlet": outlet, **changes}


def cells(document: dict[str, Any], **options: Any) -> dict[str, str]:
    """Return a statement's cells by their columns."""
    return dict(zip(columns.header(StatementOut), columns.row(document, StatementOut, **options), strict=True))


@pytest.mark.parametrize("name", RECORDS)
@some
@given(data=st.data())
def test_every_document_comes_back_as_it_was(name: str, data: st.DataObject) -> None:
    schema = RECORDS[name]
    given = data.draw(st.lists(documents(schema), max_size=3))
    for safe in (True, False):
        rows = [columns.row(each, schema, safe=safe) for each in given]
        assert read(columns.lines([columns.header(schema), *rows]), schema, safe=safe) == given


@any_time
@given(st.lists(st.lists(TEXTS | st.just(""), min_size=2), max_size=4))
def test_any_reader_of_csv_finds_the_same_cells(rows: list[list[str]]) -> None:
    text = columns.lines(rows).decode()
    assert list(reference.reader(io.StringIO(text, newline=""), strict=True)) == rows
    written = io.StringIO(newline="")
    reference.writer(written).writerows(rows)
    assert text == written.getvalue()


@any_time
@given(TEXTS)
def test_no_cell_begins_as_a_formula_does(text: str) -> None:
    cell = cells(statement(text=text, context=text))["text"]
    assert cell[0] not in "=+-@\t\r"
    assert cell in (text, f"'{text}")
    assert cells(statement(text=text), safe=False)["text"] == text


@pytest.mark.parametrize("first", "=+-@\t\r'")
def test_a_risky_cell_gets_one_apostrophe_in_front_and_reading_takes_one_away(first: str) -> None:
    text = f"{first}1+1"
    row = cells(statement(text=text))
    assert row["text"] == f"'{text}"
    assert columns.document(row, StatementOut)["text"] == text
    assert columns.document({"text": f"''{text}"}, StatementOut)["text"] == f"'{text}"
    assert columns.document({"text": f"'{text}"}, StatementOut, safe=False)["text"] == f"'{text}"


@any_time
@given(TEXTS)
def test_an_apostrophe_of_somebody_else_is_lost_only_before_what_it_guards(text: str) -> None:
    assert columns.document({"text": "'Tis"}, StatementOut)["text"] == "'Tis"
    assert columns.document({"text": "'"}, StatementOut)["text"] == "'"
    guarded = text[0] == "'" and text[1:2] in tuple("=+-@\t\r'")
    assert columns.document({"text": text}, StatementOut)["text"] == (text[1:] if guarded else text)
    assert columns.document({"text": text}, StatementOut, safe=False)["text"] == text


def test_numbers_below_zero_are_made_safe_too() -> None:
    review = BY_NAME["review"]
    document = {**dict.fromkeys(review().fields), "rating": {"rating_value": -1.5}}
    row = dict(zip(columns.header(review), columns.row(document, review), strict=True))
    assert row["rating.rating_value"] == "'-1.5"
    assert columns.document(row, review)["rating"]["rating_value"] == -1.5


def test_the_columns_are_the_members_with_dots_in_objects_and_the_first_appearance_besides() -> None:
    header = columns.header(StatementOut)
    assert header[:9] == ["id", "version", "kind", "form", "text", "lang", "speaker.id", "speaker.name", "speaker.type"]
    assert "outlet.id outlet.name outlet.type url title published_on" in " ".join(header)
    assert {"appearances", "figures", "topics", "attributions", "corrections"} <= set(header)
    assert len(header) == len(set(header))
    row = cells(
        statement(
            version=2,
            speaker={"id": "spk_1", "name": "Ada, Countess", "type": "person"},
            appearances=[
                {"url": "https://a.example", "title": None, "published_on": "2022"},
                {"url": "https://b.example"},
            ],
            topics=["a", "b"],
        )
    )
    expected = {"version": "2", "speaker.name": "Ada, Countess", "url": "https://a.example", "title": "", "text": ""}
    assert expected.items() <= row.items()
    assert (row["published_on"], row["topics"]) == ("2022", '["a","b"]')


def test_a_row_of_a_few_columns_makes_a_document_of_their_members() -> None:
    by_hand = "\ufefftext,speaker.name,outlet.name,url,place\r\nWe will.,Ada,,https://a.example,'=x\r\n\r\n"
    assert read(by_hand.encode(), StatementOut) == [
        {
            "text": "We will.",
            "speaker": {"name": "Ada"},
            "outlet": {"name": None},
            "url": "https://a.example",
            "place": "=x",
        }
    ]
    assert columns.document({"speaker.id": "", "speaker.name": ""}, StatementOut) == {"speaker": None}


def test_what_cannot_be_read_is_refused_with_its_place() -> None:
    with pytest.raises(columns.BadCells, match="topics is not JSON"):
        columns.document({"topics": "war; peace"}, StatementOut)
    for text in ("text,lang\r\nWe will.\r\n", "text\r\na,b\r\n"):
        with pytest.raises(BadItem, match="cells for"):
            read(text.encode(), StatementOut)
    with pytest.raises(BadItem, match="not CSV"):
        read(b'text\r\n"never ended', StatementOut)
    for text, says in (("", "header"), ("text,mood\r\n", "no column 'mood'")):
        with pytest.raises(BadFile, match=says):
            read(text.encode(), StatementOut)
    assert read(b"text\r\n", StatementOut) == []


def test_every_cell_that_cannot_be_read_is_told_and_the_others_are_read() -> None:
    bad = {"kind": "quot", "topics": "war; peace", "figures": '[{"a":1,"a":2}]', "attributions": "[NaN]", "place": "x"}
    with pytest.raises(columns.BadCells) as caught:
        columns.document({**bad, "appearances": "[" * 900 + "]" * 900}, StatementOut)
    places = [each["pointer"] for each in caught.value.problems]
    assert places == ["#/topics", "#/figures", "#/attributions", "#/appearances"]
    assert (caught.value.document["kind"], caught.value.document["place"]) == ("quot", "x")


def test_a_header_of_nonsense_is_refused_in_the_time_that_it_takes_to_tell() -> None:
    with pytest.raises(BadFile, match="no column"):
        Table(io.BytesIO(b",".join(b"n%d" % n for n in range(100_000))), StatementOut)
    with pytest.raises(BadFile, match="header: The row is not CSV"):
        Table(io.BytesIO(b'"kind,text\nquote,a\n'), StatementOut)


def test_a_cell_may_be_longer_than_the_standard_library_takes() -> None:
    document = statement(context="x" * 300_000)
    assert read(columns.lines([columns.header(StatementOut), columns.row(document, StatementOut)]), StatementOut) == [
        document
    ]
