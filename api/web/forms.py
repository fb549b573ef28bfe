"""The form of an answer, or of a file that is sent: what formats add to the parameters of an address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import new_class
from typing import Any, cast

from api.formats import registry
from api.formats.format import Format, Options, Writes
from api.formats.registry import Files, writing
from schemas import parameters as take
from schemas.faults import Fault
from schemas.queries import Layout, ListQuery, Query, RecordQuery

Formats = tuple[Format, ...]
# How many pairs of an address's parameters and formats are kept; there are as many as addresses.
_KEPT = 200


@dataclass(frozen=True, slots=True)
class Form:
    """The form that was chosen for an answer: its format, and what was said to that format's own options."""

    format: Format
    options: Options

    @property
    def writes(self) -> Writes:
        """How the answer is written."""
        return writing(self.format)


@lru_cache(_KEPT)
def answered(query: type[Query], formats: Formats) -> Query:
    """Return the parameters of an address, and with them those that choose among the formats of its answer."""
    base = next((each for each in (ListQuery, RecordQuery) if issubclass(query, each)), None)
    if base is None or not formats:
        return query()
    known = {each.suffix: each for each in formats}
    layouts = {name: _layout(each, formats[0]) for name, each in known.items()}

    def layout(self: Query, data: Mapping[str, Any]) -> Layout:
        return layouts[data.get("format") or formats[0].suffix]

    def conflicts(self: Any, data: dict[str, Any], original: Mapping[str, Any]) -> Iterator[tuple[str, Fault]]:
        yield from base.conflicts(self, data, original)
        chosen = known[data.get("format") or formats[0].suffix]
        for each in formats:
            for name, option in writing(each).options.items():
                # What says the default asks for nothing; pages that make requests from a description send it along.
                if each is not chosen and data.get(name, option.load_default) != option.load_default:
                    yield name, Fault("conflict", f"This is about {each.title} alone.")

    options = {name: option for each in formats for name, option in writing(each).options.items()}
    members = {"format": take.One(tuple(known), "The form of the answer."), **options}
    formed = _derived((base,), {**members, "layout": layout, "conflicts": conflicts})
    # Between the class and its base, so that the parameters stand where those of lists do.
    made = formed if query is base else _derived((query, formed), {})
    return _described(made())


def _derived(bases: tuple[type[Query], ...], members: dict[str, Any]) -> type[Query]:
    return cast(type[Query], new_class(bases[0].__name__, bases, exec_body=lambda its: its.update(members)))


def _layout(format: Format, first: Format) -> Layout:
    writes = writing(format)
    refused = {name: f"{name} is for pages of {first.title}." for name in writes.refuses}
    return Layout(writes.paged, writes.columns is not None, refused)


def _described(query: Query) -> Query:
    """Say of `fields` what it chooses in formats that have columns, which is the same wherever it stands."""
    field = query.fields.get("fields_")
    if field:
        tables = [each for each in registry.FORMATS if each.writes and each.writes.columns]
        said = [f"of {each.title} {writing(each).columns}" for each in tables]
        about = "; ".join([field.metadata["description"].removesuffix("."), *said])
        field.metadata = {**field.metadata, "description": f"{about}."}
    return query


def split(query: dict[str, Any], formats: Formats) -> tuple[dict[str, Any], Form]:
    """Return what selects and shows records, which is the same for every form, and the form that it goes out in."""
    chosen = query.pop("format")
    form = next(each for each in formats if each.suffix == chosen)
    options: dict[str, Any] = {}
    for each in formats:
        for name in writing(each).options:
            value = query.pop(name, None)
            if each is form:
                options[name] = value
    for name in writing(form).expands:
        if name not in (query.get("expand") or ()):
            query["expand"] = [*(query.get("expand") or ()), name]
    if "sort" in query:
        query["sort"] = query["sort"] or writing(form).sort
    return query, Form(form, options)


@lru_cache(_KEPT)
def taking(query: type[Query], files: Files) -> Query:
    """Return the parameters of an address that takes files, and with them those that say how one is to be read."""
    form = take.One(tuple(each.suffix for each, _ in files), "The form of the lines; else the Content-Type says it.")
    options = {name: option for _, reads in files for name, option in reads.options.items()}
    return _derived((query, _derived((Query,), {"format": form})), options)()
