"""What a handler may return when a plain value does not say enough."""

from __future__ import annotations

import datetime as dt
import email.utils
import http.cookies
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Literal
from urllib.parse import quote

from turbo._headers import MutableHeaders

__all__ = [
    "HTMLResponse",
    "JSONResponse",
    "PlainTextResponse",
    "RedirectResponse",
    "Response",
    "StreamingResponse",
]

type Headers = Mapping[str, str] | Iterable[tuple[str, str]]


class Response:
    """An answer with its status, header fields and media type.

    Args:
        content: The body; a string is sent as UTF-8.
        status: The status, 200 to 599.
        headers: Header fields, as a mapping or as pairs; pairs may repeat a name.
        media_type: The value of Content-Type; the class's own if left out. None there too: no
            Content-Type, unless ``headers`` has one.

    Raises:
        ValueError: The status is out of range; a header field's name is not a token, or its value
            holds CR, LF or another control character.
        TypeError: A header's name or value, or the content, is of the wrong type.
    """

    __slots__ = ("_headers", "content", "media_type", "status")

    default_media_type: ClassVar[str | None] = None

    def __init__(
        self,
        content: Any = b"",
        status: int = 200,
        headers: Headers | None = None,
        media_type: str | None = None,
    ) -> None:
        self.content = self._checked(content)
        self.status = _checked_status(status)
        self._headers: list[tuple[str, str]] = []
        if headers is not None:
            self.headers.extend(headers)
        self.media_type = self._choose_media_type(media_type)

    def _checked(self, content: Any) -> Any:
        if not isinstance(content, (bytes, bytearray, memoryview, str)):
            raise TypeError(
                f"{type(self).__name__} takes bytes or str, not {type(content).__name__}; "
                "use JSONResponse for other values"
            )
        return content if isinstance(content, (bytes, str)) else bytes(content)

    def _choose_media_type(self, media_type: str | None) -> str | None:
        """The argument, else a Content-Type among the headers, else the class's own."""
        headers = self.headers
        given = headers.pop("content-type", None)
        chosen = media_type if media_type is not None else given
        if chosen is None:
            return self.default_media_type
        MutableHeaders([]).append("content-type", chosen)  # refuses what may not be sent
        return chosen

    @property
    def headers(self) -> MutableHeaders:
        """The header fields; a mutable mapping whose changes the answer shows."""
        return MutableHeaders(self._headers)

    def set_cookie(
        self,
        name: str,
        value: str = "",
        *,
        max_age: int | None = None,
        expires: dt.datetime | str | None = None,
        path: str | None = "/",
        domain: str | None = None,
        secure: bool = False,
        httponly: bool = False,
        samesite: Literal["lax", "strict", "none"] | None = "lax",
        partitioned: bool = False,
    ) -> None:
        """Add a Set-Cookie field (RFC 6265).

        Args:
            name: The cookie's name.
            value: Its value; quoted where that is needed.
            max_age: Seconds until it expires.
            expires: When it expires: an aware datetime, or an HTTP date.
            path: Where the client sends it.
            domain: To which hosts the client sends it.
            secure: Only over TLS.
            httponly: Hidden from scripts.
            samesite: Whether other sites' requests carry it; None leaves the attribute out.
            partitioned: Kept apart for each top-level site (CHIPS).

        Raises:
            ValueError: A part holds characters that a cookie may not have.
        """
        jar: http.cookies.SimpleCookie = http.cookies.SimpleCookie()
        try:
            jar[name] = value
        except http.cookies.CookieError as error:
            raise ValueError(f"invalid cookie {name!r}: {error}") from error
        morsel = jar[name]
        if max_age is not None:
            morsel["max-age"] = str(int(max_age))
        if isinstance(expires, dt.datetime):
            expires = email.utils.format_datetime(expires.astimezone(dt.UTC), usegmt=True)
        for key, attribute in (("expires", expires), ("path", path), ("domain", domain)):
            if attribute is not None:
                if ";" in attribute or not attribute.isprintable():
                    raise ValueError(f"the cookie's {key} holds {attribute!r}")
                morsel[key] = attribute
        morsel["secure"] = secure
        morsel["httponly"] = httponly
        if samesite is not None:
            if samesite.lower() not in ("lax", "strict", "none"):
                raise ValueError(f"samesite is 'lax', 'strict' or 'none', not {samesite!r}")
            morsel["samesite"] = samesite.lower()
        text = morsel.OutputString()
        if partitioned:  # http.cookies knows the attribute only since 3.14
            text += "; Partitioned"
        self.headers.append("set-cookie", text)

    def delete_cookie(
        self,
        name: str,
        *,
        path: str | None = "/",
        domain: str | None = None,
        secure: bool = False,
        httponly: bool = False,
        samesite: Literal["lax", "strict", "none"] | None = "lax",
    ) -> None:
        """Add a Set-Cookie field that makes the client forget a cookie.

        Args:
            name: The cookie's name.
            path: As it was set.
            domain: As it was set.
            secure: As it was set.
            httponly: As it was set.
            samesite: As it was set.

        Raises:
            ValueError: A part holds characters that a cookie may not have.
        """
        self.set_cookie(
            name,
            max_age=0,
            expires="Thu, 01 Jan 1970 00:00:00 GMT",
            path=path,
            domain=domain,
            secure=secure,
            httponly=httponly,
            samesite=samesite,
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.status} {self.media_type or 'without a media type'}>"


