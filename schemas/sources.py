"""Sources: the articles and other documents in which statements appear."""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from schemas.base import Document, Fault, OpenSchema, Schema
from schemas.fields import Digest, EDTFDate, Language, Text, WebAddress
from schemas.nouns import Example, Noun
from schemas.outlets import outlet_reference
from schemas.parts import LONGEST_NAME, Identifier, Listed, Reference
from schemas.records import patched, record


class SourceIn(Schema):
    """An article or other document as it is sent to be recorded."""

    url = WebAddress("Where it stands.", required=True, examples=["https://apnews.com/article/example"])
    outlet = outlet_reference("Who published it.", examples=["The Associated Press"])
    title = Text(1000, "Its title as printed.", examples=["US: Russian troops have committed war crimes"])
    byline = Listed(Text(LONGEST_NAME), "Its authors as printed.", most=50, examples=[["Matthew Lee"]])
    published_on = EDTFDate("When it was published, EDTF.", examples=["2022-03-23"])
    lang = Language("The language it is written in, BCP 47.", examples=["en"])
    archived_at = WebAddress("A copy in an archive.", examples=["https://web.archive.org/web/2022/https://apnews.com/"])
    text = Text(500_000, "Its full text, kept for anchoring and read only with a key.")
    sha256 = Digest("The SHA-256 digest of the text in UTF-8; computed where it is left out.")

    def conflicts(self, data: Document, original: Mapping[str, Any]) -> Iterator[tuple[str, Fault]]:
        """A digest that is sent beside the text must be that text's."""
        text, digest = data.get("text"), data.get("sha256")
        if text and digest and sha256(text.encode()).hexdigest() != digest:
            yield "sha256", Fault("conflict", "This is not the SHA-256 digest of the text (in UTF-8).")


class SourcePatch(Schema):
    """A JSON Merge Patch for a source."""

    class Meta(Schema.Meta):
        include = patched(SourceIn)


class SourceOut(OpenSchema):
    """A source as the service sends it; without its text where the reader has no key."""

    class Meta(OpenSchema.Meta):
        include = record(SourceIn, "source")


class SourceReference(OpenSchema):
    """A source where an appearance names it."""

    id = Identifier("source", "The source's id.", required=True)


def source_reference(description: str, **options: Any) -> Reference:
    """A field that names a recorded source by its id."""
    return Reference("source", SourceReference, None, description, **options)


NOUN = Noun(
    name="source",
    plural="sources",
    about="Articles and other documents that statements stand in.",
    takes=SourceIn,
    patches=SourcePatch,
    sends=SourceOut,
    example=Example(
        id="src_01kayv5q3pf8r8d2xq1n6z0t4z",
        sent={
            "url": "https://news.example/2022/03/23/accountability",
            "outlet": "The Associated Press",
            "title": "Accountability",
        },
        patch={"byline": ["Matthew Lee"], "version": 1},
    ),
)
