"""Attribution: who a quotation is credited to, and whether a statement is by that speaker."""

from __future__ import annotations

from functools import cached_property

from api.domain.core.errors import Invalid
from api.domain.core.ids import is_id
from api.domain.core.keys import Key
from api.domain.core.kinds import Document
from api.domain.indexing import names
from api.domain.parties.speakers import SPEAKER
from api.domain.reading.stored import missing, visible
from api.storage.db import among
from api.text import tokens


def refuse_unknown(asked: list[tuple[str | None, str]], reader: Key) -> None:
    """Raise Invalid for each id of a speaker whom this reader knows nothing of; with each comes where it was sent."""
    ids = {each for each, _ in asked if each and is_id(each, SPEAKER.prefix)}
    seen = visible(SPEAKER, reader)
    sql = f"SELECT t.id FROM speaker t WHERE {f'{seen} AND ' if seen else ''}t.id IN"
    unknown = ids - {id for (id,) in among(sql, ids)}
    why = {id: missing(SPEAKER, id, may_know=reader.may("read")).detail for id in unknown}
    if why:
        raise Invalid(
            [{"pointer": place, "code": "reference", "detail": why[each]} for each, place in asked if each in why]
        )


class Credited:
    """The speaker whom a quotation is credited to, and who of the recorded ones that is."""

    def __init__(self, called: str, *, public: bool) -> None:
        self._called, self._public = called, public
        self._known: dict[str, bool] = {}

    @cached_property
    def numbers(self) -> list[int]:
        """The row numbers of all who are called so, or whose id it is."""
        return names.numbers("speaker", [self._called], public=self._public)

    @cached_property
    def _words(self) -> frozenset[str]:
        return frozenset(tokens.words(self._called))

    def of(self, document: Document) -> tuple[bool | None, str | None]:
        """Tell whether a statement is by that speaker, and as what it names them.

        A candidate may be, and so may a source that is not named; whoever was rejected was not.
        """
        if document["speaker"] and self._is(document["speaker"]):
            return True, "speaker"
        for status, answer in (("rejected", False), ("candidate", None)):
            if any(each["status"] == status and self._is(each["speaker"]) for each in document["attributions"]):
                return answer, status
        if document["speaker"] is None:
            described = frozenset(tokens.words(document["attributed_as"] or ""))
            return (True, "speaker") if self._words and self._words <= described else (None, None)
        return False, None

    def _is(self, speaker: Document) -> bool:
        if speaker["id"] not in self._known:
            self._known[speaker["id"]] = self._bears(speaker["id"])
        return self._known[speaker["id"]]

    def _bears(self, id: str) -> bool:
        n = names.number("speaker", id)
        if n is None or n in self.numbers:
            return n is not None
        # A part of a name or with a title before it: Votel, General Joseph L. Votel.
        for name in names.of("speaker", n, public=self._public):
            own = frozenset(tokens.words(name))
            if self._words and (self._words <= own or (len(own) > 1 and own <= self._words)):
                return True
        return False
