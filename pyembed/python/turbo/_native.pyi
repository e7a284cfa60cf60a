# ruff: noqa: PYI021 (the module is compiled: editors have no other docstrings to show)
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any, final

from turbo.app import App

@final
class QueryParams(Mapping[str, str]):
    """The query's parameters; the last value of a name counts."""

    def __getitem__(self, name: str, /) -> str: ...
    def __iter__(self) -> Iterator[str]: ...
    def __len__(self) -> int: ...
    def getlist(self, name: str, /) -> list[str]:
        """All values of a name, in order; empty if there is none."""

    def multi_items(self) -> list[tuple[str, str]]:
        """Every pair, in order, duplicates included."""

@final
class Headers(Mapping[str, str]):
    """The header fields; names in any case, the first value of a name counts."""

    def __getitem__(self, name: str, /) -> str: ...
    def __iter__(self) -> Iterator[str]: ...
    def __len__(self) -> int: ...
    def getlist(self, name: str, /) -> list[str]:
        """All values of a name, in order; empty if there is none."""

    def multi_items(self) -> list[tuple[str, str]]:
        """Every field, in order, duplicates included."""

@final
class Request:
    """A request; a handler gets it by a parameter annotated with this class.

    Its parts are made when they are first asked for. It may be kept after the answer.
    """

    @property
    def method(self) -> str:
        """``GET`` and so on."""

    @property
    def path(self) -> str:
        """The path, percent-decoded."""

    @property
    def raw_path(self) -> bytes:
        """The path as it was received."""

    @property
    def query_string(self) -> bytes:
        """The query as it was received, without the question mark."""

    @property
    def query(self) -> QueryParams:
        """The query's parameters, decoded."""

    @property
    def headers(self) -> Headers:
        """The header fields."""

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies."""

    @property
    def client(self) -> tuple[str, int] | None:
        """Address and port of the peer; None over a Unix-domain socket."""

    @property
    def body(self) -> bytes:
        """The whole body."""

    @property
    def state(self) -> SimpleNamespace:
        """For the application's own use while the request lives."""

    @property
    def path_params(self) -> dict[str, Any]:
        """The path's parameters by name, converted as the pattern says."""

    def json(self) -> Any:
        """The body, decoded from JSON.

        Raises:
            ValueError: It is not JSON.
        """

    def text(self) -> str:
        """The body, decoded from UTF-8.

        Raises:
            UnicodeDecodeError: It is not UTF-8.
        """

@final
class Dispatcher:
    """Runs an application on bytes, without a socket; what :class:`turbo.testing.Client` uses."""

    def __new__(cls, app: App) -> Dispatcher: ...
    def request_bytes(self, raw: bytes, /) -> bytes:
        """The answer to the bytes of a request."""

def json_encode(value: object, /) -> bytes:
    """The value as JSON in UTF-8, as a handler's return value becomes it.

    Raises:
        TypeError: It holds something that JSON cannot express.
        ValueError: It holds NaN, an infinity or itself, or is nested too deep.
    """

def json_decode(text: str | bytes | bytearray | memoryview, /) -> Any:
    """The value of JSON text.

    Raises:
        ValueError: It is not JSON.
    """
