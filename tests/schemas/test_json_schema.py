"""The JSON Schemas made of these classes say what they mean."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from schemas import ANSWERS, BY_NAME
from schemas.base import Checked, OpenSchema
from schemas.parts import Listed


@pytest.mark.parametrize("name", BY_NAME)
def test_every_schema_is_a_valid_json_schema(name: str, components: dict[str, Any]) -> None:
    made = components[BY_NAME[name].__name__]
    Draft202012Validator.check_schema(made)
    json.dumps(made)
    assert made["additionalProperties"] is (not name.endswith(("-input", "-patch")))


@pytest.mark.parametrize("name", BY_NAME)
def test_every_field_is_described_in_a_sentence(name: str) -> None:
    for member, field in BY_NAME[name]().fields.items():
        assert isinstance(field, Checked)
        assert field.metadata["description"].endswith("."), member


@pytest.mark.parametrize("name", BY_NAME)
def test_every_example_is_a_good_one(name: str) -> None:
    for field in BY_NAME[name]().fields.values():
        for example in field.metadata.get("examples", ()):
            field.deserialize(example)


@pytest.mark.parametrize("name", ANSWERS)
def test_the_example_of_an_answer_is_one(name: str) -> None:
    schema = ANSWERS[name]
    assert issubclass(schema, OpenSchema)
    loaded = schema().load(schema.example)
    assert {member: loaded[member] for member in schema.example} == schema.example
    assert schema().dump(loaded).items() >= schema.example.items()
    assert set(loaded) <= {*schema.example, *schema().fields}


def test_a_reference_takes_several_types_and_points_to_what_it_creates(components: dict[str, Any]) -> None:
    shapes = components["StatementIn"]["properties"]["speaker"]["anyOf"]
    assert {"$ref": "#/components/schemas/SpeakerIn"} in shapes
    assert {"type": "null"} in shapes
    assert components["AppearanceIn"]["properties"]["outlet"]["anyOf"][-1] != {"type": "null"}


def test_nothing_is_null_or_missing_that_cannot_be(components: dict[str, Any]) -> None:
    statement = components["StatementIn"]
    assert statement["required"] == ["kind", "text"]
    assert statement["properties"]["kind"]["enum"] == ["quote", "claim"]
    assert statement["properties"]["terms"]["enum"][-1] is None
    assert statement["properties"]["terms"]["default"] == "on_record"
    assert statement["properties"]["topics"]["type"] == ["array", "null"]
    sent = components["StatementOut"]
    assert sorted(sent["required"]) == sorted(sent["properties"])
    assert sent["properties"]["form"]["enum"] == ["direct", "mixed", "indirect"]
    assert sent["properties"]["said_on"]["type"] == ["string", "null"]
    assert sent["properties"]["topics"]["type"] == "array"
    assert {"type": "null"} in sent["properties"]["speaker"]["anyOf"]
    assert "required" not in components["StatementPatch"]
    assert "default" not in components["StatementPatch"]["properties"]["lang"]


def test_a_list_in_a_list_keeps_its_limits(components: dict[str, Any]) -> None:
    assert components["AppearanceIn"]["properties"]["via"]["maxItems"] == 20
    assert issubclass(Listed, Checked)
