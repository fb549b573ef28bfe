"""One more type of problem is one row: the answer, its page and the description follow from it."""

from __future__ import annotations

import pytest
from flask import Blueprint, Flask

from api.domain.core.errors import Conflict, NotFound, Refused
from api.web import problems
from api.web.endpoint import endpoint
from api.web.problems import Type, type_of
from tests.conftest import Client


class Weary(Refused):
    """The presses are too tired for this."""


class Asleep(Weary):
    """They have gone to bed."""


WEARY = Type(
    "weary",
    418,
    "The presses are tired",
    "They have printed all day; `yawns` says how often they yawned.",
    raised=(Weary,),
    headers={"Retry-After": lambda error: str(error.facts["yawns"])},
    facts={"yawns": 3},
)


@pytest.fixture
def toy(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Client:
    """A client of an application with one more type of problem, which one more route may answer."""
    monkeypatch.setitem(problems.TYPES, "weary", WEARY)
    routes = Blueprint("presses", __name__)

    @routes.get("/v1/presses")
    @endpoint(needs=None, raises=(Weary,))
    def press(key: object) -> None:
        """Press."""
        raise Asleep("They yawn.", yawns=7)

    app.register_blueprint(routes)
    return Client(app)


def test_the_answer_is_as_the_row_says(toy: Client) -> None:
    answer = toy.get("/v1/presses")
    assert answer.status_code == 418
    assert answer.headers["Retry-After"] == "7"
    assert answer.json["type"] == "/problems/weary"
    assert answer.json["title"] == "The presses are tired"
    assert answer.json["detail"] == "They yawn."
    assert answer.json["yawns"] == 7


def test_it_has_a_page(toy: Client) -> None:
    assert toy.get("/problems/weary").json["detail"] == WEARY.about


def test_it_is_described_where_a_route_may_answer_it(toy: Client) -> None:
    document = toy.get("/openapi.json").json
    pages = document["paths"]["/problems/{slug}"]["get"]["parameters"][0]["schema"]["enum"]
    assert "weary" in pages
    assert document["paths"]["/v1/presses"]["get"]["responses"]["418"] == {"$ref": "#/components/responses/Problem418"}
    described = document["components"]["responses"]["Problem418"]
    assert described["description"] == "The presses are tired."
    assert "Retry-After" in described["headers"]
    example = described["content"]["application/problem+json"]["examples"]["weary"]["value"]
    assert example["yawns"] == 3


@pytest.mark.parametrize("error", [NotFound, Conflict, Refused])
def test_other_errors_are_what_they_were(toy: Client, error: type[Exception]) -> None:
    assert type_of(error).slug != "weary"


def test_no_error_has_two_types() -> None:
    raised = [each for type in problems.TYPES.values() for each in type.raised]
    assert len(set(raised)) == len(raised)
