"""Exceptions of turbo's public interface."""

from __future__ import annotations

import http
from collections.abc import Iterable, Mapping

from turbo._headers import MutableHeaders

__all__ = ["ConfigurationError", "HTTPError"]


class ConfigurationError(Exception):
    """The application is put together wrongly: a route, a handler's signature, a type.

    Raised while the application is loaded, before any request. Its message is one sentence that
    names the handler and says what to change.
    """


class HTTPError(Exception):
    """Raised by a handler to answer with an error status and ``{"detail": ...}``.

    Args:
        status: The status of the answer, 300 to 599.
        detail: What ``detail`` in the JSON body holds; the status' standard phrase if left out.
        headers: Further header fields of the answer.

    Raises:
        ValueError: The status is out of range, or a header field holds characters that may not be
            sent.
    """

    def __init__(
        self,
        status: int,
        detail: object = None,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
    ) -> None:
        if not 300 <= status <= 599:
            raise ValueError(f"HTTPError takes a status from 300 to 599, not {status}")
        if detail is None:
            try:
                detail = http.HTTPStatus(status).phrase
            except ValueError:
                detail = "Error"
        super().__init__(status, detail)
        self.status: int = int(status)
        self.detail: object = detail
        self._headers: list[tuple[str, str]] = []
        if headers is not None:
            self.headers.extend(headers)

    @property
    def headers(self) -> MutableHeaders:
        """The answer's further header fields; changes are seen by the answer."""
        return MutableHeaders(self._headers)

    def __str__(self) -> str:
        return f"{self.status}: {self.detail}"
