"""What a handler may return, and what becomes of it."""

import dataclasses
import enum
from typing import Any, NamedTuple

import pytest
from turbo import (
    App,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from turbo.testing import Client


def answer_of(value: Any, status: int = 200):
    app = App()
    app.get("/", status=status)(lambda: value() if callable(value) else value)
    return Client(app).get("/")


@dataclasses.dataclass
class Item:
    name: str
    price: float
    description: str | None = None


class Pair(NamedTuple):
    x: int
    y: int


class Name(enum.StrEnum):
    A = "a"


JSON = "application/json"
TEXT = "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("value", "status", "kind", "body"),
    [
        ({"a": [1, None, "\u20ac"]}, 200, JSON, '{"a":[1,null,"\u20ac"]}'),
        ([], 200, JSON, "[]"),
        ({}, 200, JSON, "{}"),
        (7, 200, JSON, "7"),
        (1.5, 200, JSON, "1.5"),
        (True, 200, JSON, "true"),
        (False, 200, JSON, "false"),
        ("text \u20ac", 200, TEXT, "text \u20ac"),
        ("", 200, TEXT, ""),
        (b"bytes", 200, "application/octet-stream", "bytes"),
        (None, 204, None, ""),
        (Item("W", 9.99), 200, JSON, '{"name":"W","price":9.99,"description":null}'),
        (
            {"item": Item("W", 1.0)},
            200,
            JSON,
            '{"item":{"name":"W","price":1.0,"description":null}}',
        ),
        (Pair(1, 2), 200, JSON, "[1,2]"),
        (({"a": 1}, 201), 201, JSON, '{"a":1}'),
        (("made", 201, {"X-A": "b"}), 201, TEXT, "made"),
        ((None, 202), 202, None, ""),
        (Response("raw"), 200, None, "raw"),
        (Response(b"raw", 418, media_type="x/y"), 418, "x/y", "raw"),
        (JSONResponse([1], 201), 201, JSON, "[1]"),
        (
            JSONResponse({}, media_type="application/problem+json"),
            200,
            "application/problem+json",
            "{}",
        ),
        (HTMLResponse("<p>\u20ac"), 200, "text/html; charset=utf-8", "<p>\u20ac"),
        (PlainTextResponse("p"), 200, TEXT, "p"),
        (StreamingResponse([b"a", "\u20ac", b""]), 200, "application/octet-stream", "a\u20ac"),
        ((Response("x"), 203), 203, None, "x"),
    ],
)
def test_values(value, status, kind, body):
    answer = answer_of(value)
    assert answer.status == status
    assert answer.headers.get("content-type") == kind
    assert answer.content.decode() == body


def test_the_routes_status_is_the_default():
    assert answer_of({"created": True}, status=201).status == 201
    assert answer_of(None, status=202).status == 202
    assert answer_of(({}, 203), status=201).status == 203


def test_redirect():
    answer = answer_of(RedirectResponse("/a b?\u00e9=1#f"))
    assert (answer.status, answer.headers["location"]) == (307, "/a%20b?%C3%A9=1#f")


def test_headers_in_every_form():
    tuple_form = answer_of(
        lambda: ("x", 200, [("X-A", "1"), ("X-A", "2"), ("Content-Type", "a/b")])
    )
    assert tuple_form.headers.getlist("x-a") == ["1", "2"]
    assert tuple_form.headers.getlist("content-type") == ["a/b"]
    response = Response("x", headers={"X-B": "caf\u00e9", "Server": "mine"})
    response.headers["X-C"] = "3"
    response.set_cookie("a", "1")
    response.set_cookie("b", "2")
    object_form = answer_of(response)
    assert object_form.headers["x-b"] == "caf\u00e9"
    assert object_form.headers["x-c"] == "3"
    assert object_form.headers.getlist("server") == ["mine"]
    assert len(object_form.headers.getlist("set-cookie")) == 2
    both = answer_of(lambda: (Response("x", headers={"X-D": "1"}), 201, {"X-E": "2"}))
    assert (both.headers["x-d"], both.headers["x-e"]) == ("1", "2")


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\0b"])
def test_control_characters_in_headers_never_reach_the_wire(value):
    answer = answer_of(lambda: ("x", 200, {"X-A": value}))
    assert answer.status == 500
    assert "x-evil" not in answer.headers
    response = Response("x")
    response._headers.append(("X-A", value))  # behind the checks of the class
    assert answer_of(response).status == 500


@pytest.mark.parametrize(
    "value",
    [
        object(),
        {1, 2},
        float("nan"),
        {"a": object()},
        (1, 2, 3, 4),
        ("x", "200"),
        ("x", 99),
        ("x", True),
    ],
)
def test_what_cannot_be_sent_is_500_and_the_application_lives_on(value):
    app = App()
    app.get("/")(lambda: value)
    app.get("/fine")(lambda: "fine")
    client = Client(app)
    answer = client.get("/")
    assert (answer.status, answer.json()) == (500, {"detail": "Internal Server Error"})
    assert client.get("/fine").text == "fine"


def test_generators_stream_lazily_and_are_closed():
    events: list[str] = []

    def produce():
        try:
            for i in range(1000):
                yield f"{i}\n"
        finally:
            events.append("closed")

    answer = answer_of(lambda: StreamingResponse(produce(), media_type="text/plain"))
    assert answer.headers["transfer-encoding"] == "chunked"
    assert answer.text == "".join(f"{i}\n" for i in range(1000))
    assert events == ["closed"]


def test_a_stream_with_content_length_is_not_chunked():
    answer = answer_of(StreamingResponse([b"abc", b"de"], headers={"Content-Length": "5"}))
    assert answer.headers.get("transfer-encoding") is None
    assert (answer.headers["content-length"], answer.content) == ("5", b"abcde")


def test_a_stream_that_fails_cuts_the_connection():
    def produce():
        yield b"begun"
        raise RuntimeError("in the middle")

    with pytest.raises(ConnectionError):
        answer_of(lambda: StreamingResponse(produce()))


def test_head_has_no_body():
    app = App()
    app.get("/")(lambda: {"a": 1})
    app.get("/stream")(lambda: StreamingResponse([b"x"]))
    client = Client(app)
    answer = client.head("/")
    assert (answer.content, answer.headers["content-length"]) == (b"", "7")
    assert client.head("/stream").content == b""


def test_large_answers():
    text = "x" * 3_000_000
    assert answer_of(text).text == text
    data = list(range(200_000))
    assert answer_of(data).json() == data


def test_subclasses_of_plain_types():
    class MyDict(dict):
        pass

    class MyStr(str):
        __slots__ = ()

    assert answer_of(MyDict(a=1)).json() == {"a": 1}
    assert answer_of(MyStr("s")).text == "s"
    assert answer_of({"n": Name.A}).json() == {"n": "a"}
