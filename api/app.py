"""create_app: the only module that knows all the others."""

from __future__ import annotations

from importlib import import_module

from flask import Flask

from api.domain.evidence.registry import KINDS
from api.routes.records import usual
from api.settings import Settings
from api.storage.db import open_database
from api.web import addresses, bodies, failures, keys, limits, negotiation, origins, proxies, sending, streams, waiting
from api.web.observing import observe

# Those of statements and what is no collection of records; every other kind has the usual ones.
ROUTES = (
    "statements",
    "figures",
    "check",
    "log",
    "keys",
    "documentation",
    "security",
    "health",
)

# Where an application's store stands among its extensions.
STORE = "onrecord.store"


def create_app(settings: Settings | None = None) -> Flask:
    """Return the WSGI application on the database that settings name, without connecting to it yet."""
    settings = settings or Settings.from_environment()
    store = open_database(settings)
    app = Flask("onrecord", static_folder=None)
    app.config.update(
        PUBLIC_READ=settings.public_read,
        PUBLIC_URL=settings.url,
        REQUEST_TIMEOUT=settings.request_timeout,
        CONTACT=settings.contact,
        MAX_CONTENT_LENGTH=bodies.MOST_BYTES,
    )
    # An address works with and without its final slash, and neither answers with a redirect.
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.url_map.converters.update(id=addresses.Id, whole=addresses.Whole)
    waiting.make_places(app)
    streams.make_places(app)
    sending.watch(app, settings.stream_speed, settings.stream_timeout)
    origins.share(app, settings.cors_origins)
    limits.limit(app, of_keys=settings.rate_limit, of_addresses=settings.rate_limit_anonymous)
    app.before_request(keys.admit)
    app.extensions[STORE] = store
    observe(app, store)
    if settings.proxies:
        proxies.trust(app, settings.proxies)
    app.register_error_handler(Exception, failures.answer)
    for name in ROUTES:
        app.register_blueprint(import_module(f"{__package__}.routes.{name}").routes)
    for kind in KINDS:
        if kind.plural not in app.blueprints:
            app.register_blueprint(usual(kind))
    negotiation.add_suffixes(app)
    return app
