"""The configuration for nginx that is shipped, in a real nginx before a real server.

Nginx is Debian's package of that name. Where it is missing these tests are skipped, or the run is refused where
ONRECORD_TEST_REQUIRE_NGINX=1.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import statement
from tests.servers import Server, free_port, serving, until
from tests.web.sockets import Connection, chunked, refused

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "docker/nginx/onrecord.conf"
MEBIBYTE = 1 << 20
BULK = "/v1/statements/bulk"
# What the system's own file would say around the shipped one: as Debian has it, but with one process and in a folder.
AROUND = """
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
worker_processes 1;
events {{ worker_connections 768; }}
http {{
    access_log off;
    client_body_temp_path {folder}/bodies;
    proxy_temp_path {folder}/answers;
    fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u;
    scgi_temp_path {folder}/s;
    include {folder}/onrecord.conf;
}}
"""

pytestmark = pytest.mark.parametrize("shared_database_url", ["sqlite"], indirect=True, scope="module")


def nginx() -> str:
    """Return where nginx is; skip where it is not, unless that is not allowed."""
    found = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        missing = pytest.fail if os.environ.get("ONRECORD_TEST_REQUIRE_NGINX") == "1" else pytest.skip
        missing("there is no nginx here")
    return found


@pytest.fixture(scope="module")
def service(shared_database_url: str) -> Iterator[Server]:
    """The server behind the proxy."""
    with serving(shared_database_url, ONRECORD_PROXIES="1") as running:
        yield running


@contextmanager
def before(port: int, folder: Path) -> Iterator[int]:
    """Run nginx with the shipped file, of which only ports differ, before a service, and give its own port."""
    own, text = free_port(), SHIPPED.read_text()
    for ours, here in (("listen 80;", f"listen 127.0.0.1:{own};"), (":8000;", f":{port};")):
        assert text.count(ours) == 1
        text = text.replace(ours, here)
    (folder / "onrecord.conf").write_text(text)
    # Its processes would otherwise be of an account that cannot enter the folder.
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(user + AROUND.format(folder=folder))
    process = subprocess.Popen([nginx(), "-p", str(folder), "-c", str(folder / "nginx.conf")])
    try:
        until(lambda: listens(own))
        yield own
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(scope="module")
def proxy(service: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The same through nginx."""
    with before(service.port, tmp_path_factory.mktemp("nginx")) as port:
        yield replace(service, port=port)


def listens(port: int) -> bool:
    with suppress(OSError), closing(socket.create_connection(("127.0.0.1", port), timeout=2)):
        return True
    return False


def lines(count: int, size: int, words: str) -> bytes:
    """Return lines of statements, each as long as a size, most of it space that JSON does not mind."""
    return b"\n".join(json.dumps(statement(text=f"{words} {each}.")).encode().ljust(size) for each in range(count))


def send(proxy: Server, body: bytes, framing: int = 0) -> Connection:
    """Send a body of lines through the proxy, in chunks of a size or for 0 with its length."""
    connection = Connection(proxy.port, timeout=120)
    told = "Transfer-Encoding: chunked" if framing else f"Content-Length: {len(body)}"
    headers = (
        f"Host: record.example\r\nAuthorization: Bearer {proxy.key}\r\nContent-Type: application/x-ndjson\r\n{told}"
    )
    connection.send(f"POST {BULK} HTTP/1.1\r\n{headers}\r\n\r\n".encode())
    with suppress(BrokenPipeError, ConnectionResetError):
        connection.send(chunked(body, framing) if framing else body)
    return connection


@pytest.mark.parametrize("framing", [0, MEBIBYTE])
@pytest.mark.parametrize(("count", "size"), [(2_000, 680), (66, 950_000)])
def test_bodies_of_many_lines_pass_up_to_their_limit(proxy: Server, count: int, size: int, framing: int) -> None:
    with closing(send(proxy, lines(count, size, f"Passed {count} {framing}"), framing)) as connection:
        answer = connection.answer()
        assert answer is not None
        assert (answer[0], json.loads(answer[2])["created"]) == (200, count)


@pytest.mark.parametrize("framing", [0, MEBIBYTE])
def test_a_body_over_the_limit_is_a_problem_also_where_nginx_says_it(proxy: Server, framing: int) -> None:
    with closing(send(proxy, lines(70, MEBIBYTE, "Too much"), framing)) as connection:
        problem = refused(connection, 413)
    assert problem["type"] == "/problems/too-large"


