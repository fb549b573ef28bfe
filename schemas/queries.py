"""What may stand behind the question mark of each address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from marshmallow import post_load
from marshmallow.fields import Field

from schemas import addresses, languages
from schemas import parameters as take
from schemas import vocabulary as words
from schemas.base import Schema, settings
from schemas.edtf import PERIOD_PATTERN
from schemas.faults import Fault, echo, near
from schemas.parameters import LONGEST_VALUE, VALUE, VALUES
from schemas.parts import id_pattern
from schemas.statements import StatementOut

SORTS = ("-said_on", "said_on", "-created_at", "created_at", "relevance")
COUNTS = ("exact", "estimated", "none")
# The forms of a list: pages of JSON, or every match as a stream.
FORMS = ("json", "ndjson", "csv")
PAGES = "json"
_PERIOD: dict[str, Any] = {"type": "string", "pattern": PERIOD_PATTERN, "examples": ["2022-03", "2022-03-23"]}
_LANGUAGE: dict[str, Any] = {"type": "string", "pattern": languages.PATTERN, "maxLength": languages.LONGEST}
_ADDRESS: dict[str, Any] = {"type": "string", "pattern": addresses.PATTERN, "maxLength": LONGEST_VALUE}
_MOMENT: dict[str, Any] = {"type": "string", "format": "date-time", "examples": ["2026-11-22T10:00:00Z"]}


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

    format = take.One((PAGES,), **settings("The form of the answer.", type="string", enum=[PAGES], examples=[PAGES]))


class NoQuery(Query):
    """No parameters at all."""

    def _stranger(self, key: object, known: Sequence[str]) -> Fault:
        return Fault("unknown", f"This address takes no parameters, so not {echo(key)!r} either.")


class PageQuery(Query):
    """The parameters of every list."""

    limit = take.Limit(**settings("How many records a page holds.", default=50, type="integer", minimum=1, maximum=200))
    cursor = take.Parameter(**settings("Where the page begins: `next` of the page before.", **VALUE))
    count = take.One(
        COUNTS,
        **settings(
            "How the total is counted: exact; estimated (exact to 10,000, the default); none.",
            type="string",
            enum=list(COUNTS),
            examples=["none"],
        ),
    )


class Cap(take.Limit):
    """How many at most: on a page what a page holds, in a stream any number."""

    default_error_messages = {
        "range": "This takes a whole number from 1, on a page up to 200; it is never cut down to fit."
    }
    most = 10**18 - 1


class ListQuery(PageQuery):
    """The parameters of a list that is sent as pages, or whole as a stream.

    Loaded with `format` saying which, also where the address or a header chose it.
    """

    limit = Cap(
        **settings(
            "How many records: on a page 1 to 200, or else 50; in a stream any number, or else all.",
            type="integer",
            minimum=1,
            examples=[50],
        )
    )
    format = take.One(FORMS, **settings("The form of the answer.", type="string", enum=list(FORMS), examples=[PAGES]))
    safe = take.Flag(
        **settings(
            "Whether a cell of CSV that looks like a formula gets an apostrophe in front.",
            default=True,
            type="boolean",
            examples=[True],
        )
    )
    excel = take.Flag(
        **settings(
            "Whether CSV begins with a byte order mark, by which Excel knows UTF-8.",
            default=False,
            type="boolean",
            examples=[True],
        )
    )

    def conflicts(self, data: dict[str, Any], original: Mapping[str, Any]) -> Iterator[tuple[str, Fault]]:
        """Pages have a size, a cursor and a total, streams none of these; and not all of them are CSV."""
        yield from super().conflicts(data, original)
        form = data.get("format") or PAGES
        if form == PAGES and (data.get("limit") or 0) > take.Limit.most:
            yield "limit", Fault("range", str(take.Limit.default_error_messages["range"]).format(most=take.Limit.most))
        if form != PAGES:
            for name, of_pages in (("cursor", "pages"), ("count", "total")):
                if original.get(name) is not None:
                    yield name, Fault("conflict", f"A stream has no {of_pages}.")
        if form != "csv":
            # What says the default asks for nothing; pages that make requests from a description send it along.
            for name, default in (("safe", True), ("excel", False)):
                if data.get(name, default) != default:
                    yield name, Fault("conflict", "This is about CSV alone.")

    @post_load
    def _finish(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        data["format"] = data.get("format") or PAGES
        if data["format"] == PAGES:
            data["limit"] = data.get("limit") or 50
        return data


def _listed(list_of: Sequence[str], about: str) -> take.Words:
    items = {"type": "string", "enum": list(list_of)}
    return take.Words(list_of, **settings(about, **VALUES, items=items, examples=[[list_of[0]]]))


def _open(kind: type[take.Parameter], about: str, example: str, items: dict[str, Any] = VALUE) -> take.Parameter:
    return kind(**settings(about, **VALUES, items=items, examples=[[example]]))


def _statements(about: str) -> take.Ids:
    items = {"type": "string", "pattern": id_pattern("statement")}
    return take.Ids(
        "statement", **settings(about, **VALUES, items=items, examples=[["stm_01kayv5q3nf8r8d2xq1n6z0t4y"]])
    )


def _flag(about: str) -> take.Flag:
    return take.Flag(**settings(about, type="boolean", examples=[True]))


# What statements are filtered by, in the order of the documentation.
FILTERS: dict[str, take.Parameter] = {
    "id": _statements("Ids of statements."),
    "kind": _listed(words.KINDS, "Quotes, claims or both."),
    "form": _listed(words.FORMS, "How it was printed."),
    "lang": _open(take.Languages, "The language, BCP 47; `en` takes `en-US` too.", "en", _LANGUAGE),
    "speaker": _open(take.Names, "Who said it: ids, names or aliases.", "Antony Blinken"),
    "outlet": _open(take.Names, "Where it was printed first: ids, names or aliases.", "AP"),
    "topic": _open(take.Names, "What it is about, without case.", "war crimes"),
    "status": _listed(words.STATUSES, "Published, withheld or retracted."),
    "terms": _listed(words.TERMS, "The terms of attribution."),
    "medium": _listed(words.MEDIA, "By what means it was said."),
    "url": _open(
        take.Addresses, "The address of any appearance.", "https://news.example/2022/03/23/accountability", _ADDRESS
    ),
    "external_id": _open(take.Texts, "The recorder's own id.", "demo:nato-killed"),
}


def _filters() -> dict[str, Field[Any]]:
    found: dict[str, Field[Any]] = dict(FILTERS)
    for name, field in FILTERS.items():
        but = field.variant(required=False, nullable=True, default=None)
        but.data_key = f"{name}.not"
        but.metadata = {**field.metadata, "description": f"Not these; records without a {name} are kept."}
        found[f"{name}_not"] = but
    for name in (*FILTERS, "figure"):
        flag = _flag(f"Whether it has a {name}.")
        flag.data_key = f"{name}.exists"
        found[f"{name}_exists"] = flag
    return found


class StatementFilters(Query):
    """What statements are found by; shared by lists, counts, figures and streams."""

    class Meta(Query.Meta):
        include = _filters()

    q = take.Parameter(
        **settings(
            'Words to search for: all of them; "a phrase"; -without; one OR other; beginning*.',
            **VALUE,
            examples=['"war crimes" -putin'],
        )
    )
    # `from` is a word of Python's own, so the two have other names here.
    since = take.Period(data_key="from", **settings("Said in this period or later.", **_PERIOD))
    until = take.Period(data_key="to", **settings("Said in this period or earlier.", **_PERIOD))
    published_from = take.Period(**settings("First printed in this period or later.", **_PERIOD))
    published_to = take.Period(**settings("First printed in this period or earlier.", **_PERIOD))
    recorded_from = take.Moment(**settings("Recorded at this moment or later.", **_MOMENT))
    recorded_to = take.Moment(**settings("Recorded at this moment or earlier.", **_MOMENT))
    figure = _open(take.Texts, "Has a figure with these words in its name.", "killed")
    figure_gte = take.Amount(
        data_key="figure.gte", **settings("Has a figure that may be this or more.", type="number", examples=[10000])
    )
    figure_lte = take.Amount(
        data_key="figure.lte", **settings("Has a figure that may be this or less.", type="number", examples=[10000])
    )
    reviewed = _flag("Whether a fact-checker's review of it is held.")
    related_to = _statements("Ids of statements that it is related to.")

    def conflicts(self, data: dict[str, Any], original: Mapping[str, Any]) -> Iterator[tuple[str, Fault]]:
        """No period ends before it begins."""
        yield from super().conflicts(data, original)
        for since, until, name in (("since", "until", "from"), ("published_from", "published_to", "published_from")):
            if data.get(since) and data.get(until) and data[since][0] > data[until][1]:
                yield name, Fault("range", f"`{name}` comes after the end of the period, so nothing can match.")
        if data.get("recorded_from") and data.get("recorded_to") and data["recorded_from"] > data["recorded_to"]:
            yield "recorded_from", Fault("range", "`recorded_from` comes after `recorded_to`, so nothing can match.")


EXPANDED = ("speaker", "outlet", "reviews", "relations", "source")


class ViewQuery(Query):
    """How statements are shown."""

    fields_ = take.Fields(
        StatementOut,
        data_key="fields",
        **settings(
            "Only these members, dotted inside objects.", **VALUES, items=VALUE, examples=[["id", "speaker.name"]]
        ),
    )
    expand = _listed(EXPANDED, "Whole records in place of references, and what is about the statement.")


class StatementQuery(ViewQuery, RecordQuery):
    """The parameters of one statement."""


class StatementsQuery(StatementFilters, ViewQuery, ListQuery):
    """The parameters of the list of statements."""

    highlight = _flag("With `q`: where in the record the words stand.")
    sample = take.Limit(
        **settings(
            "So many records by chance instead of a page.", type="integer", minimum=1, maximum=200, examples=[20]
        )
    )
    seed = take.Seed(
        **settings(
            "Which chance: the same seed gives the same sample.",
            default=0,
            type="integer",
            minimum=0,
            maximum=2**32 - 1,
            examples=[7],
        )
    )
    sort = take.One(
        SORTS,
        **settings(
            "The order: by date of speaking (newest first, or relevance first with `q`) or of recording.",
            type="string",
            enum=list(SORTS),
            examples=["said_on"],
        ),
    )

    def conflicts(self, data: dict[str, Any], original: Mapping[str, Any]) -> Iterator[tuple[str, Fault]]:
        """Relevance and highlights are of something searched for, and a sample has no pages."""
        yield from super().conflicts(data, original)
        if original.get("highlight") is not None and original.get("q") is None:
            yield "highlight", Fault("conflict", "Without words to search for there is nothing to highlight; add `q`.")
        if original.get("sample") is not None and original.get("cursor") is not None:
            yield "sample", Fault("conflict", "A sample has no pages; leave out `cursor`.")
        # A table has the columns of the whole record, and a sample is a page.
        views = {"csv": ("fields", "expand", "highlight", "sample"), "ndjson": ("sample",)}
        for name in views.get(data.get("format") or PAGES, ()):
            if original.get(name) is not None:
                yield name, Fault("conflict", f"{name} is for pages of JSON.")
        if data.get("sort") == "relevance" and original.get("q") is None:
            yield "sort", Fault("conflict", "Relevance needs words to be relevant to; add `q`.")


# What is done with a line of a statement that is held already.
CONFLICTS = ("error", "skip", "update")
FILES = ("ndjson", "csv")


class BulkQuery(Query):
    """The parameters of many statements at once."""

    format = take.One(
        FILES,
        **settings(
            "The form of the lines; else the Content-Type says it.",
            type="string",
            enum=list(FILES),
            examples=["ndjson"],
        ),
    )
    on_conflict = take.One(
        CONFLICTS,
        **settings(
            "What is done with a line whose `external_id` is held: it fails, is left out, or changes what is held.",
            default="error",
            type="string",
            enum=list(CONFLICTS),
            examples=["update"],
        ),
    )
    atomic = take.Flag(**settings("Whether one bad line refuses all.", default=False, type="boolean", examples=[True]))
    dry_run = take.Flag(
        **settings("Whether it is only tried, and nothing stored.", default=False, type="boolean", examples=[True])
    )


GROUPINGS = ("speaker", "outlet", "topic", "kind", "form", "lang", "status", "year", "month", "day")


class MostGroups(take.Limit):
    """How many groups, from 1 to 1,000."""

    most = 1000


class CountsQuery(StatementFilters):
    """The parameters of counts."""

    by = take.One(
        GROUPINGS,
        required=True,
        metadata={
            "description": "What is counted by.",
            "type": "string",
            "enum": list(GROUPINGS),
            "examples": ["month"],
        },
    )
    limit = MostGroups(**settings("How many groups are listed.", default=50, type="integer", minimum=1, maximum=1000))


class FiguresQuery(StatementFilters, PageQuery):
    """The parameters of the list of figures; `figure.gte` and `figure.lte` hold of the figure itself."""

    name = _open(take.Texts, "Words of the figure's name.", "killed")


class NamesQuery(ListQuery):
    """The parameters of the lists of speakers and outlets."""

    q = take.Parameter(
        **settings("The beginning of any word of a name or alias, as one types it.", **VALUE, examples=["vot"])
    )


class AboutQuery(ListQuery):
    """The parameters of lists of what is about statements: reviews and relations."""

    statement = _statements("Ids of statements that it is about.")


class RevisionsQuery(PageQuery):
    """The parameters of a record's history."""

    diff = take.Versions(
        **settings(
            "Two versions; the answer is the JSON Patch from one to the other.",
            type="string",
            pattern=r"^[0-9]{1,9}\.\.[0-9]{1,9}$",
            examples=["1..2"],
        )
    )


class MostChanges(take.Limit):
    """How many changes, from 1 to 1,000."""

    most = 1000


class ChangesQuery(Query):
    """The parameters of the change feed."""

    since = take.Position(
        **settings(
            "The sequence number after which to begin: `last` of the answer before; or `now`.",
            default=0,
            anyOf=[{"type": "integer", "minimum": 0, "maximum": take.Position.most}, {"const": "now"}],
            examples=[0],
        )
    )
    limit = MostChanges(
        **settings("How many changes at most.", default=100, type="integer", minimum=1, maximum=1000, examples=[100])
    )
    wait = take.Wait(
        **settings(
            "How many seconds to wait for a change where there is none yet.",
            default=0,
            type="integer",
            minimum=0,
            maximum=25,
            examples=[0],
        )
    )
