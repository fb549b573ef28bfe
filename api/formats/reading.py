"""Items of a file as they are read one by one: the drafts in each, or all that is wrong with it."""

from __future__ import annotations

from api.domain.core.errors import Invalid
from api.domain.core.items import Found
from api.formats.cutting import BadItem, Item
from api.formats.documents import BadJSON
from api.formats.format import Reader


def read(reader: Reader, item: Item) -> Found:
    """Return what an item of a file holds."""
    found = Found(item.number, [], line=item.line, pointer=item.pointer)
    try:
        return found._replace(drafts=reader.drafts(item))
    except BadItem as error:
        return _failed(found, error.code, str(error))
    except BadJSON as error:
        return _failed(found, "json", str(error).replace("The body", "The line"))
    except Invalid as error:
        return found._replace(status=422, wrong=tuple(error.facts["errors"]))


def _failed(found: Found, code: str, detail: str) -> Found:
    return found._replace(status=400, wrong=({"pointer": "#", "code": code, "detail": detail},))
