"""What the application can be asked: its routes with their contracts, and what the document says of each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from flask import current_app
from werkzeug.routing import Rule

from api.domain.core.kinds import Kind
from api.domain.evidence.registry import KINDS
from api.formats.registry import writing
from api.web.endpoint import Contract
from schemas.answers import Answer
from schemas.log import RevisionsOut
from schemas.vocabulary import PREFIXES

_METHODS = ("GET", "POST", "PATCH", "DELETE")
_VARIABLE = re.compile(r"<(?:[^<>:]*:)?(\w+)>")
_BY_IF_MATCH = (
    "Say which version the change is for, by `If-Match` with the record's ETag or by `version` in the body; "
    "`If-Match: *` changes whatever is there now."
)
_MAY_IF_MATCH = (
    "It may say which version it is for, by `If-Match` with the record's ETag or by `version` in the body; "
    "it is refused where the record has moved on."
)
_PAGED = "The answer comes in pages: `next_url` leads to the page after."
_STREAMED = "As {} it is every match, streamed from one state of the data; a failure breaks the connection."
_IN_FORMS = "The form is chosen by a suffix of the address ({}), else by `format`, else by the Accept header."


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one route."""

    rule: Rule
    method: str
    contract: Contract

    @property
    def path(self) -> str:
        """The path as OpenAPI writes it, its variables in braces."""
        return _VARIABLE.sub(r"{\1}", self.rule.rule)

    @property
    def id(self) -> str:
        """A name of its own, such as statements_record."""
        return str(self.rule.endpoint).replace(".", "_").rstrip("_")

    @property
    def tag(self) -> str:
        """The resource it belongs to, such as statements."""
        return str(self.rule.endpoint).split(".")[0]

    @property
    def noun(self) -> str:
        """What the resource has many of, such as statement; empty where it has no ids."""
        if kind := KINDS.by_plural().get(self.tag):
            return kind.name
        noun = self.tag.removesuffix("s")
        return noun if noun in PREFIXES else ""

    @property
    def conditional_read(self) -> bool:
        """Whether it compares `If-None-Match`: lists, single records and their histories do."""
        return self.method == "GET" and (self.sends_records or self.contract.gives is RevisionsOut)

    @property
    def sends_records(self) -> bool:
        """Whether it sends records, alone or as a page of them."""
        gives = self.contract.gives
        return isinstance(gives, type) and not issubclass(gives, Answer)

    @property
    def repeatable(self) -> bool:
        """Whether it takes an Idempotency-Key: every POST that writes does."""
        return self.method == "POST" and self.contract.writes

    @property
    def about(self) -> str:
        """Who may, and what there is to know, in a few sentences."""
        needs, public = self.contract.needs, current_app.config["PUBLIC_READ"]
        says = ["Needs no key."]
        if needs == "read":
            says = ["Needs no key; with one it also shows what is withheld." if public else "Needs a key."]
        elif needs:
            says = [f"Needs a key with the scope `{needs}`."]
        if "cursor" in self.contract.parameters.load_fields:
            says.append(_PAGED)
        streamed = [each.title for each in self.contract.forms if self.contract.lists and not writing(each).paged]
        if streamed:
            says.append(_STREAMED.format(" or ".join(filter(None, [", ".join(streamed[:-1]), streamed[-1]]))))
        if self.contract.forms:
            says.append(_IN_FORMS.format(", ".join(f"`.{form.suffix}`" for form in self.contract.forms)))
        if self.contract.conditional:
            says.append(_MAY_IF_MATCH if self.contract.conditional == "optional" else _BY_IF_MATCH)
        return " ".join(says)

    @property
    def security(self) -> list[dict[str, list[str]]]:
        """OpenAPI's security requirements: with OpenAPI 3.1 a bearer key may name the role it needs."""
        needs = self.contract.needs
        if self.contract.keyless:
            return []
        if needs is None or (needs == "read" and current_app.config["PUBLIC_READ"]):
            return [{}, {"key": []}]
        return [{"key": [needs]}]


def collections() -> list[Kind]:
    """Return the kinds of records that the application has routes for, in the order of these."""
    kinds = KINDS.by_plural()
    return [kinds[name] for name in current_app.blueprints if name in kinds]


def operations() -> Iterator[Operation]:
    """Yield every operation of the application in the order of paths; what has no contract is left out."""
    for rule in sorted(current_app.url_map.iter_rules(), key=lambda rule: (rule.rule, rule.endpoint)):
        contract = getattr(current_app.view_functions[rule.endpoint], "contract", None)
        # An address with a suffix is the same operation in one of its forms.
        if contract is not None and "suffix" not in rule.arguments:
            for method in _METHODS:
                if method in (rule.methods or ()):
                    yield Operation(rule, method, contract)
