"""What a conformance case is: bytes to send, the responses to expect, and the connection's fate."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from .wire import Connection, ProtocolError, WireResponse


@dataclass(frozen=True)
class Expect:
    """One expected response. ``status`` may list several that the RFC allows."""

    status: int | tuple[int, ...]
    body: bytes | None = None
    json: Any = None
    fields: dict[str, str] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    method: str = "GET"
    interim: tuple[int, ...] = ()

    def check(self, response: WireResponse) -> None:
        """Raises AssertionError, naming what differs."""
        allowed = self.status if isinstance(self.status, tuple) else (self.status,)
        assert response.status in allowed, f"status {response.status}, not {allowed}: {response}"
        if self.body is not None:
            assert response.body == self.body
        if self.json is not None:
            assert json.loads(response.body) == self.json
        for name, value in self.fields.items():
            assert response.get(name) == value, f"{name}: {response.get(name)!r}, not {value!r}"
        for name in self.absent:
            assert response.get(name) is None, f"{name} should not be there"
        assert tuple(response.interim) == self.interim
        if response.status >= 200:
            check_common(response, self.method)


def check_common(response: WireResponse, method: str) -> None:
    """What holds for every final response of the server."""
    assert response.version == "HTTP/1.1"
    date = response.get("date")
    assert date is not None and date.endswith(" GMT") and len(date) == 29, date
    assert response.get("server"), "no Server field"
    if response.status == 204:
        assert response.get("content-length") is None and response.get("transfer-encoding") is None
    elif method != "HEAD" and response.status != 304 and response.get("connection") != "close":
        assert (response.get("content-length") is not None) != response.chunked


@dataclass(frozen=True)
class Case:
    """``send`` is written in one piece, or in pieces with ``pause`` seconds between them."""

    name: str
    send: bytes | tuple[bytes, ...]
    expect: tuple[Expect, ...]
    closes: bool | None = None
    pause: float = 0.02

    def run(self, connection: Connection, sleep: Any) -> None:
        """Sends, reads every expected response, then looks at the connection."""
        pieces = (self.send,) if isinstance(self.send, bytes) else self.send
        for index, piece in enumerate(pieces):
            if index:
                sleep(self.pause)
            connection.send(piece)
        for expected in self.expect:
            expected.check(connection.read_response(expected.method))
        if self.closes is True:
            if not connection.closed_by_server():
                raise ProtocolError("the server should have closed the connection")
        elif self.closes is False:
            connection.send(get("/"))
            Expect(200, json={"message": "root"}).check(connection.read_response())


def get(path: str, *fields: str, version: str = "1.1", method: str = "GET") -> bytes:
    """A request without a body."""
    lines = [
        f"{method} {path} HTTP/{version}",
        *(("Host: t",) if version == "1.1" else ()),
        *fields,
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def post(path: str, body: bytes, *fields: str) -> bytes:
    """A POST with Content-Length."""
    return get(path, f"Content-Length: {len(body)}", *fields, method="POST") + body


def chunked(path: str, encoded: bytes, *fields: str) -> bytes:
    """A POST with a chunked body, given as it goes over the wire."""
    return get(path, "Transfer-Encoding: chunked", *fields, method="POST") + encoded
