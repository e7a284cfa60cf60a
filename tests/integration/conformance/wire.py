"""A minimal HTTP/1.1 client that trusts nothing: it sends bytes as given and reads responses strictly."""

from __future__ import annotations

import contextlib
import socket
from dataclasses import dataclass, field
from typing import Self


@dataclass
class WireResponse:
    """One response as it came: ``fields`` keeps order and duplicates, names in lower case."""

    status: int
    reason: str
    version: str
    fields: list[tuple[str, str]]
    body: bytes
    chunked: bool = False
    interim: list[int] = field(default_factory=list)

    def get(self, name: str) -> str | None:
        """First value of a field, or None."""
        return next((value for key, value in self.fields if key == name.lower()), None)

    def all(self, name: str) -> list[str]:
        """Every value of a field, in order."""
        return [value for key, value in self.fields if key == name.lower()]


class ProtocolError(AssertionError):
    """The server sent something that is not HTTP."""


class Connection:
    """A raw TCP connection. Every read has a deadline, so that a silent server is a failure, not a hang."""

    def __init__(self, host: str, port: int, timeout: float = 10.0) -> None:
        self.sock = socket.create_connection((host, port), timeout=timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.timeout = timeout
        self.buffer = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def send(self, data: bytes) -> None:
        """Sends everything; a server that has already closed is not an error here."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.sock.sendall(data)

    def fill(self) -> bool:
        """Reads more; False at end of file (a reset counts as one)."""
        try:
            data = self.sock.recv(65536)
        except ConnectionResetError:
            return False
        except TimeoutError as error:
            raise ProtocolError(
                f"no answer within {self.timeout} s; have {self.buffer!r}"
            ) from error
        self.buffer += data
        return bool(data)

    def read_line(self) -> bytes:
        while b"\r\n" not in self.buffer:
            if not self.fill():
                raise ProtocolError(f"connection closed in the middle of a line: {self.buffer!r}")
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line

    def read_exactly(self, count: int) -> bytes:
        while len(self.buffer) < count:
            if not self.fill():
                raise ProtocolError(f"body cut after {len(self.buffer)} of {count} bytes")
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def read_head(self) -> WireResponse:
        parts = self.read_line().decode("latin-1").split(" ", 2)
        if len(parts) < 3 or not parts[0].startswith("HTTP/1.") or not parts[1].isdigit():
            raise ProtocolError(f"not a status line: {parts!r}")
        fields = []
        while line := self.read_line():
            name, colon, value = line.decode("latin-1").partition(":")
            if not colon or not name or name != name.strip():
                raise ProtocolError(f"not a header field: {line!r}")
            fields.append((name.lower(), value.strip()))
        return WireResponse(int(parts[1]), parts[2], parts[0], fields, b"")

    def read_chunked(self) -> bytes:
        body = b""
        while size := int(self.read_line().split(b";")[0], 16):
            body += self.read_exactly(size)
            if self.read_line():
                raise ProtocolError("chunk not ended by CRLF")
        while self.read_line():
            pass
        return body

    def read_response(self, method: str = "GET") -> WireResponse:
        """The next final response; interim ones (1xx) are listed in it."""
        interim = []
        response = self.read_head()
        while 100 <= response.status < 200:
            interim.append(response.status)
            response = self.read_head()
        response.interim = interim
        if method == "HEAD" or response.status in (204, 304):
            return response
        if response.get("transfer-encoding") == "chunked":
            if response.get("content-length") is not None:
                raise ProtocolError("Transfer-Encoding and Content-Length together")
            response.chunked = True
            response.body = self.read_chunked()
        elif (size := response.get("content-length")) is not None:
            response.body = self.read_exactly(int(size))
        else:
            while self.fill():
                pass
            response.body, self.buffer = self.buffer, b""
        return response

    def closed_by_server(self, within: float = 5.0) -> bool:
        """True if the server ends the connection in time without sending anything more."""
        self.sock.settimeout(within)
        try:
            return not self.buffer and not self.sock.recv(1)
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False
