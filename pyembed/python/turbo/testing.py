"""Tests of applications: in process, without a socket, or over a real ``turbo run``.

from turbo.testing import Client

def test_user():
    response = Client(app).get("/users/7")
    assert response.status == 200
    assert response.json() == {"user_id": 7, "name": "User 7"}
"""

from __future__ import annotations

import http.client
import io
import json as json_module
import re
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode

from turbo._headers import MutableHeaders, checked_field
from turbo._server import Server, serve
from turbo.app import App

__all__ = ["Client", "Server", "TestResponse", "serve"]

type Params = Mapping[str, Any] | Iterable[tuple[str, Any]]
type HeaderArgument = Mapping[str, str] | Iterable[tuple[str, str]]
type _Exchange = Callable[[str, str, list[tuple[str, str]], bytes], TestResponse]


class TestResponse:
    """An answer as the client received it.

    Attributes:
        status: The status.
        headers: The header fields, by name in any case; ``getlist`` gives all of a name.
        content: The body, transfer coding removed.
    """

    __test__ = False  # not for pytest to collect

    def __init__(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
        self.status = status
        self.headers = MutableHeaders(headers)
        self.content = content

    @property
    def text(self) -> str:
        """The body, decoded as its Content-Type says, else from UTF-8."""
        found = re.search(r"charset=\"?([\w-]+)", self.headers.get("content-type", ""))
        return self.content.decode(found[1] if found else "utf-8", "replace")

    def json(self) -> Any:
        """The body, decoded from JSON.

        Raises:
            ValueError: It is not JSON.
        """
        return json_module.loads(self.content)

    def __repr__(self) -> str:
        return f"<TestResponse {self.status}, {len(self.content)} bytes>"


class Client:
    """Calls an application in process: the engine's own HTTP and routes, but no socket.

    As a context manager it also runs the application's start-up functions on entry and its shutdown
    functions on exit. Not for several threads at once, nor for use by a handler that it is running.

    Args:
        app: The application.
        headers: Sent with every request.

    Raises:
        ConfigurationError: The application is put together wrongly.
    """

    def __init__(self, app: App, *, headers: HeaderArgument = ()) -> None:
        from turbo._native import Dispatcher

        dispatcher = Dispatcher(app)
        self._exchange: _Exchange = lambda *request: _exchange_in_process(
            dispatcher.request_bytes, *request
        )
        self._headers = _header_list(headers)
        self._host = "testserver"
        self._app: App | None = app
        self._server: Server | None = None

    @classmethod
    def over_worker(cls, target: str, *, headers: HeaderArgument = (), **options: Any) -> Client:
        """A client of a ``turbo run`` of its own.

        :meth:`close`, or leaving the ``with`` block, ends it.

        Args:
            target: What to serve, as ``turbo run`` takes it.
            headers: Sent with every request.
            **options: As for :func:`serve`.

        Raises:
            RuntimeError: The server did not start; the message has its output.
        """
        server = Server(target, **options)
        client = cls.__new__(cls)
        client._exchange = lambda *request: _exchange_over_socket(server, *request)
        client._headers = _header_list(headers)
        client._host = f"{server.host}:{server.port}"
        client._app = None
        client._server = server
        return client

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Params = (),
        json: Any = None,
        content: bytes | str = b"",
        headers: HeaderArgument = (),
    ) -> TestResponse:
        """Send one request and wait for the whole answer. Redirects are not followed.

        Args:
            method: The method.
            path: Path and, if wanted, query; what a URL may not hold is percent-encoded.
            params: Added to the query; a value that is a list becomes several pairs, None none.
            json: The body, as JSON; sets Content-Type.
            content: The body as it is, in place of ``json``; a string is sent as UTF-8.
            headers: Header fields; those of the same name that the client always sends are left
                out.

        Returns:
            The answer.

        Raises:
            ValueError: Both ``json`` and ``content`` were given, or a header may not be sent.
            ConnectionError: The connection was cut before the answer was complete.
        """
        body = content.encode() if isinstance(content, str) else bytes(content)
        fields = _header_list(headers)
        if json is not None:
            if body:
                raise ValueError("give either json or content, not both")
            body = json_module.dumps(json).encode()
            if not _has(fields, "content-type"):
                fields.append(("Content-Type", "application/json"))
        fields += [field for field in self._headers if not _has(fields, field[0])]
        if not _has(fields, "host"):
            fields.insert(0, ("Host", self._host))
        framed = _has(fields, "content-length") or _has(fields, "transfer-encoding")
        if not framed and (body or method.upper() in ("POST", "PUT", "PATCH")):
            fields.append(("Content-Length", str(len(body))))
        return self._exchange(method.upper(), _target(path, params), fields, body)

    def get(self, path: str, **arguments: Any) -> TestResponse:
        """GET; see :meth:`request` for arguments, result and errors."""
        return self.request("GET", path, **arguments)

    def head(self, path: str, **arguments: Any) -> TestResponse:
        """HEAD; see :meth:`request`."""
        return self.request("HEAD", path, **arguments)

    def post(self, path: str, **arguments: Any) -> TestResponse:
        """POST; see :meth:`request`."""
        return self.request("POST", path, **arguments)

    def put(self, path: str, **arguments: Any) -> TestResponse:
        """PUT; see :meth:`request`."""
        return self.request("PUT", path, **arguments)

    def patch(self, path: str, **arguments: Any) -> TestResponse:
        """PATCH; see :meth:`request`."""
        return self.request("PATCH", path, **arguments)

    def delete(self, path: str, **arguments: Any) -> TestResponse:
        """DELETE; see :meth:`request`."""
        return self.request("DELETE", path, **arguments)

    def options(self, path: str, **arguments: Any) -> TestResponse:
        """OPTIONS; see :meth:`request`."""
        return self.request("OPTIONS", path, **arguments)

    def close(self) -> None:
        """End the server that :meth:`over_worker` started; nothing for a client in process."""
        if self._server is not None:
            self._server.stop()

    def __enter__(self) -> Self:
        if self._app is not None:
            for function in self._app._startup:
                function()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._app is not None:
            for function in self._app._shutdown:
                function()
        self.close()


