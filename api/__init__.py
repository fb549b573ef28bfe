"""On Record: a service that keeps source-attributed statements.

The document is the record, the log is its history, everything else is an index.

    cli         the onrecord command: one file a group
    app         create_app(settings): the only module that knows all the others
    routes      one file a resource; a route is a contract
    web         HTTP, said once: endpoint, problems, bodies, parameters, answers, keys, OpenAPI
    domain      the newsroom's rules, without HTTP: records, log, names, reading, listing, keys
    text        language without storage: folding, canonical addresses
    storage     peewee: models, the connection, both dialects, migrations
    settings    the environment, read once

Each room imports from those below it, never from above; beneath them all lies `schemas`, what travels
on the wire, which can be used without any of this.
"""
