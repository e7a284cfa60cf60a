"""The response classes themselves, without a request."""

import datetime as dt

import pytest
from turbo import (
    HTMLResponse,
    HTTPError,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)


def test_defaults():
    response = Response()
    assert (response.content, response.status, response.media_type) == (b"", 200, None)
    assert dict(response.headers) == {}
    assert repr(response) == "<Response 200 without a media type>"
    assert JSONResponse({}).media_type == "application/json"
    assert HTMLResponse("").media_type == "text/html; charset=utf-8"
    assert PlainTextResponse("").media_type == "text/plain; charset=utf-8"
    assert StreamingResponse([]).media_type == "application/octet-stream"


def test_a_content_type_among_the_headers_is_the_media_type():
    response = HTMLResponse("", headers={"content-TYPE": "text/x"})
    assert response.media_type == "text/x"
    assert "content-type" not in response.headers
    assert Response("", headers={"content-type": "a/b"}, media_type="c/d").media_type == "c/d"


@pytest.mark.parametrize("kind", [Response, HTMLResponse, PlainTextResponse])
def test_contents(kind):
    assert kind(bytearray(b"x")).content == b"x"
    assert kind(memoryview(b"x")).content == b"x"
    assert kind("s").content == "s"
    with pytest.raises(TypeError, match="use JSONResponse"):
        kind({"a": 1})


@pytest.mark.parametrize("content", [b"bytes", "text", 5, None])
def test_contents_of_streams(content):
    with pytest.raises(TypeError, match="iterable of bytes or str"):
        StreamingResponse(content)


@pytest.mark.parametrize("status", [0, 199, 600, -1])
def test_statuses(status):
    with pytest.raises(ValueError, match="200 to 599"):
        Response("", status)
    with pytest.raises(ValueError, match="300 to 599"):
        HTTPError(status)
    with pytest.raises(ValueError, match="300 to 399"):
        RedirectResponse("/", status)


@pytest.mark.parametrize("value", ["a\rb", "a\nb", "a\0b", "a\x7fb", "a\x1bb", "\ud800"])
def test_values_that_may_not_be_sent(value):
    with pytest.raises(ValueError, match="header 'X'"):
        Response("", headers={"X": value})
    response = Response("")
    for change in (
        lambda: response.headers.__setitem__("X", value),
        lambda: response.headers.append("X", value),
        lambda: response.headers.extend([("X", value)]),
        lambda: HTTPError(400, headers={"X": value}),
        lambda: Response("", media_type=value),
    ):
        with pytest.raises(ValueError, match="header"):
            change()
    assert len(response.headers) == 0
    if value != "\ud800":
        with pytest.raises(ValueError, match="control character"):
            RedirectResponse(f"/{value}")


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a\r\n", "\u00e9", "a\0"])
def test_names_that_may_not_be_sent(name):
    with pytest.raises(ValueError, match="invalid header name"):
        Response("", headers=[(name, "v")])


def test_types_of_headers():
    with pytest.raises(TypeError, match="header names are str"):
        Response("", headers=[(b"X", "v")])  # type: ignore[list-item]
    assert Response("", headers={"X": 5}).headers["x"] == "5"  # type: ignore[dict-item]
    assert Response("", headers={"X": " a\t"}).headers["x"] == "a"


def test_headers_are_a_mutable_view():
    response = Response("", headers=[("A", "1"), ("B", "2"), ("a", "3")])
    headers = response.headers
    assert headers["a"] == "1"
    assert headers.getlist("A") == ["1", "3"]
    assert list(headers) == ["A", "B"]
    assert len(headers) == 2
    assert "b" in headers
    assert 5 not in headers
    headers["a"] = "4"
    assert headers.multi_items() == [("a", "4"), ("B", "2")]
    headers.append("B", "5")
    del headers["b"]
    assert response._headers == [("a", "4")]
    with pytest.raises(KeyError):
        del headers["b"]
    with pytest.raises(KeyError):
        headers["b"]
    headers["new"] = "6"
    assert response.headers["NEW"] == "6"


def test_no_stray_attributes():
    with pytest.raises(AttributeError):
        Response("").statuss = 201  # type: ignore[attr-defined]


def test_set_cookie():
    response = Response("")
    response.set_cookie(
        "session",
        "a b;c",
        max_age=60,
        expires=dt.datetime(2030, 1, 2, 3, 4, 5, tzinfo=dt.UTC),
        domain="example.org",
        secure=True,
        httponly=True,
        samesite="strict",
        partitioned=True,
    )
    (cookie,) = response.headers.getlist("set-cookie")
    parts = cookie.split("; ")
    assert parts[0] == r'session="a b\073c"'
    assert set(parts[1:]) == {
        "Max-Age=60",
        "expires=Wed, 02 Jan 2030 03:04:05 GMT",
        "Domain=example.org",
        "Path=/",
        "Secure",
        "HttpOnly",
        "SameSite=strict",
        "Partitioned",
    }


def test_plain_and_deleted_cookies():
    response = Response("")
    response.set_cookie("a", "1", path=None, samesite=None)
    response.delete_cookie("b")
    first, second = response.headers.getlist("set-cookie")
    assert first == "a=1"
    assert "Max-Age=0" in second
    assert "Thu, 01 Jan 1970 00:00:00 GMT" in second


@pytest.mark.parametrize(
    "arguments",
    [
        {"name": "a b"},
        {"name": ""},
        {"name": "a", "path": "/;x"},
        {"name": "a", "domain": "x\r\ny"},
        {"name": "a", "samesite": "often"},
        {"name": "a", "expires": "now; Path=/"},
    ],
)
def test_cookies_that_may_not_be_sent(arguments):
    response = Response("")
    with pytest.raises(ValueError, match=r".+"):
        response.set_cookie(**arguments)
    assert len(response.headers) == 0


def test_http_error():
    error = HTTPError(404)
    assert (error.status, error.detail, str(error)) == (404, "Not Found", "404: Not Found")
    assert HTTPError(499).detail == "Error"
    error = HTTPError(401, {"why": 1}, {"WWW-Authenticate": "Basic"})
    assert error.detail == {"why": 1}
    assert error.headers["www-authenticate"] == "Basic"
    assert isinstance(error, Exception)