class _ByteSocket:
    """What http.client reads an answer from."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, mode: str) -> io.BytesIO:
        return io.BytesIO(self._data)


def _exchange_in_process(
    send: Callable[[bytes], bytes],
    method: str,
    target: str,
    fields: list[tuple[str, str]],
    body: bytes,
) -> TestResponse:
    head = "".join(f"{name}: {value}\r\n" for name, value in fields)
    raw = send(f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode("latin-1", "strict") + body)
    response = http.client.HTTPResponse(_ByteSocket(raw), method=method)  # type: ignore[arg-type]
    return _read(response)


def _exchange_over_socket(
    server: Server, method: str, target: str, fields: list[tuple[str, str]], body: bytes
) -> TestResponse:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=60)
    try:
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in fields:
            connection.putheader(name, value)
        connection.endheaders(body or None)
        return _read(connection.getresponse(), begun=True)
    finally:
        connection.close()


def _read(response: http.client.HTTPResponse, *, begun: bool = False) -> TestResponse:
    try:
        if not begun:
            response.begin()
        content = response.read()
    except http.client.HTTPException as error:
        raise ConnectionError(
            f"the connection was cut before the answer was complete: {error!r}"
        ) from error
    return TestResponse(response.status, response.getheaders(), content)


def _target(path: str, params: Params) -> str:
    path, _, query = path.partition("?")
    pairs: list[tuple[str, str]] = []
    for name, value in params.items() if isinstance(params, Mapping) else params:
        items = value if isinstance(value, (list, tuple, set)) else (value,)
        pairs.extend((name, _query_text(item)) for item in items if item is not None)
    joined = "&".join(part for part in (quote(query, safe=_URL_SAFE), urlencode(pairs)) if part)
    encoded = quote(path, safe=_URL_SAFE)
    return f"{encoded}?{joined}" if joined else encoded


def _query_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


_URL_SAFE = "/:?@!$&'()*+,;=~%[]"


def _header_list(headers: HeaderArgument) -> list[tuple[str, str]]:
    items = headers.items() if isinstance(headers, Mapping) else headers
    return [checked_field(name, value) for name, value in items]


def _has(fields: list[tuple[str, str]], name: str) -> bool:
    return any(key.lower() == name.lower() for key, _ in fields)
