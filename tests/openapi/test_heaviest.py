"""The heaviest requests that are known: one of every operation, so that none is forgotten when they are measured."""

from __future__ import annotations

from typing import Any

from tests.faults.heavy import HEAVIEST


def test_of_every_operation_the_heaviest_request_is_known(document: dict[str, Any]) -> None:
    methods = ("get", "post", "patch", "put", "delete")
    operations = {
        f"{method.upper()} {path}"
        for path, operations in document["paths"].items()
        for method in operations
        if method in methods
    }
    assert {each.route for each in HEAVIEST} == operations
