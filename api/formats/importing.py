"""Lines of a file, read and checked one by one, each right by itself or with all that is wrong with it."""

from __future__ import annotations

from api.domain.core.errors import Invalid
from api.domain.importing import imports
from api.domain.importing.imports import Line
from api.domain.importing.outcomes import Outcome
from api.formats.csv import BadCells
from api.formats.documents import BadJSON
from api.formats.lines import BadLine, Format, Piece


def checked(form: Format, raw: Piece, *, told: bool = True) -> Line | Outcome:
    """Return a line as it can be written, or its failure; with all that is wrong with it where that is to be told."""
    try:
        return imports.check(raw.number, form.read(raw), told=told)
    except BadCells as error:
        return imports.check(raw.number, error.document, error.problems, told=told)
    except BadLine as error:
        return _failed(raw, 400, error.code, str(error))
    except BadJSON as error:
        return _failed(raw, 400, "json", str(error).replace("The body", "The line"))
    except Invalid as error:
        return Outcome(raw.number, "failed", 422, tuple(error.facts["errors"]))


def _failed(raw: Piece, status: int, code: str, detail: str) -> Outcome:
    return Outcome(raw.number, "failed", status, ({"pointer": "#", "code": code, "detail": detail},))
