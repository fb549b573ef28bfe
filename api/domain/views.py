"""Documents as one request wants them: some fields only, other records in place, what matched marked.

Whoever asks for none of this is sent the stored documents untouched.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from api.domain.keys import Key
from api.domain.kinds import Document, Kind
from api.domain.outlets import OUTLET
from api.domain.reading import bodies, columns, joins, visible
from api.domain.relations import RELATION
from api.domain.reviews import REVIEW
from api.domain.sources import SOURCE
from api.domain.speakers import SPEAKER
from api.storage.db import rows
from api.text.highlighting import passage
from api.text.queries import Query, parse

_HIGHLIGHTED = ("text", "attributed_as", "context")
_ABOUT = {"reviews": REVIEW, "relations": RELATION}


def shaped(texts: list[str], query: dict[str, Any], reader: Key) -> list[str]:
    """Return documents as a validated query wants them; one query for each kind that is expanded, not for each row."""
    if not (query.get("expand") or query.get("fields_") or query.get("highlight")):
        return texts
    documents = [orjson.loads(text) for text in texts]
    for name in query.get("expand") or ():
        _expand(documents, name, reader)
    if query.get("highlight") and query.get("q"):
        _highlight(documents, parse(query["q"]), query.get("lang") or ["en"])
    if query.get("fields_"):
        kept = [*query["fields_"], *(query.get("expand") or ()), "highlight"]
        documents = [_picked(document, _tree(kept)) for document in documents]
    return [orjson.dumps(document).decode() for document in documents]


def _expand(documents: list[Document], name: str, reader: Key) -> None:
    if name in _ABOUT:
        found = _about(_ABOUT[name], [document["id"] for document in documents], reader)
        for document in documents:
            document[name] = found.get(document["id"], [])
        return
    kind = {"speaker": SPEAKER, "outlet": OUTLET, "source": SOURCE}[name]
    ids = {document["id"]: _reference(document, name) for document in documents}
    whole = _records(kind, {id for id in ids.values() if id}, reader)
    for document in documents:
        document[name] = whole.get(ids[document["id"]] or "", document.get(name))


def _reference(document: Document, name: str) -> str | None:
    given = document["appearances"][0]["source"] if name == "source" else document[name]
    return given["id"] if given else None


def _records(kind: Kind, ids: Iterable[str], reader: Key) -> dict[str, Document]:
    wanted = sorted(ids)
    found: dict[str, Document] = {}
    for start in range(0, len(wanted), 500):
        part = wanted[start : start + 500]
        sql = f"SELECT {columns(kind)} FROM {kind.name} t{joins(kind)} WHERE t.id IN ({', '.join('?' * len(part))})"
        for text in bodies(kind, rows(sql, part), reader):
            document = orjson.loads(text)
            found[document["id"]] = document
    return found


def _about(kind: Kind, ids: list[str], reader: Key) -> dict[str, list[Document]]:
    """Return the records of a kind that are about statements, by the statements' ids, oldest first."""
    if not ids:
        return {}
    marks = ", ".join("?" * len(ids))
    named = " OR ".join(f"t.{end} IN ({marks})" for end in kind.ends)
    hidden = visible(kind, reader)
    condition = f"({named}) AND {hidden}" if hidden else named
    sql = f"SELECT {columns(kind)} FROM {kind.name} t WHERE {condition} ORDER BY t.id"
    found: dict[str, list[Document]] = {}
    for text in bodies(kind, rows(sql, ids * len(kind.ends)), reader):
        document = orjson.loads(text)
        for id in {document[end]["id"] for end in kind.ends}:
            found.setdefault(id, []).append(document)
    return found


def _highlight(documents: list[Document], query: Query, languages: list[str]) -> None:
    for document in documents:
        marked = []
        for field in _HIGHLIGHTED:
            found = passage(document[field], query, languages) if document[field] else None
            if found:
                part = document[field][found.start : found.end]
                marked.append({"field": field, "passage": part, **found._asdict()})
        document["highlight"] = marked


def _tree(paths: Iterable[str]) -> dict[str, Any]:
    """Return dotted paths as nested dictionaries; an empty one stands for everything below."""
    tree: dict[str, Any] = {}
    for path in paths:
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
