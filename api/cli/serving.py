"""onrecord serve: migrate, then gunicorn with threads."""

from __future__ import annotations

import gc
import socket
import sys
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from api.cli import frugality
from api.cli.database import shown
from api.cli.migrating import bring_up_to_date
from api.settings import Settings
from api.storage import db as storage

# Threads of a process for what neither waits nor needs the database.
_SPARE = 2


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64), help="Processes.")
@click.option("--threads", default=8, show_default=True, type=click.IntRange(1, 256), help="Threads a process.")
@click.option("--demo", is_flag=True, help="Load the demonstration records first, once.")
@click.option("--open", "open_browser", is_flag=True, help="Open the documentation in a browser.")
@click.pass_context
def serve(
    context: click.Context, host: str, port: int, workers: int, threads: int, demo: bool, open_browser: bool
) -> None:
    """Serve the API, bringing the database up to date first."""
    settings = Settings.from_environment()
    _refuse_taken(host, port)
    bring_up_to_date(settings)
    workers = _safe(workers, asked=context.get_parameter_source("workers") is not ParameterSource.DEFAULT)
    from api.app import create_app

    app = create_app(settings)
    _greet(settings, host, port, demo)
    # Nothing of the database may be open when the workers are forked.
    storage.close_database()
    if open_browser:
        click.launch(f"http://{host}:{port}/docs")
    _run(app, host, port, workers, threads)


def _safe(workers: int, *, asked: bool) -> int:
    """Return how many processes may run; exits where several were asked for and would not be safe."""
    problem = storage.dialect.several_workers_problem() if workers > 1 else None
    if problem is None:
        return workers
    if asked:
        raise click.ClickException(f"{problem}, or run with --workers 1.")
    click.echo(f"{problem}; until then one worker serves.", err=True)
    return 1


def _refuse_taken(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = error.strerror or str(error)
            raise click.ClickException(
                f"{host}:{port} cannot be used ({reason}); choose another with --port."
            ) from None


def _greet(settings: Settings, host: str, port: int, demo: bool) -> None:
    from api.domain.core import keys

    if demo:
        from api.domain.writing.demonstration import load

        if count := load():
            click.echo(f"Loaded {count} demonstration statements.")
    base = f"http://{'localhost' if host in ('127.0.0.1', '0.0.0.0') else host}:{port}"
    click.echo(f"On Record serves {shown(settings)} at {base} (API: {base}/docs). Try:")
    click.echo(f"  curl '{base}/v1/statements?speaker=Joseph+L.+Votel'")
    click.echo(f"  curl '{base}/v1/statements?kind=quote&from=2022-03-23&limit=2'")
    if keys.any_exist():
        key = "$KEY"
    else:
        made = keys.make("first key", ["read", "write", "admin"])
        key = made["key"]
    body = '{"kind": "quote", "text": "We are on record.", "speaker": "Ada Example", "outlet": "Example News"}'
    click.echo(
        f"  curl -X POST '{base}/v1/statements' -H 'Authorization: Bearer {key}' "
        f"-H 'Content-Type: application/json' -d '{body}'"
    )
    if key != "$KEY":
        click.echo("That key may read, write and administer. It is shown this once; `onrecord keys` makes others.")
    sys.stdout.flush()


def _run(app: Any, host: str, port: int, workers: int, threads: int) -> None:
    from gunicorn.app.base import BaseApplication
    from gunicorn.http import message, wsgi

    from api.cli.workers import LONGEST_REQUEST_LINE, Answer, Chunks, Worker
    from api.web import sending, streams, waiting
    from api.web.observing import log_to_stderr

    class Server(BaseApplication):  # type: ignore[misc]
        """Gunicorn, told what it needs by this command instead of a file."""

        def load_config(self) -> None:
            for name, value in options.items():
                self.cfg.set(name, value)

        def load(self) -> Any:
            # What is there before the fork stays to the end. Told so, the collector of garbage neither looks
            # through it again and again nor writes to its pages, which the workers share.
            gc.collect()
            gc.freeze()
            return app

    def ready(worker: Any) -> None:
        frugality.begin()
        waiting.make_places(app, _waiting(threads), lambda: not worker.alive)
        streams.make_places(app, _streaming(threads))
        sending.make_places(app, _sending(threads))
        # All that work may have to wait for their turn to write; the others answer meanwhile.
        storage.make_places(_working(threads), writers=threads)

    options = {
        **_options(host, port, workers, threads),
        "worker_class": Worker,
        "limit_request_line": LONGEST_REQUEST_LINE,
        "post_worker_init": ready,
    }
    log_to_stderr()
    # It has no settings for these.
    wsgi.Response, message.ChunkedReader = Answer, Chunks
    Server().run()


def _waiting(threads: int) -> int:
    """Return how many may wait for changes: they hold a thread and do nothing with it, beside the ones that work."""
    return max(1, threads // 2)


def _streaming(threads: int) -> int:
    """Return how many streams may be sent: each holds a thread for as long as its client takes."""
    return max(1, threads * 3 // 4)


def _sending(threads: int) -> int:
    """Return how many other long answers may be sent, whose clients may be slow as well."""
    return max(1, threads // 2)


def _working(threads: int) -> int:
    """Return how many may be inside the database: slow queries as many as there are threads leave room for others."""
    return threads + max(1, threads // 4)


def _options(host: str, port: int, workers: int, threads: int) -> dict[str, Any]:
    return {
        "bind": [f"[{host}]:{port}" if ":" in host else f"{host}:{port}"],
        "workers": workers,
        # Some are left to answer what needs no database, above all whether the process lives.
        "threads": _working(threads) + _waiting(threads) + _streaming(threads) + _sending(threads) + _SPARE,
        # The application is made once, before the workers are forked from it: they start at once and share its memory.
        "preload_app": True,
        # A listening socket for each worker. Of one that they share, whoever wakes first takes most of the
        # connections that come together, often all, and with them kept alive the others have nothing to do.
        # Elsewhere than on Linux the system does not share connections out between such sockets.
        "reuse_port": sys.platform == "linux" and port != 0,
        "keepalive": 30,
        "timeout": 60,
        "graceful_timeout": 30,
        "control_socket_disable": True,
        "worker_tmp_dir": "/dev/shm" if Path("/dev/shm").is_dir() else None,
        "accesslog": None,
        "errorlog": "-",
        "loglevel": "warning",
        "proc_name": "onrecord",
    }
