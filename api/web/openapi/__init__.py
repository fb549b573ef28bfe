"""The service's description of itself, made from the routes' contracts on first use and kept.

From the whole to its parts:

    documents       the whole OpenAPI 3.1 document
    operations      the routes of the application with their contracts, and what each says in the document
    inputs          parameters and bodies
    outputs         answers, and the problems that stand in for them
    components      the schemas of every document and answer, with short names
    json_schemas    the same schemas one by one, as JSON Schema 2020-12
"""

from api.web.openapi.documents import document
from api.web.openapi.json_schemas import json_schema, schema_names
from api.web.openapi.operations import collections

__all__ = ["collections", "document", "json_schema", "schema_names"]
