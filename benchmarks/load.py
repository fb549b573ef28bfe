"""A closed loop of clients: each connection is kept alive and asks again as soon as it is answered."""

from __future__ import annotations

import gc
import re
import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.apart import apart

CONNECTIONS = 8
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Refused(Exception):
    """The server answered something else than was wanted."""


@dataclass
class Load:
    """What a round came to: how long each answer took, in seconds, and how many were asked for with the warming up."""

    seconds: float
    times: list[float]
    asked: int

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.times) / self.seconds


@dataclass
class _Client:
    socket: socket.socket
    began: float = 0
    missing: int = 0


def ask(
    port: int, paths: Sequence[str | bytes], seconds: float, *, workers: Sequence[int] = (), start: int = 0
) -> Load:
    """Ask for paths, or send requests that are given whole, in turn, from a process of its own, for so many seconds.

    The first tenth is for warming up and not counted. Where the server's workers are given, each is asked on as
    many connections as the others. Raises Refused for any answer but 200 and 201.
    """
    return apart(_ask, port, list(paths), seconds, list(workers), start)


def _ask(port: int, paths: list[str | bytes], seconds: float, workers: list[int], start: int) -> Load:
    gc.disable()
    requests = [each if isinstance(each, bytes) else _get(port, each) for each in paths]
    # What writes is not sent to find out who takes a connection.
    probe = requests[0] if requests[0].startswith(b"GET ") else _get(port, "/livez")
    clients = _spread(port, workers, probe) if workers else [_open(port) for _ in range(CONNECTIONS)]
    poll = selectors.DefaultSelector()
    clock = time.perf_counter
    for number, client in enumerate(clients):
        poll.register(client.socket, selectors.EVENT_READ, client)
        client.began = clock()
        client.socket.sendall(requests[(start + number) % len(requests)])
    times: list[float] = []
    asked = len(clients)
    counted_from = clock() + seconds / 10
    until = counted_from + seconds
    while (now := clock()) < until:
        for key, _ in poll.select(until - now):
            client = key.data
            if not _receive(client):
                continue
            done = clock()
            if done >= counted_from:
                times.append(done - client.began)
            client.began = clock()
            client.socket.sendall(requests[(start + asked) % len(requests)])
            asked += 1
    for client in clients:
        client.socket.close()
    return Load(seconds, times, asked)


def _get(port: int, path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()


def _open(port: int) -> _Client:
    client = _Client(socket.create_connection(("127.0.0.1", port), timeout=30))
    client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def _spread(port: int, workers: list[int], request: bytes) -> list[_Client]:
    """Return connections of which each worker has accepted as many as any other.

    Which worker takes a connection is up to the system, and for as long as it is kept alive, it stays with it.
    Left to chance, one of two workers has six of eight as often as not, and a round measures that.
    """
    kept: dict[int, list[_Client]] = {pid: [] for pid in workers}
    each = CONNECTIONS // len(workers)
    for _ in range(200):
        if all(len(clients) == each for clients in kept.values()):
            return [client for clients in kept.values() for client in clients]
        client = _open(port)
        client.socket.sendall(request)
        while not _receive(client):
            pass
        clients = kept[_owner(port, client.socket.getsockname()[1], workers)]
        if len(clients) < each:
            clients.append(client)
        else:
            client.socket.close()
    raise Refused("Some worker takes no connections.")


def _owner(port: int, from_port: int, workers: list[int]) -> int:
    """Return which worker holds the connection from a port, by what Linux tells of its sockets."""
    ends = f":{port:04X} 0100007F:{from_port:04X} "
    (line,) = [line for line in Path("/proc/net/tcp").read_text().splitlines() if ends in line]
    inode = f"socket:[{line.split()[9]}]"
    for pid in workers:
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                if str(descriptor.readlink()) == inode:
                    return pid
    raise Refused("Nobody holds the connection.")


def _receive(client: _Client) -> bool:
    """Take what has come; tell whether the answer is whole."""
    data = client.socket.recv(1 << 18)
    if not data:
        raise Refused("The server closed a connection.")
    if not client.missing:
        head, _, _ = data.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 201")) or length is None:
            raise Refused(data[:300].decode(errors="replace"))
        client.missing = len(head) + 4 + int(length[1])
    client.missing -= len(data)
    return not client.missing


def fetch(port: int, path: str, *, method: str = "GET", body: bytes = b"", **headers: str) -> tuple[int, bytes]:
    """Send one request and return status and body."""
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def fetch_all(port: int, paths: Sequence[str]) -> dict[str, bytes]:
    """Return the bodies that paths are answered with, asked one after another on one connection."""
    return {path: body for path, body, _ in _fetched(port, paths)}


def fetch_all_timed(port: int, paths: Sequence[str]) -> list[float]:
    """Return how many seconds each of these paths took to be answered, asked in the same way."""
    return [took for _, _, took in _fetched(port, paths)]


def _fetched(port: int, paths: Sequence[str]) -> Iterator[tuple[str, bytes, float]]:
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        for path in paths:
            began = time.perf_counter()
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200:
                raise Refused(f"{path}: {answer.status} {body[:300]!r}")
            yield path, body, time.perf_counter() - began
    finally:
        connection.close()


def stream(port: int, path: str, most: float) -> tuple[int, float]:
    """Read one long answer for at most so many seconds; return how many bytes came, in how many seconds."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
        head = client.recv(1 << 18)
        if not head.startswith(b"HTTP/1.1 200"):
            raise Refused(head[:300].decode(errors="replace"))
        began, size = time.perf_counter(), len(head)
        while (took := time.perf_counter() - began) < most and (data := client.recv(1 << 20)):
            size += len(data)
        return size, took


def quantile(times: Sequence[float], share: float) -> float:
    """Return the time that a share of all did not take longer than."""
    ordered = sorted(times)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]
