"""The schemas of every document and answer, under the short names that they have in the description."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import orjson

from api.domain.core.kinds import Kind
from api.domain.evidence.registry import KINDS
from api.web.openapi.shapes import Json
from schemas import ANSWERS, BY_NAME
from schemas.answers import Either
from schemas.base import Schema
from schemas.checks import CheckIn, QuotationIn
from schemas.corrections import CorrectionIn
from schemas.keys import KeyIn
from schemas.mergers import UnmergerIn
from schemas.parts import Reference
from schemas.withdrawals import WithdrawalIn

PLACE = "#/components/schemas/"
_OTHERS: tuple[type[Schema], ...] = (
    KeyIn,
    WithdrawalIn,
    CorrectionIn,
    CheckIn,
    QuotationIn,
    UnmergerIn,
)
_REFERENCE = re.compile(rf'"{PLACE}([A-Za-z]+)"')


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
    """Return the schemas of documents and answers by the names under which they are served."""
    return BY_NAME | ANSWERS | {name: schema for kind in KINDS for name, schema in kind.noun.schemas().items()}


def components() -> dict[str, Json]:
    """Return all schemas by name; nobody may change them."""
    return _components(KINDS.all)


@cache
def _components(kinds: tuple[Kind, ...]) -> dict[str, Json]:
    # Imported here: only whoever asks for the description pays for its making.
    from apispec import APISpec
    from apispec.ext.marshmallow import MarshmallowPlugin

    plugin = MarshmallowPlugin(schema_name_resolver=lambda schema: title(_class_of(schema)))
    spec = APISpec(title="On Record", version="1", openapi_version="3.1.0", plugins=[plugin])
    assert plugin.converter is not None
    plugin.converter.add_attribute_function(_exact_reference)  # type: ignore[no-untyped-call]
    mergers = (kind.noun.merges for kind in kinds if kind.noun.merges)
    for schema in (*by_name().values(), *_OTHERS, *mergers):
        if issubclass(schema, Either):
            shapes = [plugin.converter.resolve_nested_schema(shape) for shape in schema.shapes]  # type: ignore[no-untyped-call]
            spec.components.schema(title(schema), {"anyOf": shapes})
        elif title(schema) not in spec.components.schemas:
            spec.components.schema(title(schema), schema=schema)
    known = {title(each): each for each in _descendants(Schema)}
    made: dict[str, Json] = dict(spec.components.schemas)
    for name, shape in made.items():
        shape.update(known[name].json_schema)
        shape["description"] = about(known[name])
    return made


def about(schema: type[Schema]) -> str:
    """Return what a schema is of: the first paragraph of its docstring, on one line."""
    return " ".join((schema.__doc__ or "").partition("\n\n")[0].split())


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
