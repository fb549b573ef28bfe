"""What statements are found by, and how they are shown: the parameters of lists, counts and figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from marshmallow.fields import Field

from schemas import addresses, languages
from schemas import parameters as take
from schemas import vocabulary as words
from schemas.base import settings
from schemas.edtf import PERIOD_PATTERN
from schemas.faults import Fault
from schemas.parameters import VALUE, VALUES
from schemas.queries import ListQuery, PageQuery, Query, RecordQuery, statements
from schemas.statements import SHORTHAND, StatementOut

SORTS = ("-said_on", "said_on", "-created_at", "created_at", "relevance")
_PERIOD: dict[str, Any] = {"type": "string", "pattern": PERIOD_PATTERN, "examples": ["2022-03", "2022-03-23"]}
_LANGUAGE: dict[str, Any] = {"type": "string", "pattern": languages.PATTERN, "maxLength": languages.LONGEST}
_ADDRESS: dict[str, Any] = {"type": "string", "pattern": addresses.PATTERN, "maxLength": addresses.LONGEST}
_HOST: dict[str, Any] = {"type": "string", "pattern": addresses.HOST_PATTERN, "maxLength": addresses.LONGEST_HOST}
_MOMENT: dict[str, Any] = {"type": "string", "format": "date-time", "examples": ["2026-11-22T10:00:00Z"]}


def _listed(list_of: Sequence[str], about: str) -> take.Words:
    items = {"type": "string", "enum": list(list_of)}
    return take.Words(list_of, **settings(about, **VALUES, items=items, examples=[[list_of[0]]]))


def _open(kind: type[take.Parameter], about: str, example: str, items: dict[str, Any] = VALUE) -> take.Parameter:
    return kind(**settings(about, **VALUES, items=items, examples=[[example]]))


def _flag(about: str) -> take.Flag:
    return take.Flag(**settings(about, type="boolean", examples=[True]))


# What statements are filtered by, in the order of the documentation.
FILTERS: dict[str, take.Parameter] = {
    "id": statements("Ids of statements."),
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
    "domain": _open(
        take.Hosts, "The host of the address of any appearance, or a domain above it.", "news.example", _HOST
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
    for name in (*FILTERS, "said_on", "figure"):
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
    related_to = statements("Ids of statements that it is related to.")

    def conflicts(self, data: dict[str, Any], original: Mapping[str, Any]) -> Iterator[tuple[str, Fault]]:
        """No period ends before it begins."""
        yield from super().conflicts(data, original)
        for since, until, name in (("since", "until", "from"), ("published_from", "published_to", "published_from")):
            if data.get(since) and data.get(until) and data[since][0] > data[until][1]:
                yield name, Fault("range", f"`{name}` comes after the end of the period, so nothing can match.")
        if data.get("recorded_from") and data.get("recorded_to") and data["recorded_from"] > data["recorded_to"]:
            yield "recorded_from", Fault("range", "`recorded_from` comes after `recorded_to`, so nothing can match.")


EXPANDED = ("speaker", "outlet", "reviews", "relations", "source")


# Columns of tables that are no members of the document.
_FIRST = tuple(name for name in SHORTHAND if name != "outlet")


class ViewQuery(Query):
    """How statements are shown."""

    fields_ = take.Fields(
        StatementOut,
        data_key="fields",
        beside=_FIRST,
        **settings(
            "Only these members, dotted inside objects.",
            **VALUES,
            items=VALUE,
            examples=[["id", "speaker.name"]],
        ),
    )
    expand = _listed(EXPANDED, "Whole records in place of references, and what is about the statement.")

    def conflicts(self, data: dict[str, Any], original: Mapping[str, Any]) -> Iterator[tuple[str, Fault]]:
        """What is a column only is no member."""
        yield from super().conflicts(data, original)
        if not self.layout(data).columns:
            for name in _FIRST:
                if name in (data.get("fields_") or ()):
                    detail = f"There is no field {name!r}. Did you mean appearances.{name}?"
                    yield "fields", Fault("choice", detail)


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
            "Which chance, with `sample`: the same seed gives the same sample; else 0.",
            type="integer",
            minimum=0,
            maximum=2**32 - 1,
            examples=[7],
        )
    )
    sort = take.One(
        SORTS,
        "The order: by date of speaking (newest first, or relevance first with `q`) or of recording.",
        example="said_on",
    )

    def conflicts(self, data: dict[str, Any], original: Mapping[str, Any]) -> Iterator[tuple[str, Fault]]:
        """Relevance and highlights are of something searched for, and a sample has no pages."""
        yield from super().conflicts(data, original)
        if original.get("highlight") is not None and original.get("q") is None:
            yield "highlight", Fault("conflict", "Without words to search for there is nothing to highlight; add `q`.")
        sampled = original.get("sample") is not None
        for name in ("cursor", "limit"):
            if sampled and original.get(name) is not None:
                yield "sample", Fault("conflict", f"A sample has no pages; leave out `{name}`.")
        if not sampled and original.get("seed") is not None:
            yield "seed", Fault("conflict", "A seed is that of a sample; add `sample`.")
        if data.get("sort") == "relevance" and original.get("q") is None:
            yield "sort", Fault("conflict", "Relevance needs words to be relevant to; add `q`.")


GROUPINGS = ("speaker", "outlet", "topic", "kind", "form", "lang", "status", "year", "month", "day")


class MostGroups(take.Limit):
    """How many groups, from 1 to 1,000."""

    most = 1000


class CountsQuery(StatementFilters):
    """The parameters of counts."""

    by = take.One(GROUPINGS, "What is counted by.", example="month", required=True)
    limit = MostGroups(
        **settings("How many groups; a series is not cut.", default=50, type="integer", minimum=1, maximum=1000)
    )


class FiguresQuery(StatementFilters, PageQuery):
    """The parameters of the list of figures; `figure.gte` and `figure.lte` hold of the figure itself."""

    name = _open(take.Texts, "Words of the figure's name.", "killed")
