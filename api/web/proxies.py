"""Who asks, where proxies stand in front: the address and the scheme that the trusted ones of them tell of.

Not by werkzeug's ProxyFix: it reads X-Forwarded-For as a list whose members may be quoted, so that a quotation mark
that a client sends swallows what the proxy writes behind it, and the client has chosen an address of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def trust(app: Flask, count: int) -> None:
    """Have an app believe so many proxies, each of which adds the address of whoever asked it at the end of a list.

    What stands before theirs is whatever a client wrote, and is not read. A shorter list has not come through all of
    them, and is not read either.
    """
    inner = app.wsgi_app

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        address = _told(environ, "HTTP_X_FORWARDED_FOR", count)
        if address:
            environ["REMOTE_ADDR"] = address
        scheme = _told(environ, "HTTP_X_FORWARDED_PROTO", count)
        if scheme in ("http", "https"):
            environ["wsgi.url_scheme"] = scheme
        return inner(environ, start_response)

    app.wsgi_app = serve  # type: ignore[method-assign]


def _told(environ: WSGIEnvironment, header: str, count: int) -> str:
    told = environ.get(header, "").split(",")
    return told[-count].strip() if len(told) >= count else ""
