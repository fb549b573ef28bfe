"""Reviews: what a fact-checker found about a statement (schema.org ClaimReview)."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from schemas.base import Document, Fault, OpenSchema, Schema
from schemas.fields import EDTFDate, Language, Text, WebAddress
from schemas.nouns import Example, Noun
from schemas.numbers import Number
from schemas.parts import LONGEST_NAME, Part
from schemas.records import patched, record, sent
from schemas.statements import NOUN as STATEMENT
from schemas.statements import statement_reference


class AuthorIn(Schema):
    """Who reviewed it."""

    name = Text(LONGEST_NAME, "The reviewer's name.", required=True, examples=["Example Facts"])
    url = WebAddress("The reviewer's page.", examples=["https://facts.example"])


class AuthorPatch(Schema):
    """The members of an author, each of which may be left out."""

    class Meta(Schema.Meta):
        include = patched(AuthorIn, version=False)


class AuthorOut(OpenSchema):
    """Who reviewed it, as the service sends it."""

    class Meta(OpenSchema.Meta):
        include = sent(AuthorIn)


class RatingIn(Schema):
    """What the reviewer found (schema.org Rating); on some scales 1 is the best."""

    alternate_name = Text(LONGEST_NAME, "The finding in words.", examples=["Mostly true"])
    rating_value = Number("The finding as a number.", examples=[4])
    best_rating = Number("The best value of the scale.", examples=[5])
    worst_rating = Number("The worst value of the scale.", examples=[1])
    explanation = Text(10_000, "Why.")

    json_schema: ClassVar[dict[str, object]] = {
        "anyOf": [
            {"required": [name], "properties": {name: {"not": {"type": "null"}}}}
            for name in ("alternate_name", "rating_value")
        ]
    }

    def conflicts(self, data: Document, original: Mapping[str, Any]) -> Iterator[tuple[str, Fault]]:
        """A rating says something, and its value lies on its scale."""
        if original.get("alternate_name") is None and original.get("rating_value") is None:
            yield "alternate_name", Fault("required", "A rating needs words or a value.")
        ends = [data.get("best_rating"), data.get("worst_rating")]
        value = data.get("rating_value")
        if value is not None and None not in ends and not min(ends) <= value <= max(ends):  # type: ignore[type-var]
            yield "rating_value", Fault("range", "The value lies outside its own scale.")


class RatingPatch(Schema):
    """The members of a rating, each of which may be left out."""

    class Meta(Schema.Meta):
        include = patched(RatingIn, version=False)


class RatingOut(OpenSchema):
    """A rating as the service sends it."""

    class Meta(OpenSchema.Meta):
        include = sent(RatingIn)


class ReviewIn(Schema):
    """A review as it is sent to be recorded."""

    statement = statement_reference("The statement that was reviewed.", required=True)
    claim_reviewed = Text(
        10_000, "What was reviewed, in the reviewer's words.", examples=["NATO put Russia's dead at 15,000."]
    )
    author = Part(AuthorIn, AuthorOut, "Who reviewed it.", required=True)
    url = WebAddress("Where the review stands.", examples=["https://facts.example/2022/03/nato"])
    published_on = EDTFDate("When it was published, EDTF.", examples=["2022-03-25"])
    lang = Language("The language it is written in, BCP 47.", examples=["en"])
    rating = Part(RatingIn, RatingOut, "What was found.", required=True)


class ReviewPatch(Schema):
    """A JSON Merge Patch for a review; members of `author` and `rating` are merged too."""

    class Meta(Schema.Meta):
        include = patched(ReviewIn) | {
            "author": Part(AuthorPatch, AuthorPatch, "Who reviewed it.").variant(required=False, nullable=False),
            "rating": Part(RatingPatch, RatingPatch, "What was found.").variant(required=False, nullable=False),
        }


class ReviewOut(OpenSchema):
    """A review as the service sends it."""

    class Meta(OpenSchema.Meta):
        include = record(ReviewIn, "review")


NOUN = Noun(
    name="review",
    plural="reviews",
    about="What fact-checkers found about statements.",
    takes=ReviewIn,
    patches=ReviewPatch,
    sends=ReviewOut,
    example=Example(
        id="rev_01kayv5q3pf8r8d2xq1n6z0t50",
        sent={
            "statement": STATEMENT.example.id,
            "author": {"name": "Example Facts", "url": "https://facts.example"},
            "url": "https://facts.example/2022/03/accountability",
            "published_on": "2022-03-25",
            "rating": {"alternate_name": "True", "rating_value": 5, "best_rating": 5, "worst_rating": 1},
        },
        patch={"rating": {"explanation": "The recording bears it out."}, "version": 1},
    ),
)
