"""Statements: quotes and claims, with who said them and where they were printed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from api.domain.core.errors import Conflict, Invalid
from api.domain.core.kinds import Beside, Document, Kind, Public, Rows, Tables
from api.domain.drafting import twins
from api.domain.drafting.references import Resolution
from api.domain.drafting.worlds import World
from api.domain.indexing import beside, names, quantities, words
from api.storage.db import execute_many, insert_all
from api.text.addresses import host_key, host_of
from api.text.folding import fingerprint, fold
from schemas.edtf import bounds
from schemas.statements import NOUN, SHORTHAND

# The columns of the tables of words and ids beside, after the statement's number.
_BESIDE = {"statement_url": ("url", "host"), "mention": ("record",), "topic": ("folded", "label")}


def _settle(fields: Document, resolution: Resolution) -> Document:
    settled: Document = {}
    for name, value in fields.items():
        settled[name] = value
        if name == "speaker":
            settled[name] = resolution.speaker(value, "#/speaker")
        elif name == "appearances":
            settled[name] = [_appearance(resolution, each, f"#/appearances/{i}") for i, each in enumerate(value)]
            settled["outlet"] = settled[name][0]["outlet"]
        elif name == "attributions":
            settled[name] = [
                {**each, "speaker": resolution.speaker(each["speaker"], f"#/attributions/{i}/speaker")}
                for i, each in enumerate(value)
            ]
    resolution.finish()
    settled["corrections"] = resolution.previous["corrections"] if resolution.previous else []
    return settled


def _merge(fields: Document, patch: Document) -> Document:
    """Apply a merge patch; shorthand in it changes the one appearance."""
    short = [name for name in SHORTHAND if name in patch]
    if not short or "appearances" in patch:
        return {**fields, **patch}
    if len(fields["appearances"]) > 1:
        detail = "The statement has several appearances; patch `appearances` with all of them."
        raise Invalid([{"pointer": f"#/{name}", "code": "conflict", "detail": detail} for name in short])
    rest = {name: value for name, value in patch.items() if name not in short}
    changed = {**fields["appearances"][0], **{name: patch[name] for name in short}}
    return {**fields, **rest, "appearances": [changed]}


def _appearance(resolution: Resolution, given: Document, pointer: str) -> Document:
    via = [
        {**hop, "outlet": resolution.outlet(hop["outlet"], f"{pointer}/via/{i}/outlet")}
        for i, hop in enumerate(given["via"])
    ]
    outlet = resolution.outlet(given["outlet"], f"{pointer}/outlet")
    source = resolution.held("source", given["source"], f"{pointer}/source")
    return {**given, "outlet": outlet, "via": via, "source": source}


def _refuse(document: Document, drawn: Drawn, world: World) -> None:
    """Raise Conflict where the external id is taken or the same words are held from the same place."""
    if (external := document["external_id"]) is not None:
        taken = world.holder(external)
        if taken not in (None, document["id"]):
            raise Conflict("Another statement has this external_id.", existing=existing(taken))
    if same := world.twins(document, drawn):
        raise Conflict("The same text by the same speaker from the same place is held.", existing=existing(same[0]))


def _learn(document: Document, drawn: Drawn, previous: Document | None, world: World) -> None:
    world.learn_statement(document, drawn, previous)


def existing(id: str | None) -> dict[str, str | None]:
    """Return what tells of a statement that is in the way."""
    return {"id": id, "url": f"/v1/statements/{id}"}


def _mentioned(document: Document) -> set[str]:
    """Return the ids of every speaker, outlet and source named besides the statement's own speaker and outlet."""
    return _all_named(document) - {each["id"] for each in (document["speaker"], document["outlet"]) if each}


def _tells(document: Document) -> set[str]:
    return set() if _withheld(document) else _all_named(document)


def _withheld(document: Document) -> bool:
    # The last document of one that is gone says nothing of it.
    return document.get("status") == "withheld"


def _all_named(document: Document) -> set[str]:
    others = [document["speaker"], *(each["speaker"] for each in document["attributions"])]
    for appearance in document["appearances"]:
        others += [appearance["outlet"], appearance["source"], *(hop["outlet"] for hop in appearance["via"])]
    return {each["id"] for each in others if each}


class Drawn(NamedTuple):
    """What is indexed of a statement whoever it names.

    `print` is its text's fingerprint, `columns` are others that need no more, `urls` its canonical addresses.
    """

    print: int
    columns: dict[str, object]
    said: words.Spoken
    urls: list[str]
    topics: list[tuple[str, str]]
    figures: quantities.Figures


def _draw(document: Document) -> Drawn:
    day = bounds(document["said_on"]) if document["said_on"] else (0, 0)
    printed = document["appearances"][0]["published_on"]
    published = bounds(printed) if printed else (0, 0)
    columns = {
        "said_lower": day[0],
        "said_upper": day[1],
        "lang": document["lang"].lower(),
        "published_lower": published[0],
        "published_upper": published[1],
    }
    topics = [(fold(label), label) for label in document["topics"]]
    said, urls, figures = words.spoken(document), sorted(twins.urls(document)), quantities.draw(document)
    return Drawn(fingerprint(document["text"]), columns, said, urls, topics, figures)


