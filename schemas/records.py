"""What the service sends and what a patch may hold, both drawn from what it takes."""

from collections.abc import Mapping
from typing import Any

from marshmallow.fields import Field

from schemas.base import Checked, Schema
from schemas.fields import Text, Timestamp
from schemas.numbers import Integer
from schemas.parts import LONGEST_NAME, Identifier

Fields = dict[str, Field[Any]]

# What a column of the store holds; nobody revises a record so often.
MOST_VERSIONS = 2**31 - 1


def declared(takes: type[Schema]) -> Mapping[str, Checked[object]]:
    """The fields of a schema as they were written, bound to no instance."""
    fields = takes._declared_fields.items()
    return {name: field for name, field in fields if isinstance(field, Checked)}


def sent(takes: type[Schema]) -> Fields:
    """The same fields in a document that the service sends: each is there, those without a value are null."""
    return {name: field.sent() for name, field in declared(takes).items()}


def record(takes: type[Schema], kind: str) -> Fields:
    """All fields of a stored record of a kind, in the order in which they are sent."""
    return {
        "id": Identifier(kind, f"The id of the {kind}; it never changes.", required=True),
        "version": _version(required=True),
        **sent(takes),
        "created_at": Timestamp("When it was first recorded.", required=True),
        "updated_at": Timestamp("When this version was recorded.", required=True),
        "recorded_by": Text(LONGEST_NAME, "The name of the API key that recorded it.", required=True),
    }


def patched(takes: type[Schema], *, version: bool = True) -> Fields:
    """The same fields in a JSON Merge Patch (RFC 7396): each may be left out, and null takes a value away.

    Null is refused where a record cannot be without the value. With `version`, the patch may say which version
    it was made for.
    """
    fields = declared(takes).items()
    patch: Fields = {name: field.variant(required=False, nullable=not field.required) for name, field in fields}
    if version:
        patch["version"] = _version().variant(required=False, nullable=False)
    return patch


def _version(*, required: bool = False) -> Integer:
    about = "The number of the version, counted from 1."
    return Integer(about, least=1, most=MOST_VERSIONS, required=required, examples=[1])
