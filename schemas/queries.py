"""What may stand behind the question mark of each address; of statements, see `filters`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from marshmallow import post_load

from schemas import parameters as take
from schemas.base import Schema, settings
from schemas.faults import Fault, echo, near
from schemas.parameters import VALUE, VALUES
from schemas.parts import id_pattern

COUNTS = ("exact", "estimated", "none")


class Layout(NamedTuple):
    """What of the form of an answer its parameters depend on.

    Whether a list comes in pages, or else whole as a stream; whether it has columns, which are more than the members of
    documents; and which parameters are refused for it, with the reasons.
    """

    paged: bool = True
    columns: bool = False
    refused: Mapping[str, str] = MappingProxyType({})


class Query(Schema):
    """Parameters of a request: known ones only, all mistakes at once."""

    read_only = frozenset()
    error_messages = {**Schema.error_messages, "unknown": Fault("unknown", "There is no such parameter.")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._names = {field.data_key or name: name for name, field in self.fields.items()}
        self._needed = {name for name, field in self.fields.items() if field.required}
        self._absent = self.defaults()

    def load(self, data: Any, **kwargs: Any) -> Any:
        """Return what all parameters mean: those that were sent are read, the others have their defaults.

        Marshmallow looks at every field of a schema; of sixty parameters a request sends three.
        """
        sent = {self._names[name] for name in data if name in self._names}
        return {**self._absent, **_part(type(self), frozenset(sent | self._needed)).read(data, **kwargs)}

    def read(self, data: Any, **kwargs: Any) -> dict[str, Any]:
        """Return what this schema's own fields mean."""
        return super().load(data, **kwargs)  # type: ignore[no-any-return]

    def layout(self, data: Mapping[str, Any]) -> Layout:
        """What the answer will be like; pages, unless somebody adds parameters by which other forms are chosen."""
        return Layout()

    def conflicts(self, data: dict[str, Any], original: Mapping[str, Any]) -> Iterator[tuple[str, Fault]]:
        """What means nothing to the form of the answer is refused."""
        yield from super().conflicts(data, original)
        for name, detail in self.layout(data).refused.items():
            if original.get(name) is not None:
                yield name, Fault("conflict", detail)

    def _stranger(self, key: object, known: Sequence[str]) -> Fault:
        # Without those that only turn another one round, since a hundred of these must fit into an answer.
        plain = ", ".join(name for name in known if not name.endswith((".not", ".exists")))
        hint = "" if near(str(key), known) else f" There are: {plain}."
        return Fault("unknown", f"There is no parameter {echo(key)!r} here.{hint}", meant=(str(key), known))


@lru_cache(maxsize=1000)
def _part(query: type[Query], names: frozenset[str]) -> Query:
    """Return the schema of some of a query's parameters."""
    return query(only=names)


class RecordQuery(Query):
    """The parameters of one record."""


class NoQuery(Query):
    """No parameters at all."""

    def _stranger(self, key: object, known: Sequence[str]) -> Fault:
        return Fault("unknown", f"This address takes no parameters, so not {echo(key)!r} either.")


class PageQuery(Query):
    """The parameters of every list."""

    limit = take.Limit(**settings("How many records a page holds.", default=50, type="integer", minimum=1, maximum=200))
    cursor = take.Parameter(**settings("Where the page begins: `next` of the page before.", **VALUE))
    count = take.One(
        COUNTS, "How the total is counted: exact; estimated (exact to 10,000, the default); none.", example="none"
    )


class Cap(take.Limit):
    """How many at most: on a page what a page holds, in a stream any number."""

    default_error_messages = {
        "range": "This takes a whole number from 1, on a page up to 200; it is never cut down to fit."
    }
    most = 10**18 - 1


class ListQuery(PageQuery):
    """The parameters of a list that is sent as pages, or whole as a stream, as its `layout` is."""

    limit = Cap(
        **settings(
            "How many records: on a page 1 to 200, or else 50; in a stream any number, or else all.",
            type="integer",
            minimum=1,
            examples=[50],
        )
    )

    def conflicts(self, data: dict[str, Any], original: Mapping[str, Any]) -> Iterator[tuple[str, Fault]]:
        """Pages have a size, a cursor and a total, streams none of these."""
        yield from super().conflicts(data, original)
        if self.layout(data).paged:
            if (data.get("limit") or 0) > take.Limit.most:
                detail = str(take.Limit.default_error_messages["range"]).format(most=take.Limit.most)
                yield "limit", Fault("range", detail)
            return
        for name, of_pages in (("cursor", "pages"), ("count", "total")):
            if original.get(name) is not None:
                yield name, Fault("conflict", f"A stream has no {of_pages}.")

    @post_load
    def _finish(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        if self.layout(data).paged:
            data["limit"] = data.get("limit") or 50
        return data


def statements(about: str) -> take.Ids:
    """Return the parameter that takes ids of statements, described so."""
    items = {"type": "string", "pattern": id_pattern("statement")}
    return take.Ids(
        "statement", **settings(about, **VALUES, items=items, examples=[["stm_01kayv5q3nf8r8d2xq1n6z0t4y"]])
    )


class NamesQuery(ListQuery):
    """The parameters of the lists of speakers and outlets."""

    q = take.Parameter(
        **settings("The beginning of any word of a name or alias, as one types it.", **VALUE, examples=["vot"])
    )


class AboutQuery(ListQuery):
    """The parameters of lists of what is about statements: reviews and relations."""

    statement = statements("Ids of statements that it is about.")


class RevisionsQuery(PageQuery):
    """The parameters of a record's history."""

    diff = take.Versions(
        **settings(
            "Two versions; the answer is the JSON Patch from one to the other.",
            type="string",
            pattern=r"^(?:0|[1-9][0-9]{0,8})\.\.(?:0|[1-9][0-9]{0,8})$",
            examples=["1..2"],
        )
    )
