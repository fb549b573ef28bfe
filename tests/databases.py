"""A fresh, migrated database for each test, once on SQLite and once on PostgreSQL.

A test that asks for `database_url` runs twice, on a database nobody else uses. Migrating costs far more
than copying, so each worker migrates one template of a kind and every test gets a copy of it.
`shared_database_url` is the same for all tests of a module, for reads of data that is slow to load.
`empty_database_url` has no tables, for tests of the migrations themselves. One kind only:
`@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)`.

PostgreSQL is the server that ONRECORD_TEST_POSTGRES names (a postgresql:// URL of somebody who may create
databases) or else a temporary one, started from this machine's binaries for the length of the run. With
neither, the PostgreSQL half is skipped, or the run refused where ONRECORD_TEST_REQUIRE_POSTGRES=1.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

# ONRECORD_TEST_DATABASES=sqlite leaves the other out, for a quick run at the desk.
KINDS = tuple(os.environ.get("ONRECORD_TEST_DATABASES", "sqlite postgresql").split())
PREFIX = "onrecord_test"

# How the controller of a parallel run tells its workers what it found; they inherit its environment.
RUN = "ONRECORD_TEST_RUN"
SERVER = "ONRECORD_TEST_SERVER"
MISSING = "ONRECORD_TEST_POSTGRES_MISSING"

# Nothing here outlives the run, so nothing needs to reach the disk. The server takes no files of its owner's
# system either: it has no socket and no log files.
SERVER_OPTIONS = {
    "autovacuum": "off",
    "fsync": "off",
    "full_page_writes": "off",
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "max_wal_senders": "0",
    "max_wal_size": "256MB",
    "synchronous_commit": "off",
    "unix_socket_directories": "",
    "wal_level": "minimal",
}

# Runs the server until its own input ends, which the system sees to whichever way the test run ends (also
# when it is killed), then removes the server's files. The descriptor is kept as 3 because a shell gives
# commands in the background an empty input.
KEEPER = """
exec 3<&0
folder=$1
shift
"$@" &
server=$!
( read -r _ <&3; kill -QUIT "$server" ) &
wait "$server"
cd / && rm -rf "$folder"
"""


class NoPostgres(Exception):
    """There is no PostgreSQL server here and none can be started; the message says why."""


# --- the server, once a run ---------------------------------------------------------------------------------


def find_binaries() -> Path:
    """Return the folder that holds initdb and postgres: what PATH says, else the newest that is installed."""

    def version(folder: Path) -> tuple[int, ...]:
        return tuple(int(part) for part in folder.parent.name.split(".") if part.isdigit())

    packaged = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=version, reverse=True)
    on_path = [Path(folder) for folder in os.get_exec_path() if folder]
    for folder in (*on_path, *packaged):
        if os.access(folder / "initdb", os.X_OK) and os.access(folder / "postgres", os.X_OK):
            return folder
    raise NoPostgres("no initdb and postgres on PATH or in /usr/lib/postgresql")


def server_account() -> pwd.struct_passwd | None:
    """Return the account the server has to run as, None for our own: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody", "daemon"):
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise NoPostgres("PostgreSQL does not run as root, and there is no account postgres, nobody or daemon")


