"""Deduplication: when the same words are the same statement, and when they were said by another or elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Collection

from api.domain.core.kinds import Document
from api.text.addresses import canonical
from api.text.folding import fold

# Who said it and where: at an address, or by which outlet on which day.
Place = tuple[str, ...]
# Who stands for a speaker or outlet, by its type and id.
Standing = Callable[[str, str], str]


def urls(document: Document) -> set[str]:
    """Return the canonical addresses of a statement."""
    return {canonical(each["url"]) for each in document["appearances"] if each["url"]}


def places(document: Document, urls: Collection[str], standing: Standing) -> set[Place]:
    """Return the places of a settled statement that has these addresses.

    Two statements whose texts fold alike are the same where they have a place in common: by the same speaker at
    the same address, or, where neither has an address, by the same speaker in the same outlet of the same day.
    """
    speaker = document["speaker"]
    who = standing("speaker", speaker["id"]) if speaker else fold(document["attributed_as"])
    if urls:
        return {(who, url) for url in urls}
    return {(who, standing("outlet", document["outlet"]["id"]), document["said_on"] or "")}