def _columns(n: int, document: Document, drawn: Drawn) -> dict[str, object]:
    speaker = document["speaker"]
    return {
        **drawn.columns,
        "fingerprint": drawn.print,
        "kind": document["kind"],
        "status": document["status"],
        "speaker": speaker and names.number("speaker", speaker["id"]),
        "outlet": names.number("outlet", document["outlet"]["id"]),
        "external_id": document["external_id"],
        "mentions": len(_mentioned(document)),
        "form": document["form"],
        "terms": document["terms"],
        "medium": document["medium"],
        "place": words.place(n, drawn.said),
    }


def named(fields: Document) -> Iterator[tuple[str, Document]]:
    """Yield the type of each speaker and outlet that a statement names, and what it calls them."""
    for holder in (fields, *fields["attributions"]):
        if holder["speaker"]:
            yield "speaker", holder["speaker"]
    for appearance in fields["appearances"]:
        for holder in (appearance, *appearance["via"]):
            if holder["outlet"]:
                yield "outlet", holder["outlet"]


def _rows_beside(document: Document, drawn: Drawn) -> dict[str, list[tuple[str, ...]]]:
    """Return the rows of a document in the tables of addresses, mentions and topics, without the statement's number."""
    return {
        "statement_url": [(url, host_key(host_of(url))) for url in drawn.urls],
        "mention": [(id,) for id in sorted(_mentioned(document))],
        "topic": list(drawn.topics),
    }


def _cite(documents: Iterable[Document], step: int) -> None:
    """Count published statements with their speakers and outlets, or who stands for them."""
    cited: Counter[tuple[str, str]] = Counter()
    for document in documents:
        if not _withheld(document):
            cited.update((name, document[name]["id"]) for name in ("speaker", "outlet") if document[name])
    for name in ("speaker", "outlet"):
        standing = f"SELECT coalesce(s.merged_into, s.n) FROM {name} s WHERE s.id = ?"
        counted = [(step * count, id) for (type, id), count in sorted(cited.items()) if type == name]
        execute_many(f"UPDATE {name} SET cited = cited + ? WHERE n = ({standing})", counted)


def _project(n: int, document: Document | None, previous: Document | None) -> None:
    if previous is not None:
        beside.forget(STATEMENT, [n])
        _cite([previous], -1)
        words.forget(n, previous)
    if document is not None:
        _add([(n, document, _draw(document))])


def _add(news: list[tuple[int, Document, Drawn]]) -> None:
    _cite((document for _, document, _ in news), 1)
    words.index([(n, document, drawn.said) for n, document, drawn in news])
    _index(news)


def _index_again(news: list[tuple[int, Document, Drawn]], before: list[int]) -> None:
    """Fill the tables beside statements that have no rows there, and index their words anew.

    They stood in the search index at the places `before`. Who is cited is not counted again.
    """
    words.index_again([(n, document, drawn.said) for n, document, drawn in news], before)
    _index(news)


def _index(news: list[tuple[int, Document, Drawn]]) -> None:
    found: dict[str, list[tuple[object, ...]]] = {table: [] for table in _BESIDE}
    for n, document, drawn in news:
        for table, each_row in _rows_beside(document, drawn).items():
            found[table] += [(n, *each) for each in each_row]
    for table, columns in _BESIDE.items():
        insert_all(table, ("statement", *columns), found[table])
    quantities.index([(n, document, drawn.figures) for n, document, drawn in news])


def _rows(n: int, document: Document) -> Rows:
    figures = quantities.rows_beside(document)
    return {
        **_rows_beside(document, _draw(document)),
        "figure": [tuple(columns.values()) for columns, _ in figures],
        "figure_word": [(columns["id"], word) for columns, said in figures for word in said],
    }


_TABLES = Tables(
    declared=(
        *(beside.by_number(table, "statement", ", ".join(columns)) for table, columns in _BESIDE.items()),
        Beside(
            "figure_word",
            "figure IN (SELECT f.n FROM figure f WHERE f.statement IN ({numbers}))",
            "SELECT (SELECT f.statement FROM figure f WHERE f.n = figure), "
            "(SELECT f.id FROM figure f WHERE f.n = figure), word FROM figure_word",
            "NOT EXISTS (SELECT 1 FROM figure r WHERE r.n = figure_word.figure)",
        ),
        beside.by_number("figure", "statement", "id, lower, upper, said_lower, document"),
    ),
    project=_project,
    add=_add,
    rows=_rows,
)
STATEMENT = Kind(
    noun=NOUN,
    settle=_settle,
    merge=_merge,
    draw=_draw,
    columns=_columns,
    refuse=_refuse,
    learn=_learn,
    tables=_TABLES,
    derived=("outlet", "corrections"),
    names=("speaker", "outlet"),
    mentions=("speaker", "outlet", "source"),
    expands={
        "speaker": lambda document: document["speaker"],
        "outlet": lambda document: document["outlet"],
        "source": lambda document: document["appearances"][0]["source"],
    },
    searched=_index_again,
    public=Public(when="{row}.status <> 'withheld'", withheld=_withheld, tells=_tells),
)
