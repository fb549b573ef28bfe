"""Statements: who said what, when, and where it was printed."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from marshmallow import post_load

from schemas import vocabulary as words
from schemas.appearances import AppearanceIn, AppearanceOut
from schemas.base import Document, Fault, OpenSchema, Schema
from schemas.fields import Choice, Day, EDTFDate, Language, Name, Text, WebAddress
from schemas.figures import FigureIn, FigureOut
from schemas.nouns import Example, Noun
from schemas.numbers import Confidence, Integer
from schemas.outlets import outlet_reference
from schemas.parts import Identifier, Listed, Part, Reference
from schemas.records import patched, record, sent
from schemas.speakers import speaker_reference

# At the top level of a statement these mean its one appearance.
SHORTHAND = ("outlet", "url", "title", "published_on")
DEFAULT_FORMS = {"quote": "direct", "claim": "indirect"}
OFF_RECORD = Fault(
    "off_record",
    "What was said off the record must not be recorded: the speaker was promised that it would not be used.",
)
_NULL = {"type": "null"}


class StatementReference(OpenSchema):
    """A statement where another record names it."""

    id = Identifier("statement", "The statement's id.", required=True)


def statement_reference(description: str, **options: Any) -> Reference:
    """A field that names a recorded statement by its id."""
    return Reference("statement", StatementReference, None, description, **options)


class AttributionIn(Schema):
    """Another speaker to whom a statement has been credited."""

    speaker = speaker_reference("Who it was credited to.", required=True, examples=["Winston Churchill"])
    status = Choice(words.ATTRIBUTIONS, "Whether that is still possible or was found wrong.", default="candidate")
    confidence = Confidence("How sure the recorder is, from 0 to 1.", examples=[0.2])
    note = Text(10_000, "Why.")
    url = WebAddress("Where that attribution, or its refutation, can be seen.")


class AttributionOut(OpenSchema):
    """An attribution as the service sends it."""

    class Meta(OpenSchema.Meta):
        include = sent(AttributionIn)


class CorrectionOut(OpenSchema):
    """A correction that was made to a statement."""

    kind = Choice(words.CORRECTIONS, "What kind of correction it is.", required=True)
    note = Text(10_000, "What was wrong, and what is right.", required=True)
    on = Day("The day it was made.", required=True, examples=["2022-03-24"])
    version = Integer("The version that it made.", least=1, required=True)


class StatementIn(Schema):
    """A statement as it is sent to be recorded."""

    kind = Choice(words.KINDS, "A quote has the speaker's own words, a claim what was asserted.", required=True)
    form = Choice(words.FORMS, "How it was printed: direct for a quote, indirect for a claim, unless sent.")
    text = Text(
        10_000,
        "The words, exactly as printed.",
        required=True,
        examples=["Based on information currently available, war crimes have been committed in Ukraine."],
    )
    lang = Language("The language of the text, BCP 47.", default="en", examples=["en"])
    speaker = speaker_reference(
        "Who said it: an id, a name, or an object to find or create. Null where the source is not named.",
        examples=["Antony Blinken"],
    )
    attributed_as = Text(
        1000, "The source as printed; required where speaker is null.", examples=["American officials"]
    )
    speaker_role = Text(1000, "The role at the time, as printed.", examples=["Secretary of State"])
    addressee = Text(1000, "Who it was told to.", examples=["reporters"])
    medium = Choice(words.MEDIA, "By what means it was said.", examples=["statement"])
    place = Text(1000, "Where it was said.", examples=["Washington"])
    event = Text(1000, "At what it was said.", examples=["a NATO summit"])
    terms = Choice(
        words.TERMS,
        "The terms of attribution; off_record is refused.",
        default="on_record",
        refused={"off_record": OFF_RECORD},
    )
    said_on = EDTFDate("When it was said, EDTF levels 0 and 1.", examples=["2022-03-23", "2022-03"])
    date_text = Text(1000, "The date as printed.", examples=["On Wednesday"])
    appearances = Listed(
        Part(AppearanceIn, AppearanceOut), "Where it was printed, the first first.", most=100, minItems=1
    )
    figures = Listed(Part(FigureIn, FigureOut), "The quantities it asserts.", most=100)
    topics = Listed(Name(200), "What it is about, compared without case.", most=50, merge=True, examples=[["Ukraine"]])
    context = Text(10_000, "The recorder's note.")
    status = Choice(words.STATUSES, "Whether it is shown, withheld or taken back.", default="published")
    attributions = Listed(Part(AttributionIn, AttributionOut), "Other speakers it has been credited to.", most=50)
    external_id = Name(500, "Your own id for it, unique where given.", examples=["ap-2022-0323-17"])
    outlet = outlet_reference("Shorthand for the outlet of the one appearance.", examples=["The Associated Press"])
    url = WebAddress("Shorthand for the address of the one appearance.")
    title = Text(1000, "Shorthand for the title of the one appearance.")
    published_on = EDTFDate("Shorthand for the date of the one appearance, EDTF.")

    read_only = Schema.read_only | {"corrections"}
    json_schema: ClassVar[dict[str, object]] = {
        "allOf": [
            {
                "if": {"properties": {"speaker": _NULL}},
                "then": {"required": ["attributed_as"], "properties": {"attributed_as": {"type": "string"}}},
            },
            {
                "if": {"properties": {"appearances": _NULL}},
                "then": {"required": ["outlet"], "properties": {"outlet": {"not": _NULL}}},
                "else": {"properties": dict.fromkeys(SHORTHAND, _NULL)},
            },
        ]
    }

    def conflicts(self, data: Document, original: Mapping[str, Any]) -> Iterator[tuple[str, Fault]]:
        """Every statement has a source, said once, and somebody who said it."""
        if original.get("speaker") is None and original.get("attributed_as") is None:
            detail = "Without a speaker the source is described as printed, such as American officials."
            yield "attributed_as", Fault("required", detail)
        yield from _without_a_source(original)

    def locate(self, pointer: str, sent: object) -> str:
        """A fault of the one appearance that shorthand stands for lies at the top."""
        return place_of_shorthand(pointer, sent)

    @post_load
    def _finish(self, data: Document, **_: Any) -> Document:
        shorthand = {name: data.pop(name) for name in SHORTHAND}
        if not data["appearances"]:
            data["appearances"] = [{**_APPEARANCE.defaults(), **shorthand}]
        data["form"] = data["form"] or DEFAULT_FORMS[data["kind"]]
        return data


def place_of_shorthand(pointer: str, sent: object) -> str:
    """Move a pointer into the first appearance to the top, where `sent` says its members there."""
    inside = "#/appearances/0/"
    member = pointer.removeprefix(inside)
    short = pointer.startswith(inside) and member.split("/")[0] in SHORTHAND
    return f"#/{member}" if short and isinstance(sent, Mapping) and "appearances" not in sent else pointer


def _without_a_source(statement: Mapping[str, Any]) -> Iterator[tuple[str, Fault]]:
    refused = "A statement without a source is refused: say which outlet printed it."
    appearances = statement.get("appearances")
    if appearances is None:
        if statement.get("outlet") is None:
            yield "outlet", Fault("required", refused)
        return
    if appearances == []:
        yield "appearances", Fault("required", refused)
    for name in SHORTHAND:
        if statement.get(name) is not None:
            yield name, Fault("conflict", f"Send {name} inside appearances, or leave appearances out.")


_APPEARANCE = AppearanceIn()


class StatementChanges(Schema):
    """A JSON Merge Patch for a statement, inside a document that says by itself which version it is for."""

    read_only = StatementIn.read_only
    # No patch can leave a statement without an appearance, or say the one appearance twice.
    json_schema: ClassVar[dict[str, object]] = {
        "allOf": [
            {
                "if": {"required": ["appearances"], "properties": {"appearances": _NULL}},
                "then": {"required": ["outlet"]},
            },
            {
                "if": {"required": ["appearances"], "properties": {"appearances": {"type": "array"}}},
                "then": {"properties": dict.fromkeys(SHORTHAND, _NULL)},
                "else": {"properties": {"outlet": {"not": _NULL}}},
            },
        ]
    }

    class Meta(Schema.Meta):
        include = patched(StatementIn, version=False)

    def conflicts(self, data: Document, original: Mapping[str, Any]) -> Iterator[tuple[str, Fault]]:
        """What the patch says of appearances must hold by itself."""
        if "appearances" in original or "outlet" in original:
            yield from _without_a_source(original)

    def locate(self, pointer: str, sent: object) -> str:
        """A fault of the one appearance that shorthand stands for lies at the top."""
        return place_of_shorthand(pointer, sent)


class StatementPatch(StatementChanges):
    """A JSON Merge Patch for a statement."""

    class Meta(StatementChanges.Meta):
        include = patched(StatementIn)


def _sent() -> dict[str, Any]:
    fields = {name: field for name, field in record(StatementIn, "statement").items() if name not in SHORTHAND}
    form = Choice(words.FORMS, "How it was printed.", required=True)
    outlet = outlet_reference("The outlet of the first appearance.", required=True).sent()
    corrections = Listed(Part(CorrectionOut, CorrectionOut), "Corrections made to it.", most=10_000).sent()
    last = {name: fields.pop(name) for name in ("created_at", "updated_at", "recorded_by")}
    return fields | {"form": form, "outlet": outlet, "corrections": corrections} | last


class StatementOut(OpenSchema):
    """A statement as the service sends it."""

    class Meta(OpenSchema.Meta):
        include = _sent()


class StatementViewOut(OpenSchema):
    """The members of a statement that were asked for (`fields`), whole records in place of references
    (`expand`), or what a search matched (`highlight`).
    """

    example = {"text": "We are on record.", "said_on": "2022-03-23"}


NOUN = Noun(
    name="statement",
    plural="statements",
    about="Quotes and claims: who said what, when, and where it was printed.",
    takes=StatementIn,
    patches=StatementPatch,
    sends=StatementOut,
    example=Example(
        id="stm_01kayv5q3nf8r8d2xq1n6z0t4y",
        sent={
            "kind": "quote",
            "text": "We are committed to pursuing accountability using every tool available, "
            "including criminal prosecutions",
            "speaker": "Antony Blinken",
            "speaker_role": "U.S. Secretary of State",
            "outlet": "The Associated Press",
            "url": "https://news.example/2022/03/23/accountability",
            "said_on": "2022-03-23",
            "date_text": "On Wednesday",
            "topics": ["war crimes"],
        },
        patch={"said_on": "2022-03", "version": 1},
        derived={"outlet": {"name": "The Associated Press"}, "corrections": []},
    ),
)
