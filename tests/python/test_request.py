"""The request object."""

import gc
import weakref
from typing import Any

import pytest
from turbo import App, Request
from turbo.testing import Client


def ask(function, method: str = "GET", path: str = "/p", pattern: str = "/p", **arguments) -> Any:
    """What `function` gets from a request."""
    app = App()
    seen: list[Any] = []

    def handler(request: Request) -> None:
        seen.append(function(request))

    app.route(pattern, methods=["GET", "POST"])(handler)
    answer = Client(app).request(method, path, **arguments)
    assert answer.status == 204, answer.text
    return seen[0]


def test_line():
    assert ask(lambda r: (r.method, r.path), path="/p?x=1") == ("GET", "/p")
    encoded = ask(lambda r: (r.path, r.raw_path), path="/a%20%C3%A9?x", pattern="/{n}")
    assert encoded == ("/a \u00e9", b"/a%20%C3%A9")


def test_query():
    def look(request: Request) -> Any:
        q = request.query
        return (
            q["a"],
            q.get("b"),
            q.get("nothing"),
            q.getlist("a"),
            q.multi_items(),
            len(q),
            sorted(q),
            "a" in q,
            "z" in q,
            dict(q),
        )

    assert ask(look, path="/p?a=1&b=x+y%21&a=2&c") == (
        "2",
        "x y!",
        None,
        ["1", "2"],
        [("a", "1"), ("b", "x y!"), ("a", "2"), ("c", "")],
        3,
        ["a", "b", "c"],
        True,
        False,
        {"a": "2", "b": "x y!", "c": ""},
    )
    assert ask(lambda r: len(r.query)) == 0
    with pytest.raises(KeyError):
        raise ask(lambda r: _error(lambda: r.query["no"]))


def _error(call) -> BaseException | None:
    try:
        call()
    except BaseException as error:
        return error
    return None


def test_headers():
    fields = [("X-A", "1"), ("x-a", "2"), ("X-B", "caf\u00e9")]

    def look(request: Request) -> Any:
        h = request.headers
        return h["x-A"], h.getlist("X-a"), h["X-B"], h.get("no"), "x-b" in h, "no" in h, h["host"]

    assert ask(look, headers=fields) == (
        "1",
        ["1", "2"],
        "caf\u00e9",
        None,
        True,
        False,
        "testserver",
    )


def test_cookies():
    headers = {"Cookie": 'a=1; b="two words"; c=x=y; bad; =v'}
    cookies = ask(lambda r: dict(r.cookies), headers=headers)
    assert (cookies["a"], cookies["b"], cookies["c"]) == ("1", "two words", "x=y")
    assert ask(lambda r: dict(r.cookies)) == {}


def test_body():
    def look(request: Request) -> Any:
        return request.body, request.text(), request.json()

    assert ask(look, "POST", content='{"a":"\u20ac"}') == (
        '{"a":"\u20ac"}'.encode(),
        '{"a":"\u20ac"}',
        {"a": "\u20ac"},
    )
    assert isinstance(ask(lambda r: _error(r.json), "POST", content=b"{"), ValueError)
    assert isinstance(ask(lambda r: _error(r.text), "POST", content=b"\xff"), ValueError)


def test_path_params():
    params = ask(lambda r: r.path_params, path="/p/7/x%2Fy", pattern="/p/{n:int}/{s}")
    assert params == {"n": 7, "s": "x/y"}


def test_state_belongs_to_the_request():
    app = App()

    @app.get("/")
    def handler(request: Request) -> bool:
        fresh = not hasattr(request.state, "seen")
        request.state.seen = True
        return fresh and request.state.seen

    client = Client(app)
    assert client.get("/").json() is True
    assert client.get("/").json() is True


def test_a_request_may_be_kept():
    kept = ask(lambda r: r, "POST", path="/p?a=1", content=b"body", headers={"X-A": "v"})
    gc.collect()
    assert (kept.method, kept.path, kept.query["a"], kept.headers["x-a"], kept.body) == (
        "POST",
        "/p",
        "1",
        "v",
        b"body",
    )


def test_the_same_object_within_a_request():
    app = App()
    seen = []

    @app.get("/")
    def handler(first: Request, second: Request) -> None:
        seen.append(first is second)
        raise ValueError

    @app.exception_handler(ValueError)
    def caught(request: Request, error: ValueError) -> str:
        seen.append(isinstance(request, Request))
        return "caught"

    assert Client(app).get("/").text == "caught"
    assert seen == [True, True]


def test_requests_are_not_leaked():
    class Thing:
        pass

    references = []

    def look(request: Request) -> None:
        request.state.thing = Thing()
        request.state.request = request  # a cycle
        references.append(weakref.ref(request.state.thing))

    ask(look)
    gc.collect()
    assert references[0]() is None
