"""One decorator declares a route: who may, what comes in, what goes out; and runs each request in one order.

Permission, then what was asked before, then input, then the work, then the answer with its validators. The decorator
is kept as the view's `contract`, of which the OpenAPI document and the tests of permissions are made.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, wraps
from time import monotonic
from typing import Any, Literal

from flask import Response, abort, current_app, request
from marshmallow import ValidationError

from api import deadlines
from api.domain.core.errors import Invalid
from api.domain.core.keys import ANONYMOUS, Key
from api.domain.writing.repeats import Asked
from api.formats import registry
from api.formats.format import Format
from api.storage import db as storage
from api.web import answers, bodies, forms, parameters, preconditions, repeats, sending
from api.web.forms import Form
from api.web.keys import permit
from schemas.base import OpenSchema, Schema
from schemas.faults import problems
from schemas.queries import NoQuery, Query

View = Callable[..., Any]
# Whether a change must say which version it was made for, or may.
Conditional = bool | Literal["optional"]
# What has taken so many seconds has filled caches with what hardly anybody asks for.
_HEAVY = 0.25


@dataclass(frozen=True)
class PlainText:
    """An answer that is text: what it says, and an example."""

    about: str
    example: str


@dataclass(frozen=True, kw_only=True)
class Contract:
    """What a route promises; put above a view, it declares it.

    The view is called with the path's parts and `key`, and where the contract asks for them `body` (`takes`:
    loaded by the schema; `patches`: the merge patch as sent), `query` and `expected` (`conditional`: the
    versions that the change was made for, None for any). It returns what `answers.answer` knows to send.
    """

    # The scope that a key needs: "read" is everybody's where reading is public, None nobody has to have.
    needs: str | None = "read"
    # Keys are not even looked at, as whoever checks health has none.
    keyless: bool = False
    takes: type[Schema] | None = None
    patches: type[Schema] | None = None
    query: type[Query] = NoQuery
    # What a record, or an answer besides, is read by; text is no JSON. `lists`: a page of these.
    gives: type[OpenSchema] | PlainText | None = None
    lists: bool = False
    # A list changes only when the log does.
    logged: bool = True
    status: int = 200
    # Statuses of other successes.
    statuses: tuple[int, ...] = ()
    # Whether a change must say which version it was made for; "optional": it may.
    conditional: Conditional = False
    # A POST that writes takes an `Idempotency-Key`; where its answer shows a secret, that is remembered unreadably.
    secret: bool = False
    # The kind of record whose formats the answer comes in, where a client may choose: by a suffix of the address, by
    # `format` in the query or by the Accept header. The view returns what was selected and knows nothing of that.
    forms_of: str | None = None
    # Whether the body is a file of many records, which the view reads; it remembers its answer under what was `asked`,
    # which it is given.
    files: bool = False
    # What the work itself may refuse; what permission, parameters and body may is known.
    raises: tuple[type[Exception], ...] = ()
    # A sentence; where none is given, the first line of the view's docstring.
    summary: str = ""

    def __call__(self, view: View) -> View:
        """Return the view as it is served, with its contract."""
        contract = replace(self, summary=self.summary or (view.__doc__ or "").strip().splitlines()[0])
        # Made once, before the workers are forked.
        _ = contract.body, contract.parameters

        @wraps(view)
        def serve(**path: Any) -> Response:
            began = monotonic()
            try:
                # A write that was given up would be lost.
                with deadlines.within(math.inf if contract.writes else current_app.config["REQUEST_TIMEOUT"]):
                    return _serve(contract, view, path)
            finally:
                storage.release(much=monotonic() - began > _HEAVY)

        serve.contract = contract  # type: ignore[attr-defined]
        return serve

    @cached_property
    def body(self) -> Schema | None:
        """What reads the body: the schema of a document or of a patch."""
        schema = self.takes or self.patches
        return schema() if schema else None

    @property
    def forms(self) -> tuple[Format, ...]:
        """The formats that the answer comes in, the usual one first; none where nobody can choose."""
        return registry.answering(self.forms_of, many=self.lists) if self.forms_of else ()

    @property
    def parameters(self) -> Query:
        """What reads the query, with what formats add to it."""
        return forms.taking(self.query, registry.reading()) if self.files else forms.answered(self.query, self.forms)

    @cached_property
    def bodiless(self) -> bool:
        """Whether the body may be left out, since there is nothing in it that must be said."""
        if self.takes is None or self.body is None or "oneOf" in self.body.json_schema:
            return False
        return not any(field.required for field in self.body.load_fields.values())

    @property
    def writes(self) -> bool:
        """Whether it changes something, so that doing it twice differs from doing it once."""
        return self.needs in ("write", "admin")


# As routes say it.
endpoint = Contract


def _serve(contract: Contract, view: View, path: dict[str, Any]) -> Response:
    """Answer a request, in the one order that every request has."""
    key = ANONYMOUS if contract.keyless else permit(contract.needs)
    # Nothing has such a name, and PostgreSQL cannot even be asked for it.
    if any("\0" in part for part in path.values() if isinstance(part, str)):
        abort(404)
    if contract.files:
        request.max_content_length = bodies.MOST_BYTES_OF_LINES
    asked = _asked(contract, key)
    if asked and (known := repeats.replay(asked)):
        return known
    arguments, form = _arguments(contract, path, key)
    if contract.lists and contract.logged and (fresh := answers.unchanged(key, form)):
        return fresh
    if contract.body:
        return _write(contract, contract.body, view, arguments, path, asked)
    return _work(contract, view, arguments, asked, form)


def _arguments(contract: Contract, path: dict[str, Any], key: Key) -> tuple[dict[str, Any], Form | None]:
    """Return what a view is called with besides its body: the path's parts without a suffix, the key, the query; and
    the form that the answer shall have, where that can be chosen.
    """
    suffix = path.pop("suffix", None)
    arguments: dict[str, Any] = {**path, "key": key}
    if contract.forms:
        arguments["query"], form = parameters.read_with_form(contract.parameters, contract.forms, suffix)
        return arguments, form
    takes_none = contract.query is NoQuery
    if not takes_none or request.query_string:
        query = parameters.read(contract.parameters)
        if not takes_none:
            arguments["query"] = query
    return arguments, None


def _asked(contract: Contract, key: Key) -> Asked | None:
    return repeats.asked(key, secret=contract.secret) if contract.writes and request.method == "POST" else None


def _work(
    contract: Contract, view: View, arguments: dict[str, Any], asked: Asked | None, form: Form | None = None
) -> Response:
    if contract.files:
        # Written in parts, with what is to be remembered in the last of them.
        arguments, asked = {**arguments, "asked": asked}, None

    def work() -> Response:
        gives = contract.gives if isinstance(contract.gives, type) else Schema
        return answers.answer(contract.status, view(**arguments), form, gives)

    if contract.writes:
        return repeats.once(asked, work) if asked else work()
    return sending.admit(work())


def _write(
    contract: Contract, schema: Schema, view: View, arguments: dict[str, Any], path: dict[str, str], asked: Asked | None
) -> Response:
    sent = _body(contract)
    try:
        if contract.conditional:
            optional = contract.conditional == "optional"
            arguments["expected"] = preconditions.expected(path["id"], sent, optional=optional)
        arguments["body"] = schema.load(sent) if contract.takes else sent
        return _work(contract, view, arguments, asked)
    except ValidationError as error:
        raise Invalid([_placed(schema, each, sent) for each in problems(error)]) from None
    except Invalid as error:
        raise Invalid([_placed(schema, each, sent) for each in error.facts["errors"]]) from None


def _body(contract: Contract) -> Any:
    if contract.patches:
        sent = bodies.read((bodies.MERGE_PATCH, bodies.JSON))
        # Any other value would take the place of the whole record (RFC 7396, section 2).
        if not isinstance(sent, dict):
            raise Invalid([{"pointer": "#", "code": "type", "detail": "This must be a JSON object."}])
    elif contract.bodiless:
        sent = bodies.read_optional((bodies.JSON,))
    else:
        sent = bodies.read((bodies.JSON,))
    return sent


def _placed(schema: Schema, problem: dict[str, Any], sent: object) -> dict[str, Any]:
    """Point a problem at the member that was sent, where that stands for another (shorthand)."""
    return {**problem, "pointer": schema.locate(problem["pointer"], sent)}