def test_a_document_over_its_own_limit_is_refused_by_the_service(proxy: Server) -> None:
    answer = proxy.ask("POST", "/v1/statements", json.dumps(statement()).encode().ljust(MEBIBYTE + 1))
    assert (answer.status, answer.json["instance"]) == (413, "/v1/statements")


def test_a_service_that_is_away_is_a_problem(service: Server, tmp_path: Path) -> None:
    with before(free_port(), tmp_path) as port:
        answer = replace(service, port=port).ask("GET", "/v1/statements")
    assert (answer.status, answer.json["type"]) == (503, "/problems/unavailable")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"] == answer.json["request_id"]
    assert int(answer.headers["retry-after"]) > 0


def test_links_begin_with_what_the_client_asked_its_port_included(proxy: Server) -> None:
    made = [proxy.ask("POST", "/v1/statements", statement(text=f"Linked {each}.")) for each in range(3)]
    base = f"http://127.0.0.1:{proxy.port}"
    assert all(each.headers["location"].startswith(f"{base}/v1/statements/stm_") for each in made)
    page = proxy.ask("GET", "/v1/statements?limit=2")
    following = page.json["next_url"]
    assert following.startswith(f"{base}/v1/statements?")
    assert page.headers["link"] == f'<{following}>; rel="next"'
    assert len(proxy.ask("GET", following.removeprefix(base)).json["data"]) == 2


def test_the_log_has_the_clients_address_and_the_proxys_request_id(proxy: Server) -> None:
    answer = proxy.ask("GET", "/v1/statements?limit=1")
    logged = [json.loads(each) for each in proxy.log.read_text().splitlines() if each.startswith("{")]
    line = next(each for each in logged if each.get("request_id") == answer.headers["x-request-id"])
    assert (line["address"], line["status"]) == ("127.0.0.1", 200)
    assert len(line["request_id"]) == 32


def test_a_request_that_cannot_be_read_is_the_services_to_answer(proxy: Server) -> None:
    long = f"GET /v1/statements?speaker={'x' * 8_200} HTTP/1.1"
    for line, status, told in (("GET /v1/statements?q=café HTTP/1.1", 400, "urlencode"), (long, 414, "8190")):
        with closing(Connection(proxy.port)) as connection:
            connection.send(f"{line}\r\nHost: record.example\r\nConnection: close\r\n\r\n".encode())
            assert told in refused(connection, status)["detail"]


def test_a_stream_comes_whole_and_its_beginning_before_its_end(proxy: Server) -> None:
    total = proxy.ask("GET", "/v1/statements?limit=1&count=exact").json["total"]
    with closing(http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=60)) as connection:
        connection.request("GET", "/v1/statements.ndjson", headers={"Host": "record.example"})
        answer = connection.getresponse()
        assert answer.headers["Transfer-Encoding"] == "chunked"
        first = answer.readline()
        assert json.loads(first)["id"].startswith("stm_")
        assert answer.read().count(b"\n") == total - 1


def test_slow_clients_by_the_hundred_keep_nobody_else_waiting(proxy: Server) -> None:
    head = f"Host: record.example\r\nAuthorization: Bearer {proxy.key}\r\nContent-Type: application/json"
    with ExitStack() as slow:
        for number in range(300):
            connection = slow.enter_context(closing(Connection(proxy.port)))
            if number % 3 == 0:
                connection.send(f"POST /v1/statements HTTP/1.1\r\n{head}\r\nContent-Length: 500\r\n\r\n{{".encode())
            elif number % 3 == 1:
                connection.send(f"GET /v1/statements?limit=200 HTTP/1.1\r\n{head}\r\n\r\n".encode())
            else:
                connection.send(b"GET /v1/statements HTTP/1.1\r\nHost:")
        for number in range(20):
            assert proxy.ask("GET", "/livez", timeout=10).status == 200
            assert proxy.ask("GET", "/v1/statements?limit=1", timeout=10).status == 200
            made = proxy.ask("POST", "/v1/statements", statement(text=f"Meanwhile {number}."), timeout=10)
            assert made.status == 201
