"""Exceptions that handlers raise, and what the engine answers by itself."""

import pytest
from turbo import App, HTTPError, JSONResponse, PlainTextResponse, Request
from turbo.testing import Client


def app_that_raises(error: BaseException) -> App:
    app = App()

    @app.get("/")
    def handler() -> None:
        raise error

    return app


def test_http_error():
    error = HTTPError(403, {"reason": ["no"]}, {"X-Why": "because"})
    answer = Client(app_that_raises(error)).get("/")
    assert (answer.status, answer.json()) == (403, {"detail": {"reason": ["no"]}})
    assert answer.headers["x-why"] == "because"


def test_unexpected_errors_are_500_without_details():
    answer = Client(app_that_raises(RuntimeError("a secret"))).get("/")
    assert (answer.status, answer.json()) == (500, {"detail": "Internal Server Error"})
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
def test_base_exceptions_of_a_handler_are_500_too(error):
    client = Client(app_that_raises(error))
    assert client.get("/").status == 500
    assert client.get("/").status == 500


def test_exception_handlers_choose_the_nearest_class():
    app = App()

    @app.exception_handler(LookupError)
    def lookup(request: Request, error: LookupError):
        return {"lookup": str(error)}, 404

    @app.exception_handler(KeyError)
    def key(request: Request, error: KeyError):
        return PlainTextResponse(f"{request.method} {request.path} {error}", 410)

    @app.get("/{kind}")
    def handler(kind: str) -> None:
        raise {"index": IndexError("i"), "key": KeyError("k"), "other": ValueError("v")}[kind]

    client = Client(app)
    assert (client.get("/index").status, client.get("/index").json()) == (404, {"lookup": "i"})
    answer = client.get("/key")
    assert (answer.status, answer.text) == (410, "GET /key 'k'")
    assert client.get("/other").status == 500


def test_http_error_can_have_a_handler():
    app = app_that_raises(HTTPError(404, "gone", {"X-A": "b"}))

    @app.exception_handler(HTTPError)
    def handler(request: Request, error: HTTPError):
        return JSONResponse({"error": error.detail}, error.status, error.headers)

    answer = Client(app).get("/")
    assert (answer.status, answer.json()) == (404, {"error": "gone"})
    assert answer.headers["x-a"] == "b"


def test_a_handler_of_exceptions_may_fail_or_raise_http_error():
    app = App()

    @app.exception_handler(ValueError)
    def bad(request: Request, error: ValueError):
        raise RuntimeError("again")

    @app.exception_handler(KeyError)
    def translate(request: Request, error: KeyError):
        raise HTTPError(404, "no such key")

    @app.get("/{kind}")
    def handler(kind: str) -> None:
        raise ValueError if kind == "value" else KeyError

    client = Client(app)
    assert client.get("/value").status == 500
    assert client.get("/key").json() == {"detail": "no such key"}


def test_exceptions_of_a_handler_with_an_exception_handler_for_everything():
    app = app_that_raises(RuntimeError("x"))
    app.exception_handler(Exception)(lambda request, error: ({"caught": type(error).__name__}, 500))
    assert Client(app).get("/").json() == {"caught": "RuntimeError"}


def test_answers_of_the_engine():
    app = App()
    app.get("/a")(lambda: 1)
    app.post("/a")(lambda: 2)
    client = Client(app)
    assert (client.get("/b").status, client.get("/b").json()) == (404, {"detail": "Not Found"})
    answer = client.put("/a")
    assert (answer.status, answer.json()) == (405, {"detail": "Method Not Allowed"})
    assert {m.strip() for m in answer.headers["allow"].split(",")} == {
        "GET",
        "HEAD",
        "OPTIONS",
        "POST",
    }
    answer = client.options("/a")
    assert answer.status == 204
    assert "POST" in answer.headers["allow"]
    assert client.get("/%ff").status == 400


def test_trailing_slashes():
    def client(policy) -> Client:
        app = App(trailing_slash=policy)
        app.get("/plain")(lambda: "plain")
        app.get("/slash/")(lambda: "slash")
        return Client(app)

    redirect = client("redirect")
    answer = redirect.get("/plain/?a=1")
    assert (answer.status, answer.headers["location"]) == (307, "/plain?a=1")
    assert redirect.get("/slash").headers["location"] == "/slash/"
    ignore = client("ignore")
    assert (ignore.get("/plain/").text, ignore.get("/slash").text) == ("plain", "slash")
    strict = client("strict")
    assert (strict.get("/plain/").status, strict.get("/slash").status) == (404, 404)
    assert strict.get("/plain").status == 200


def test_explicit_head_and_options():
    app = App()
    app.get("/a")(lambda: "get")
    app.head("/a")(lambda: ("", 200, {"X-Head": "own"}))
    app.options("/a")(lambda: ({"own": True}, 200))
    client = Client(app)
    assert client.head("/a").headers["x-head"] == "own"
    assert client.options("/a").json() == {"own": True}
