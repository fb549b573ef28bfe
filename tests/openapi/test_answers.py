"""What the service answers can be read by the schemas that its description names: every success, every problem."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Flask
from jsonschema import Draft202012Validator
from werkzeug.test import TestResponse

from api.domain.writing import demonstration
from api.web.endpoint import PlainText
from api.web.openapi.components import by_name, components, title
from schemas import ANSWERS
from schemas.base import OpenSchema
from schemas.pages import page_of
from schemas.refusals import ProblemOut
from schemas.statements import StatementViewOut
from tests.conftest import Client, statement
from tests.routes.test_recorded import requests

# Parameters that make views of statements.
VIEWS = ("fields=", "expand=", "highlight=")


class Heard:
    """A client's answers, each with the schema that its route promises."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.read: dict[str, set[int]] = {}
        self.components = components()
        self.validators: dict[str, Draft202012Validator] = {}

    def hear(self, method: str, address: str, answer: TestResponse) -> None:
        """Read an answer by its schema, as a document of JSON and as an object, and write it again."""
        if answer.content_type == "application/problem+json":
            self.check(ProblemOut, answer.json)
        elif answer.content_type in ("application/json", "application/schema+json"):
            rule, view = self.route(method, address)
            contract = self.app.view_functions[view].contract  # type: ignore[attr-defined]
            gives = StatementViewOut if any(name in address for name in VIEWS) else contract.gives
            self.check(page_of(gives) if contract.lists else gives, answer.json)
            self.read.setdefault(f"{method} {rule}", set()).add(answer.status_code)

    def route(self, method: str, address: str) -> tuple[str, str]:
        """Return the rule and the name of the view that answers a request."""
        path, _, query = address.partition("?")
        matched, _ = self.app.url_map.bind("localhost").match(path, method, return_rule=True, query_args=query)
        return matched.rule.replace(".<suffix:suffix>", ""), matched.endpoint

    def check(self, schema: type[OpenSchema], answer: Any) -> None:
        name = title(schema)
        if name not in self.validators:
            inside = {"components": {"schemas": self.components}, "$ref": f"#/components/schemas/{name}"}
            self.validators[name] = Draft202012Validator(inside)
        assert [each.message for each in self.validators[name].iter_errors(answer)] == [], (name, answer)
        loaded = schema().load(answer)
        if isinstance(answer, dict):
            assert {member: loaded[member] for member in answer} == answer
            assert schema().dump(loaded).items() >= answer.items()
        else:
            assert schema().dump(loaded) == loaded == answer


def more(alice: Client, dora: Client) -> Iterator[tuple[Client, str, str, Any]]:
    """Yield what the recorded requests leave out."""
    made = alice.record(statement(text="Between 7,000 and 15,000 soldiers were killed.", said_on="2022-03"))
    one = f"/v1/statements/{made['id']}"
    yield alice, "POST", f"{one}/corrections", {"kind": "correction", "note": "Fewer.", "patch": {"said_on": "2022-04"}}
    yield alice, "GET", f"{one}/revisions?diff=1..2", None
    yield alice, "GET", f"{one}/similar", None
    yield alice, "POST", "/v1/check", {"text": "Between 7,000 and 15,000 soldiers were not killed [...] yesterday."}
    yield alice, "POST", "/v1/check", {"items": [{"text": "Nobody said this at all."}, {"text": made["text"]}]}
    for collection, name in (("speakers", "Antony Blinken"), ("outlets", "The Associated Press")):
        twin = alice.record({"name": f"{name}, again"}, collection)["id"]
        into = alice.get(f"/v1/{collection}?q={name}").json["data"][0]["id"]
        yield alice, "POST", f"/v1/{collection}/{twin}/merge", {"into": into, "version": 1}
        yield alice, "GET", f"/v1/{collection}/{twin}", None
        yield alice, "POST", f"/v1/{collection}/{twin}/unmerge", {}
        for path in (f"/v1/{collection}/{into}", f"/v1/{collection}/{into}/revisions/1"):
            yield alice, "GET", path, None
        yield alice, "PATCH", f"/v1/{collection}/{into}", {"aliases": ["Another name"], "version": 1}
        yield alice, "GET", f"/v1/{collection}/{into}/revisions", None
    smallest = {
        "sources": {"url": "https://news.example/another"},
        "reviews": {"statement": made["id"], "author": {"name": "Facts"}, "rating": {"rating_value": 1}},
        "relations": {
            "subject": made["id"],
            "type": "disagrees_with",
            "object": alice.record(statement(text="None were killed."))["id"],
        },
    }
    for collection, document in smallest.items():
        yield alice, "POST", f"/v1/{collection}", document
        id = alice.get(f"/v1/{collection}").json["data"][0]["id"]
        for path in ("", f"/{id}", f"/{id}/revisions", f"/{id}/revisions/1"):
            yield alice, "GET", f"/v1/{collection}{path}", None
        yield alice, "PATCH", f"/v1/{collection}/{id}", {"version": 1}
    for path in ("/v1/changes", "/v1/log/head", "/v1/log/entries/1", "/v1/me", "/livez", "/readyz", "/"):
        yield alice, "GET", path, None
    figures = {"name": "soldiers killed", "min_value": 7000, "max_value": 15000}
    yield alice, "POST", "/v1/statements", statement(text="Seven thousand.", figures=[figures])
    yield alice, "GET", "/v1/figures", None
    yield dora, "GET", "/v1/keys", None
    yield dora, "POST", "/v1/keys", {"name": "another", "scopes": ["read"]}
    yield dora, "GET", "/v1/schemas/statement.json", None
    yield dora, "GET", "/problems/invalid", None


def test_every_answer_is_read_and_written_again_by_its_schema(
    app: Flask, charlie: Client, alice: Client, dora: Client
) -> None:
    demonstration.load()
    with app.app_context():
        heard = Heard(app)
    for _, client, method, path, body, headers in requests(charlie, alice, dora):
        given = {"data": body} if isinstance(body, bytes) else {"json": body} if body is not None else {}
        heard.hear(method, path, client.open(method, path, headers=headers, **given))
    for client, method, path, body in more(alice, dora):
        heard.hear(method, path, client.open(method, path, json=body))
    assert set(heard.read) >= promised(app)
    # What is a part of others is not sent by itself.
    parts = {"Asserted", "Change", "HistoryEntry", "Key", "Match"}
    assert {title(schema) for schema in ANSWERS.values()} - parts <= set(heard.validators)


def test_every_schema_that_a_route_names_is_served(app: Flask) -> None:
    served = set(by_name().values())
    for view in app.view_functions.values():
        contract = getattr(view, "contract", None)
        if contract and isinstance(contract.gives, type):
            assert contract.gives in served
            assert not contract.lists or page_of(contract.gives) in served


def promised(app: Flask) -> set[str]:
    """Return the operations that answer with JSON."""
    found = set()
    for rule in app.url_map.iter_rules():
        contract = getattr(app.view_functions[rule.endpoint], "contract", None)
        if contract and contract.gives and not isinstance(contract.gives, PlainText) and "suffix" not in rule.arguments:
            found |= {f"{method} {rule.rule}" for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}}
    return found
