"""Lines of a file, read and checked one by one, each right by itself or with all that is wrong with it."""

from __future__ import annotations

from api.domain import imports
from api.domain.errors import Invalid
from api.domain.imports import Line
from api.domain.outcomes import Outcome
from api.formats.lines import BadJSON, BadLine, Format, Raw


def checked(form: Format, raw: Raw) -> Line | Outcome:
    """Return a line as it can be written, or its failure."""
    try:
        document = form.read(raw)
    except BadLine as error:
        return _failed(raw, 400, error.code, str(error))
    except BadJSON as error:
        return _failed(raw, 400, "json", str(error).replace("The body", "The line"))
    except Invalid as error:
        return Outcome(raw.number, "failed", 422, tuple(error.facts["errors"]))
    return imports.check(raw.number, document)


def _failed(raw: Raw, status: int, code: str, detail: str) -> Outcome:
    return Outcome(raw.number, "failed", status, ({"pointer": "#", "code": code, "detail": detail},))
