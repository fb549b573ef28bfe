"""The service's description of itself: OpenAPI, its page, JSON Schemas, and a page for each type of problem."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, request, send_from_directory

from api.domain.core.errors import NotFound
from api.web import addresses, failures, openapi, problems
from api.web.endpoint import endpoint
from schemas.faults import echo
from schemas.refusals import ProblemTypeOut
from schemas.service import DescriptionOut, IndexOut, JSONSchemaOut

routes = Blueprint("documentation", __name__)

_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>On Record: the API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/docs/swagger-ui.css"><link rel="icon" href="data:,"></head>
<body><div id="swagger-ui"></div><script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script></body></html>"""
# Of all that the package holds the page needs two files. Their types are said here, not guessed by each system.
_FILES = {"swagger-ui.css": "text/css", "swagger-ui-bundle.js": "text/javascript"}
_START = """SwaggerUIBundle({url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null});"""


@routes.get("/")
@endpoint(needs=None, gives=IndexOut)
def index(key: object) -> dict[str, str]:
    """Tell where everything is."""
    links = {kind.plural: f"/v1/{kind.plural}" for kind in openapi.collections()}
    return {"name": "On Record", **links, "openapi": "/openapi.json", "docs": "/docs"}


@routes.get("/openapi.json")
@endpoint(needs=None, gives=DescriptionOut)
def describe(key: object) -> Response:
    """Describe every operation as OpenAPI 3.1."""
    return Response(openapi.document(), content_type="application/json")


@routes.get("/v1/schemas/<name>.json")
@endpoint(needs=None, gives=JSONSchemaOut, raises=(NotFound,))
def schema(name: str, key: object) -> Response:
    """Give the JSON Schema (2020-12) of a document."""
    text = openapi.json_schema(name, addresses.absolute(f"/v1/schemas/{name}.json"))
    if text is None:
        raise NotFound(f"There is no schema {echo(name)}; there are {', '.join(openapi.schema_names())}.")
    return Response(text, content_type="application/schema+json")


@routes.get("/problems/<slug>")
@endpoint(needs=None, gives=ProblemTypeOut, raises=(NotFound,))
def problem(slug: str, key: object) -> Response | dict[str, Any]:
    """Explain a type of problem."""
    found = problems.TYPES.get(slug)
    if found is None:
        raise NotFound(f"There is no problem type {echo(slug)}; there are {', '.join(problems.TYPES)}.")
    if failures.wants_page():
        return Response(failures.page(found.title, found.about), mimetype="text/html")
    return {"type": f"/problems/{slug}", "title": found.title, "status": found.status, "detail": found.about}


@routes.get("/docs")
def docs() -> Response:
    """Show the API in a browser; the page needs no other host."""
    return Response(_PAGE, mimetype="text/html")


@routes.get("/docs/<file>")
def docs_file(file: str) -> Response:
    """Send a file of the documentation page."""
    if file == "start.js":
        start = Response(_START, headers={"Cache-Control": "no-cache"}, mimetype="text/javascript")
        start.add_etag()
        start.make_conditional(request)
        return start
    if file not in _FILES:
        raise NotFound("The documentation page has no such file.")
    return send_from_directory(_assets(), file, mimetype=_FILES[file], max_age=86400)


def _assets() -> Path:
    spec = find_spec("flask_swagger_ui")
    if spec is None or spec.origin is None:
        raise NotFound("The files of this page are not installed.")
    return Path(spec.origin).parent / "dist"
