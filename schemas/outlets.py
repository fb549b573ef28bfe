"""Outlets: who printed or broadcast it."""

from typing import Any

from marshmallow import post_load

from schemas.base import Document, OpenSchema, Schema
from schemas.fields import Choice, Country, Language, Name, WebAddress
from schemas.mergers import OutletMergerIn
from schemas.nouns import Example, Noun
from schemas.parts import LONGEST_NAME, Identifier, Listed, Reference, distinct
from schemas.records import patched, record
from schemas.vocabulary import OUTLET_TYPES


class OutletIn(Schema):
    """An outlet as it is sent to be recorded."""

    type = Choice(OUTLET_TYPES, "What kind of outlet it is.", default="other", examples=["news_agency"])
    name = Name(LONGEST_NAME, "Its name.", required=True, examples=["The Associated Press"])
    aliases = Listed(Name(LONGEST_NAME), "Other names by which it is found.", most=100, merge=True, examples=[["AP"]])
    url = WebAddress("Its home page.", examples=["https://apnews.com/"])
    same_as = Listed(
        WebAddress(),
        "Pages elsewhere about the same outlet.",
        most=50,
        examples=[["https://www.wikidata.org/wiki/Q40469"]],
    )
    country = Country("Where it sits, ISO 3166-1 alpha-2.", examples=["US"])
    lang = Language("The language it publishes in, BCP 47.", examples=["en"])

    @post_load
    def _finish(self, data: Document, **_: Any) -> Document:
        data["aliases"] = distinct(data["aliases"], without=data["name"])
        return data


class OutletPatch(Schema):
    """A JSON Merge Patch for an outlet."""

    class Meta(Schema.Meta):
        include = patched(OutletIn)


class OutletOut(OpenSchema):
    """An outlet as the service sends it."""

    class Meta(OpenSchema.Meta):
        include = record(OutletIn, "outlet")


class OutletReference(OpenSchema):
    """An outlet where another record names it."""

    id = Identifier("outlet", "The outlet's id.", required=True)
    name = Name(LONGEST_NAME, "The outlet's name.", required=True)
    type = Choice(OUTLET_TYPES, "What kind of outlet it is.", required=True)

    example = {"id": "out_01kayv5q3mf8r8d2xq1n6z0t4x", "name": "The Associated Press", "type": "news_agency"}


def outlet_reference(description: str, **options: Any) -> Reference:
    """A field that names an outlet by id or name, or describes one to find or create."""
    return Reference("outlet", OutletReference, OutletIn, description, **options)


NOUN = Noun(
    name="outlet",
    plural="outlets",
    about="Newspapers, agencies, broadcasters and others that printed or aired it.",
    takes=OutletIn,
    patches=OutletPatch,
    sends=OutletOut,
    merges=OutletMergerIn,
    example=Example(
        id=OutletReference.example["id"],
        sent={"type": "news_agency", "name": "The Associated Press", "aliases": ["AP"], "country": "US"},
        patch={"url": "https://apnews.example/", "version": 1},
    ),
)
