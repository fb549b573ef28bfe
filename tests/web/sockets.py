"""Connections on which bytes are sent as they are, for what no client library would send."""

from __future__ import annotations

import json
import socket
from typing import Any


class Connection:
    """A connection to a server of this machine."""

    def __init__(self, port: int, timeout: float = 60) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self._read = self._socket.makefile("rb")

    def send(self, data: bytes) -> None:
        """Send bytes, all of them."""
        self._socket.sendall(data)

    def end(self) -> None:
        """Say that nothing more will be sent, and go on reading."""
        self._socket.shutdown(socket.SHUT_WR)

    def answer(self) -> tuple[int, dict[str, str], bytes] | None:
        """Read an answer; None where the connection ended instead. A notice to go on is let pass."""
        line = self._read.readline()
        if not line:
            return None
        status, headers = int(line.split()[1]), {}
        while line := self._read.readline().strip():
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        if status == 100:
            return self.answer()
        return status, headers, self._read.read(int(headers.get("content-length", 0)))

    def ended(self) -> bool:
        """Tell whether the server has ended the connection; wait for it, or for more that it sends."""
        return self._read.read(1) == b""

    def close(self) -> None:
        """End the connection in order."""
        self._read.close()
        self._socket.close()

    def reset(self) -> None:
        """Be gone at once, as a client is that crashed."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.close()


def chunked(body: bytes, size: int) -> bytes:
    """Return a body in chunks of a size."""
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(each), each) for each in pieces) + b"0\r\n\r\n"


def refused(connection: Connection, status: int) -> dict[str, Any]:
    """Read an answer that is a problem and ends the connection, and says both; return the problem."""
    answer = connection.answer()
    assert answer is not None, "the connection ended without an answer"
    got, headers, body = answer
    assert got == status, body
    assert headers["content-type"] == "application/problem+json"
    assert headers["connection"] == "close"
    assert connection.ended()
    problem: dict[str, Any] = json.loads(body)
    assert problem["status"] == status
    assert problem["request_id"] == headers["x-request-id"]
    assert problem["instance"].startswith("/")
    assert problem["title"]
    return problem