def server_folder(account: pwd.struct_passwd | None) -> Path:
    """Make a private folder for the server's files, in memory where there is room for them."""
    # Copying a template takes 7 ms in memory and 15 to 150 ms on a busy disk. Many containers have only
    # 64 MB of such memory, which is too little.
    memory = Path("/dev/shm")
    roomy = os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2**30
    # Another account may be unable to enter a TMPDIR of root's.
    elsewhere = "/tmp" if account else None
    folder = Path(tempfile.mkdtemp(prefix="onrecord-tests-", dir=memory if roomy else elsewhere))
    if account:
        os.chown(folder, account.pw_uid, account.pw_gid)
    return folder


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def temporary_server() -> Iterator[str]:
    """Start a server of our own and give its URL; it and its files are gone afterwards."""
    binaries, account = find_binaries(), server_account()
    folder = server_folder(account)
    keeper: subprocess.Popen[bytes] | None = None
    with tempfile.TemporaryFile() as log:

        def start(*command: str, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
            # In a session of its own, so that Ctrl-C does not stop it under tests that are still cleaning up.
            return subprocess.Popen(
                command,
                cwd=folder,
                env={"PATH": os.defpath, "LC_ALL": "C"},
                stdin=stdin,
                stdout=log,
                stderr=log,
                start_new_session=True,
                user=account.pw_uid if account else None,
                group=account.pw_gid if account else None,
                extra_groups=[] if account else None,
            )

        def complaint(what: str) -> NoPostgres:
            log.seek(0)
            lines = log.read().decode(errors="replace").split("\n")
            return NoPostgres(f"{what}: {' / '.join(line for line in lines if line.strip())[-500:]}")

        try:
            password = secrets.token_hex(16)
            # Sorting by the rules of a language, as servers in the field do: by those of C, a query that
            # forgot to say how it sorts would agree with SQLite here and nowhere else.
            with tempfile.NamedTemporaryFile("w", dir=folder) as secret:
                secret.write(password)
                secret.flush()
                os.chmod(secret.name, 0o644)
                initdb = start(
                    *(str(binaries / "initdb"), "--pgdata=data", "--username=onrecord", "--auth=password"),
                    *(f"--pwfile={secret.name}", "--no-sync", "--encoding=UTF8", "--locale=C"),
                    *("--locale-provider=icu", "--icu-locale=en-US"),
                )
                if initdb.wait(60):
                    raise complaint("initdb failed")
            log.seek(0)
            log.truncate()
            port = free_port()
            options = [f"--{name}={value}" for name, value in (SERVER_OPTIONS | {"port": str(port)}).items()]
            server = [str(binaries / "postgres"), "-D", "data", *options]
            keeper = start("/bin/sh", "-c", KEEPER, "keeper", str(folder), *server, stdin=subprocess.PIPE)
            url = f"postgresql://onrecord:{password}@127.0.0.1:{port}/postgres"
            deadline = time.monotonic() + 30
            while not answers(url):
                if keeper.poll() is not None or time.monotonic() > deadline:
                    raise complaint("the server did not start")
                time.sleep(0.02)
            yield url
        finally:
            if keeper is not None and keeper.stdin is not None:
                keeper.stdin.close()
                with suppress(subprocess.TimeoutExpired):
                    keeper.wait(20)
            shutil.rmtree(folder, ignore_errors=True)


def answers(url: str) -> bool:
    with suppress(psycopg.OperationalError), psycopg.connect(url, connect_timeout=5):
        return True
    return False


@contextmanager
def server_for_run() -> Iterator[str]:
    """Give the URL of the server that this run uses, ours or the one that was named."""
    if not (named := os.environ.get("ONRECORD_TEST_POSTGRES")):
        with temporary_server() as url:
            yield url
        return
    try:
        psycopg.connect(named, connect_timeout=10).close()
    except psycopg.Error as error:
        # Never fall back here: whoever named a server wants to know that the tests ran on it.
        raise pytest.UsageError(f"ONRECORD_TEST_POSTGRES: {error}") from None
    yield named
    with psycopg.connect(named, autocommit=True) as admin:
        # What a worker that was killed left behind.
        left = admin.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [os.environ[RUN]])
        for (name,) in left.fetchall():
            drop(admin, name)


# --- pytest: start before the workers, stop after them ------------------------------------------------------


def pytest_configure(config: pytest.Config) -> None:
    """Start the server in the one process that outlives the workers, and tell them where it is."""
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    for name in (SERVER, MISSING):
        os.environ.pop(name, None)
    os.environ[RUN] = f"{PREFIX}_{secrets.token_hex(4)}"
    if "postgresql" not in KINDS:
        return
    until_the_end = ExitStack()
    config.add_cleanup(until_the_end.close)
    try:
        os.environ[SERVER] = until_the_end.enter_context(server_for_run())
    except NoPostgres as missing:
        if os.environ.get("ONRECORD_TEST_REQUIRE_POSTGRES") == "1":
            raise pytest.UsageError(f"ONRECORD_TEST_REQUIRE_POSTGRES=1, but {missing}") from None
        os.environ[MISSING] = str(missing)


