"""Schemathesis against the application: whatever the description lets a client send is answered as it promises.

It asks every operation for its examples, for the limits of its schemas, for documents drawn at random and for
chains of requests, each rightly and wrongly, with all of its checks; on both databases, but for what `ONCE` names.
The usual run leaves the limits and the chains out and draws but a few. ONRECORD_TEST_EXAMPLES=1000 draws as many at
random for each operation in both.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import schemathesis
from flask import Flask
from schemathesis.checks import CheckContext
from schemathesis.config import SchemathesisConfig
from schemathesis.core.transport import Response
from schemathesis.engine import events, from_schema
from schemathesis.specs.openapi.checks import ignored_auth
from schemathesis.specs.openapi.schemas import OpenApiSchema

from api.app import create_app
from api.domain.core import keys
from api.domain.writing import demonstration
from api.settings import Settings
from api.storage.db import close_database

FEW, EXAMPLES = (int(os.environ.get("ONRECORD_TEST_EXAMPLES", number)) for number in (3, 8))

# What JSON Schema cannot say, so that a document may fit it and be refused: by code, the members it is said of.
BEYOND_JSON_SCHEMA = {
    "date": "any",  # lengths of months, intervals that end before they begin
    "range": "any",  # an end before its beginning, a maximum under its minimum, whole numbers that are not exact
    "language": "any",  # whether a language is registered
    "url": "any",  # lengths of labels, ports, IPv6 addresses
    "host": "any",  # the same, and names that IDNA does not take
    "blank": "any",  # text of invisible characters only
    "reference": "any",  # ids that nothing has
    "ambiguous": "any",  # names that several have
    # a digest of another text; what depends on the record; one record twice; parameters beside each other
    "conflict": "sha256 outlet url title published_on object subject into status cursor count safe excel fields "
    "expand highlight sample seed limit sort",
    "required": "attributed_as alternate_name",  # what depends on the record that is patched
    "query": "q figure name",  # texts without a word
    "choice": "fields",  # names of members, of which there are too many to list
    "empty": "any",  # values that are commas and spaces
    "line": "#",  # the lines of a body of many
    "file": "any",  # whether they can be taken apart at all
    "cursor": "cursor",  # a cursor that this service has not given
}

CONFIG: dict[str, Any] = {
    "seed": 1,
    "generation": {"max-examples": EXAMPLES, "deterministic": True, "database": "none"},
    "checks": {
        # A document that fits may meet a record that is not there, is taken, withdrawn, merged or at another version,
        # or lack the version that it is for. For 400 and 422 see refused_for_what_a_schema_cannot_say.
        "positive_data_acceptance": {
            "expected-statuses": ["2xx", "304", "308", "400", "404", "409", "410", "412", "422", "428"]
        },
        "negative_data_rejection": {
            "expected-statuses": ["400", "401", "403", "404", "405", "409", "410", "412", "413", "415", "422", "428"]
        },
        # Runs all the same, see refuses_other_keys.
        "ignored_auth": {"enabled": False},
    },
    "operations": [
        # The history of a withdrawn record stays readable with a key.
        {"include-path-regex": "/revisions", "checks": {"use_after_free": {"enabled": False}}},
    ],
}

# Operations with so many parameters or members that going through each one's limits wrongly makes most of all
# requests. Those are refused for their form, before a database is asked, and are sent with SQLite only. With both
# go their right ones, wrong ones drawn at random, and every wrong one of the other operations on these addresses.
ONCE = (
    "GET /v1/statements",
    "GET /v1/statements/counts",
    "GET /v1/figures",
    "POST /v1/statements/{id}/corrections",
    "POST /v1/sources",
    *(f"PATCH /v1/{each}/{{id}}" for each in ("statements", "sources", "reviews", "speakers", "outlets")),
)


@schemathesis.check
def refuses_other_keys(ctx: CheckContext, response: Response, case: schemathesis.Case) -> bool | None:
    """What needs a key is refused without one and with a made-up one: schemathesis's own `ignored_auth`.

    Asking an application in process, it hands werkzeug settings of sockets (seen in schemathesis 4.32).
    """
    given = ctx.internals.transport_kwargs or {}
    for name in ("max_redirects", "verify", "cert"):
        given.pop(name, None)
    return bool(ignored_auth(ctx, response, case))


@schemathesis.serializer("application/x-ndjson", "application/ndjson")
def as_lines(ctx: schemathesis.SerializationContext, value: object) -> bytes:
    """Send generated lines as they are."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


