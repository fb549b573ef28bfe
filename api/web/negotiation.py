"""The form of an answer: the suffix of the address, over `format=`, over Accept; JSON where none of them says."""

from __future__ import annotations

from flask import Flask, request
from werkzeug.datastructures import MIMEAccept

MEDIA = {"json": "application/json", "ndjson": "application/x-ndjson", "csv": "text/csv"}
CONTENT_TYPES = {**MEDIA, "csv": "text/csv; charset=utf-8"}


def add_suffixes(app: Flask) -> None:
    """Give every address whose answer has several forms, or one that can be named, another for each of them."""
    for rule in list(app.url_map.iter_rules()):
        contract = getattr(app.view_functions[rule.endpoint], "contract", None)
        if contract and contract.forms and "GET" in (rule.methods or ()):
            known = ", ".join(f'"{form}"' for form in contract.forms)
            app.add_url_rule(f"{rule.rule}.<any({known}):suffix>", rule.endpoint, methods=["GET"])


def form(forms: tuple[str, ...], named: str | None) -> str:
    """Return the form that a suffix or `format=` names, or else the Accept header, of those that there are.

    JSON is the first. A name that is none of them is for the parameters' schema to refuse.
    """
    return named if named in forms else _accepted(forms)


def _accepted(forms: tuple[str, ...]) -> str:
    # What most clients send, without taking it apart.
    if request.environ.get("HTTP_ACCEPT", "*/*") in ("*/*", MEDIA[forms[0]]):
        return forms[0]
    # Parameters such as charset and header choose nothing here, so what is accepted is compared without them.
    bare = MIMEAccept([(media.partition(";")[0].strip(), quality) for media, quality in request.accept_mimetypes])
    found = bare.best_match([MEDIA[each] for each in forms], MEDIA[forms[0]])
    return next(each for each in forms if MEDIA[each] == found)