def pytest_report_header() -> str | None:
    return unavailable()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say it at the end where a quiet run has no header."""
    if config.option.verbose < 0 and (reason := unavailable()):
        terminalreporter.write_line(reason)


def unavailable() -> str | None:
    reason = os.environ.get(MISSING)
    return f"PostgreSQL tests are skipped: {reason}" if reason else None


# --- databases, one a test ----------------------------------------------------------------------------------


def mark_current() -> None:
    """Note in the database that was migrated that its indexes are this program's, as `onrecord migrate` does."""
    from api.domain.keeping import indexes
    from api.storage.db import close_database

    indexes.mark_current()
    close_database()


class SqliteDatabases:
    """Databases of one worker: files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.template = folder / "template.db"
        self.numbers = count(1)

    @contextmanager
    def fresh(self, *, migrated: bool = True) -> Iterator[str]:
        path = self.folder / f"{next(self.numbers)}.db"
        if migrated:
            if not self.template.exists():
                self.migrate_template()
            shutil.copyfile(self.template, path)
        try:
            yield sqlite_url(path)
        finally:
            for file in self.folder.glob(f"{path.name}*"):
                file.unlink()

    def migrate_template(self) -> None:
        from api.storage.migrating import migrate

        migrate(sqlite_url(self.template))
        mark_current()
        # The last connection to close moves the log into the file. One that is still open would leave tables
        # in the log, which a copy of the file does not have.
        log = self.template.with_name(f"{self.template.name}-wal")
        assert not log.exists() or not log.stat().st_size, "migrate() left its connection open"


class PostgresDatabases:
    """Databases of one worker: on the server of the run."""

    def __init__(self, server: str, worker: str) -> None:
        self.server = server
        self.admin = psycopg.connect(server, autocommit=True)
        self.prefix = f"{os.environ[RUN]}_{worker}"
        self.template = f"{self.prefix}_template"
        self.numbers = count(1)
        self.ready = False

    @contextmanager
    def fresh(self, *, migrated: bool = True) -> Iterator[str]:
        if migrated and not self.ready:
            self.migrate_template()
        name = f"{self.prefix}_{next(self.numbers)}"
        self.create(name, self.template if migrated else "template0")
        try:
            yield self.url(name)
        finally:
            drop(self.admin, name)

    def migrate_template(self) -> None:
        from api.storage.migrating import migrate

        self.create(self.template, "template0")
        migrate(self.url(self.template))
        mark_current()
        # A template can be copied only while nobody is connected to it, and a pool may still be.
        name = sql.Identifier(self.template)
        self.admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(name))
        self.admin.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [self.template]
        )
        self.ready = True

    def create(self, name: str, template: str) -> None:
        # FILE_COPY is two to three times as fast as the default for a small database without fsync.
        command = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
        self.admin.execute(command.format(sql.Identifier(name), sql.Identifier(template)))

    def url(self, name: str) -> str:
        return urlunsplit(urlsplit(self.server)._replace(path=f"/{name}"))

    def close(self) -> None:
        drop(self.admin, self.template)
        self.admin.close()


def drop(admin: psycopg.Connection, name: str) -> None:
    admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def sqlite_url(path: Path) -> str:
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def sqlite_databases(tmp_path_factory: pytest.TempPathFactory) -> SqliteDatabases:
    return SqliteDatabases(tmp_path_factory.mktemp("databases"))


@pytest.fixture(scope="session")
def postgresql_databases() -> Iterator[PostgresDatabases]:
    if not (server := os.environ.get(SERVER)):
        pytest.skip(unavailable() or "no PostgreSQL server")
    databases = PostgresDatabases(server, os.environ.get("PYTEST_XDIST_WORKER", "main"))
    yield databases
    databases.close()


def databases_for(request: pytest.FixtureRequest) -> SqliteDatabases | PostgresDatabases:
    databases = request.getfixturevalue(f"{request.param}_databases")
    assert isinstance(databases, SqliteDatabases | PostgresDatabases)
    return databases


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A migrated database of this test alone."""
    with databases_for(request).fresh() as url:
        yield url


@pytest.fixture(params=KINDS)
def empty_database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A database of this test alone, without tables."""
    with databases_for(request).fresh(migrated=False) as url:
        yield url


@pytest.fixture(scope="module", params=KINDS)
def shared_database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A migrated database of this module's tests together."""
    with databases_for(request).fresh() as url:
        yield url
