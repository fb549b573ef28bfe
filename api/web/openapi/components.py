"""The schemas of every document and answer, under the short names that they have in the description."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import orjson

from api.domain.core.kinds import Kind
from api.domain.evidence.registry import KINDS
from api.web.openapi.plain import ANSWERS, CHANGE, HISTORY_ENTRY, PROBLEM, VIEW
from api.web.openapi.shapes import Json
from api.web.openapi.verdicts import MATCH
from schemas import BY_NAME
from schemas.assertions import AssertedOut
from schemas.base import Schema
from schemas.checks import CheckIn, QuotationIn
from schemas.corrections import CorrectionIn
from schemas.keys import KeyIn, KeyOut, NewKeyOut
from schemas.mergers import OutletMergerIn, SpeakerMergerIn, UnmergerIn
from schemas.parts import Reference
from schemas.withdrawals import WithdrawalIn

PLACE = "#/components/schemas/"
_OTHERS: tuple[type[Schema], ...] = (
    AssertedOut,
    KeyOut,
    KeyIn,
    NewKeyOut,
    WithdrawalIn,
    CorrectionIn,
    CheckIn,
    QuotationIn,
    SpeakerMergerIn,
    OutletMergerIn,
    UnmergerIn,
)
_REFERENCE = re.compile(rf'"{PLACE}([A-Za-z]+)"')
# Listed besides the records of every kind.
_LISTED = ("Asserted", "Key", "HistoryEntry", "StatementView")


def title(schema: type[Schema]) -> str:
    """Return the short name of a schema: `StatementIn` is StatementInput, `StatementOut` Statement."""
    name = schema.__name__
    return name.removesuffix("Out") if name.endswith("Out") else re.sub("In$", "Input", name)


def ref(name: str) -> Json:
    """Return the JSON that stands for a component."""
    return {"$ref": PLACE + name}


def reached(start: object) -> dict[str, Json]:
    """Return the components that a value refers to, directly or through others, sorted by name."""
    known, found, waiting = components(), set[str](), [start]
    while waiting:
        for name in _REFERENCE.findall(orjson.dumps(waiting.pop()).decode()):
            if name not in found:
                found.add(name)
                waiting.append(known[name])
    return {name: known[name] for name in sorted(found)}


def by_name() -> dict[str, type[Schema]]:
    """Return the schemas of documents by the names under which they are served."""
    return BY_NAME | {name: schema for kind in KINDS for name, schema in kind.noun.schemas().items()}


def components() -> dict[str, Json]:
    """Return all schemas by name; nobody may change them."""
    return _components(KINDS.all)


@cache
def _components(kinds: tuple[Kind, ...]) -> dict[str, Json]:
    made = {**_of_documents(), **dict(ANSWERS.values())}
    made.update(Problem=PROBLEM, HistoryEntry=HISTORY_ENTRY, Change=CHANGE, Match=MATCH)
    made["StatementView"] = VIEW
    made.update({f"{name}Page": _page(ref(name)) for name in (*(title(kind.noun.sends) for kind in kinds), *_LISTED)})
    return made


def _of_documents() -> dict[str, Json]:
    # Imported here: only whoever asks for the description pays for its making.
    from apispec import APISpec
    from apispec.ext.marshmallow import MarshmallowPlugin

    plugin = MarshmallowPlugin(schema_name_resolver=lambda schema: title(_class_of(schema)))
    spec = APISpec(title="On Record", version="1", openapi_version="3.1.0", plugins=[plugin])
    assert plugin.converter is not None
    plugin.converter.add_attribute_function(_exact_reference)  # type: ignore[no-untyped-call]
    for schema in (*by_name().values(), *_OTHERS):
        if title(schema) not in spec.components.schemas:
            spec.components.schema(title(schema), schema=schema)
    known = {title(each): each for each in _descendants(Schema)}
    made: dict[str, Json] = dict(spec.components.schemas)
    for name, shape in made.items():
        shape.update(known[name].json_schema)
        shape["description"] = (known[name].__doc__ or "").strip().splitlines()[0]
    return made


def _descendants(schema: type[Schema]) -> list[type[Schema]]:
    return [each for below in schema.__subclasses__() for each in (below, *_descendants(below))]


def _class_of(schema: Any) -> type[Schema]:
    return schema if isinstance(schema, type) else type(schema)


def _exact_reference(self: Any, field: Any, **_: Any) -> Json:
    """Describe an object to find or create by the schema of the records that it may become."""
    if not isinstance(field, Reference) or field.takes is None:
        return {}
    null = [{"type": "null"}] if field.allow_none else []
    return {"anyOf": [*field.shapes(self.resolve_nested_schema(field.takes)), *null]}


def _page(items: Json) -> Json:
    return {
        "type": "object",
        "description": "A page of a list, and where the next one begins.",
        "required": ["data", "next", "next_url", "total", "total_exact"],
        "properties": {
            "data": {"type": "array", "items": items},
            "next": {"type": ["string", "null"], "description": "The cursor of the next page."},
            "next_url": {"type": ["string", "null"], "description": "The address of the next page."},
            "total": {"type": ["integer", "null"], "description": "How many match, exactly up to 10,000."},
            "total_exact": {"type": "boolean", "description": "Whether `total` is all; if not, there are more."},
        },
    }