@schemathesis.check
def refused_for_what_a_schema_cannot_say(ctx: CheckContext, response: Response, case: schemathesis.Case) -> None:
    """A request that fits the description is refused only for rules that a JSON Schema cannot hold."""
    if response.status_code not in (400, 422) or not (case.meta and case.meta.generation.mode.is_positive):
        return
    sent = case.body if isinstance(case.body, dict) else {}
    if response.status_code == 400 and "version" in sent and "If-Match" in (case.headers or {}):
        return  # The two may name different versions.
    problem = response.json()
    if problem["type"] == "/problems/reused-key":
        return  # What it sent before under the same Idempotency-Key is not in the description.
    for each in problem.get("errors") or [{"code": "none", "detail": problem["detail"]}]:
        member = (each.get("parameter") or each.get("pointer", "")).split("/")[-1]
        members = BEYOND_JSON_SCHEMA.get(each["code"], "").split()
        assert "any" in members or member in members, f"{each} though the request fits the description"


class InOneThread:
    """An application that answers in a thread of its own, whoever asks.

    Schemathesis asks from threads that come and go; each would open a connection that nobody closes.
    """

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._thread = ThreadPoolExecutor(1)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        return self._thread.submit(lambda: list(self._app(environ, start_response))).result()

    def close(self) -> None:
        """Close the connection where it was opened."""
        self._thread.submit(close_database).result()
        self._thread.shutdown()


@pytest.fixture(scope="module")
def described(shared_database_url: str) -> Iterator[OpenApiSchema]:
    """The application with the demonstration, as schemathesis reads its description, and a key to everything."""
    served = InOneThread(create_app(Settings(database=shared_database_url)))
    demonstration.load()
    key, other = keys.make("alice", ["admin"]), keys.make("bob", ["admin"])
    # It must not revoke the key that it asks with.
    revoked = {"include-name": "DELETE /v1/keys/{id}", "parameters": {"id": other["id"]}}
    # What waits for a change that never comes takes its time.
    patient = {"include-name": "GET /v1/changes", "parameters": {"wait": 0}}
    again = {"include-name": list(ONCE), "phases": {"coverage": {"generation": {"mode": "positive"}}}}
    config = {
        **CONFIG,
        "headers": {"Authorization": f"Bearer {key['key']}"},
        "operations": [
            *(*CONFIG["operations"], revoked, patient),
            *([again] if shared_database_url.startswith("postgresql") else []),
        ],
    }
    schema = schemathesis.openapi.from_wsgi("/openapi.json", served, config=SchemathesisConfig.from_dict(config))
    for name in ("SourceInput", "SourcePatch"):
        # To draw text near this limit takes minutes.
        del schema.raw_schema["components"]["schemas"][name]["properties"]["text"]["maxLength"]
    yield schema
    served.close()
    close_database()


@pytest.mark.long
@pytest.mark.parametrize("shared_database_url", ["sqlite"], indirect=True)
def test_examples_and_what_is_drawn_are_answered_as_the_description_says(described: OpenApiSchema) -> None:
    described.config.generation.update(max_examples=FEW)
    # It got somewhere: into the store and out again, not only up to the first refusal.
    assert {200, 201, 204, 404} <= answers(described, "examples", "fuzzing")


@pytest.mark.thorough
@pytest.mark.long
def test_whatever_fits_the_description_or_not_is_answered_as_it_says(described: OpenApiSchema) -> None:
    described.config.generation.update(max_examples=EXAMPLES)
    # Whether two generated documents clash is a matter of chance, so 409 is left to tests/test_errors.py.
    assert {200, 201, 204, 404, 410, 412} <= answers(described, "examples", "coverage", "fuzzing", "stateful")


def answers(described: OpenApiSchema, *phases: str) -> set[int]:
    """Ask every operation and return the statuses that came back; fails where one was not as it should be."""
    described.config.phases.update(phases=list(phases))
    wrong: dict[tuple[str, str], str] = {}
    statuses: set[int] = set()
    asked = set()
    for event in from_schema(described).execute():
        if isinstance(event, events.NonFatalError | events.FatalError):
            wrong[str(event), ""] = repr(vars(event))
        if isinstance(event, events.ScenarioFinished):
            asked.add(event.label)
            statuses.update(each.response.status_code for each in event.recorder.interactions.values() if each.response)
            for check in (check for checks in event.recorder.checks.values() for check in checks):
                if check.failure_info:
                    failure = check.failure_info.failure
                    text = f"{failure.operation}: {check.name}: {failure.title}\n{failure.message}"
                    wrong.setdefault((check.name, failure.operation), f"{text}\n{check.failure_info.code_sample}")
    assert not wrong, "\n\n".join(wrong.values())
    assert {each.ok().label for each in described.get_all_operations()} <= asked
    return statuses