class JSONResponse(Response):
    """An answer whose body is ``content`` as JSON: whatever a handler may return plainly.

    Args:
        content: What to encode; encoding happens when the answer is sent.
        status: The status, 200 to 599.
        headers: Header fields.
        media_type: ``application/json`` if left out; e.g. ``application/problem+json``.

    Raises:
        ValueError: As for :class:`Response`.
    """

    __slots__ = ()

    default_media_type = "application/json"

    def _checked(self, content: Any) -> Any:
        return content


class HTMLResponse(Response):
    """An answer in HTML, UTF-8."""

    __slots__ = ()

    default_media_type = "text/html; charset=utf-8"


class PlainTextResponse(Response):
    """An answer in plain text, UTF-8."""

    __slots__ = ()

    default_media_type = "text/plain; charset=utf-8"


class RedirectResponse(Response):
    """An answer that sends the client elsewhere.

    Args:
        url: Where to; absolute or relative. Characters that a URL may not hold are percent-encoded.
        status: 307 keeps the method; 303 makes it GET; 308 and 301 are permanent.
        headers: Further header fields.

    Raises:
        ValueError: The status is not 3xx, or the URL holds a control character.
    """

    __slots__ = ()

    def __init__(self, url: str, status: int = 307, headers: Headers | None = None) -> None:
        if not 300 <= status <= 399:
            raise ValueError(f"a redirect's status is 300 to 399, not {status}")
        super().__init__(b"", status, headers)
        if any(c < " " or c == "\x7f" for c in url):
            raise ValueError("the URL of a redirect holds a control character")
        self.headers["location"] = quote(url, safe=":/%#?=@[]!$&'()*+,;~")


class StreamingResponse(Response):
    """An answer whose body is produced while it is sent, only as fast as the client takes it.

    Args:
        content: Any iterable of bytes or strings (sent as UTF-8), a generator for instance. Its
            ``close`` is called at the end, also if the client went away.
        status: The status, 200 to 599.
        headers: Header fields. A Content-Length is honoured and checked; without one the body is
            chunked.
        media_type: The value of Content-Type; ``application/octet-stream`` if left out.

    Raises:
        TypeError: The content is not iterable, or is itself bytes or a string.
        ValueError: As for :class:`Response`.
    """

    __slots__ = ()

    default_media_type = "application/octet-stream"

    def __init__(
        self,
        content: Iterable[bytes | str],
        status: int = 200,
        headers: Headers | None = None,
        media_type: str | None = None,
    ) -> None:
        super().__init__(content, status, headers, media_type)

    def _checked(self, content: Any) -> Any:
        if isinstance(content, (bytes, bytearray, str)) or not hasattr(type(content), "__iter__"):
            raise TypeError(
                f"StreamingResponse takes an iterable of bytes or str, not {type(content).__name__}"
            )
        return content


def _checked_status(status: int) -> int:
    if not 200 <= status <= 599:
        raise ValueError(f"a response's status is 200 to 599, not {status}")
    return int(status)
