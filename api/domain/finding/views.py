"""Sparse fieldsets and expanded records, documents as one request wants them: some fields only, other records in place,
what matched marked.

Whoever asks for none of this is sent the stored documents untouched.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import orjson

from api import deadlines
from api.domain.core.keys import Key
from api.domain.core.kinds import Document, Kind
from api.domain.evidence.registry import KINDS
from api.domain.reading import splicing
from api.domain.reading.stored import visible, without_secret
from api.storage.db import rows
from api.text.highlighting import Marker
from api.text.queries import Query, parse
from schemas.statements import SHORTHAND

_HIGHLIGHTED = ("text", "attributed_as", "context")
# What columns of tables show that are no members of the document.
_COLUMNS = {name: f"appearances.{name}" for name in SHORTHAND if name != "outlet"}


def shaped(kind: Kind, text: str, query: dict[str, Any], reader: Key) -> str:
    """Return documents, one a line, as a validated query wants them.

    There is one query for each kind that is expanded, not for each row.
    """
    if not text or not (query.get("expand") or query.get("fields_") or query.get("highlight")):
        return text
    documents = [orjson.loads(line) for line in text.split("\n")]
    for name in query.get("expand") or ():
        _expand(kind, documents, name, reader)
    if query.get("highlight") and query.get("q"):
        _highlight(documents, parse(query["q"]), query.get("lang") or ["en"])
    if query.get("fields_"):
        kept = [_COLUMNS.get(name, name) for name in query["fields_"]]
        kept += [*(query.get("expand") or ()), "highlight"]
        documents = [_picked(document, _tree(kept)) for document in documents]
    return "\n".join(orjson.dumps(document).decode() for document in documents)


def _expand(kind: Kind, documents: list[Document], name: str, reader: Key) -> None:
    """Put other records in place: those of a kind that a document names, or those of a plural that are about it."""
    if name not in kind.expands:
        found = _about(KINDS.by_plural()[name], [document["id"] for document in documents], reader)
        for document in documents:
            document[name] = found.get(document["id"], [])
        return
    named = {document["id"]: kind.expands[name](document) for document in documents}
    ids = {id: given["id"] for id, given in named.items() if given}
    whole = _records(KINDS[name], ids.values(), reader)
    for document in documents:
        document[name] = whole.get(ids.get(document["id"], ""), document.get(name))


def _records(kind: Kind, ids: Iterable[str], reader: Key) -> dict[str, Document]:
    wanted = sorted(set(ids))
    found: dict[str, Document] = {}
    for start in range(0, len(wanted), 500):
        part = wanted[start : start + 500]
        condition = f"t.id IN ({', '.join('?' * len(part))})"
        found.update((document["id"], document) for document in _read(kind, condition, part, reader))
    return found


def _read(kind: Kind, condition: str, parameters: list[str], reader: Key) -> list[Document]:
    sql = f"SELECT {splicing.columns(kind)} FROM {kind.name} t{splicing.joins(kind)} WHERE {condition} ORDER BY t.id"
    lines = without_secret(kind, "\n".join(splicing.documents(kind, rows(sql, parameters))), reader)
    return [orjson.loads(line) for line in lines.split("\n")] if lines else []


def _about(kind: Kind, ids: list[str], reader: Key) -> dict[str, list[Document]]:
    """Return the records of a kind that are about statements, by the statements' ids, oldest first."""
    if not ids:
        return {}
    marks = ", ".join("?" * len(ids))
    named = " OR ".join(f"t.{end} IN ({marks})" for end in kind.ends)
    hidden = visible(kind, reader)
    condition = f"({named}) AND {hidden}" if hidden else named
    found: dict[str, list[Document]] = {}
    for document in _read(kind, condition, ids * len(kind.ends), reader):
        for id in {document[end]["id"] for end in kind.ends}:
            found.setdefault(id, []).append(document)
    return found


def _highlight(documents: list[Document], query: Query, languages: list[str]) -> None:
    marker = Marker(query, languages)
    for document in documents:
        marked = []
        deadlines.look()
        for field in _HIGHLIGHTED:
            found = marker.passage(document[field]) if document[field] else None
            if found:
                part = document[field][found.start : found.end]
                marked.append({"field": field, "passage": part, **found._asdict()})
        document["highlight"] = marked


def _tree(paths: Collection[str]) -> dict[str, Any]:
    """Return dotted paths as nested dictionaries; an empty one stands for everything below, whatever else is named."""
    whole = {f"{path}." for path in paths}
    tree: dict[str, Any] = {}
    for path in paths:
        if not any(path.startswith(above) for above in whole):
            branch = tree
            for step in path.split("."):
                branch = branch.setdefault(step, {})
    return tree


def _picked(value: Any, tree: dict[str, Any]) -> Any:
    if not tree or value is None:
        return value
    if isinstance(value, list):
        return [_picked(each, tree) for each in value]
    return {name: _picked(member, tree[name]) for name, member in value.items() if name in tree}
