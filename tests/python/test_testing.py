"""turbo.testing itself."""

import pytest
from turbo import App, Request, Response
from turbo.testing import Client, TestResponse


def echo_app() -> App:
    app = App()

    @app.route("/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    def echo(path: str, request: Request) -> dict[str, object]:
        return {
            "method": request.method,
            "path": path,
            "query": request.query.multi_items(),
            "headers": request.headers.multi_items(),
            "body": request.text(),
        }

    return app


def test_methods():
    client = Client(echo_app())
    for method in ("get", "post", "put", "patch", "delete"):
        assert getattr(client, method)("/x").json()["method"] == method.upper()
    assert client.head("/x").content == b""
    assert client.options("/x").status == 204


def test_path_and_params():
    client = Client(echo_app())
    answer = client.get("/a b/\u00e9?x=1", params={"y": [1, 2], "z": None, "t": True, "s": "a&b"})
    assert answer.json()["path"] == "a b/\u00e9"
    assert answer.json()["query"] == [
        ["x", "1"],
        ["y", "1"],
        ["y", "2"],
        ["t", "true"],
        ["s", "a&b"],
    ]
    assert client.get("/x", params=[("a", 1), ("a", 2)]).json()["query"] == [["a", "1"], ["a", "2"]]


def test_bodies_and_headers():
    client = Client(echo_app(), headers={"X-Always": "1", "X-Other": "2"})
    answer = client.post("/x", json={"a": 1}, headers={"x-always": "3"})
    headers = {name.lower(): value for name, value in answer.json()["headers"]}
    assert (headers["x-always"], headers["x-other"]) == ("3", "2")
    assert headers["content-type"] == "application/json"
    assert answer.json()["body"] == '{"a": 1}'
    assert client.post("/x", content="\u20ac").json()["body"] == "\u20ac"
    with pytest.raises(ValueError, match="not both"):
        client.post("/x", json={}, content=b"x")
    with pytest.raises(ValueError, match="control character"):
        client.get("/x", headers={"X": "a\r\nb"})


def test_hooks_run_with_the_context_manager_only():
    app, events = App(), []
    app.on_startup(lambda: events.append("up"))
    app.on_shutdown(lambda: events.append("down"))
    app.get("/")(lambda: events.append("request"))
    Client(app).get("/")
    assert events == ["request"]
    with Client(app) as client:
        client.get("/")
    assert events == ["request", "up", "request", "down"]


def test_response_text_follows_its_charset():
    app = App()
    app.get("/")(lambda: Response("\u00e9".encode("latin-1"), media_type="text/x; charset=latin-1"))
    assert Client(app).get("/").text == "\u00e9"
    answer = TestResponse(200, [("A", "1")], b"{}")
    assert (answer.json(), answer.headers["a"], repr(answer)) == (
        {},
        "1",
        "<TestResponse 200, 2 bytes>",
    )


def test_several_requests_on_one_client():
    client = Client(echo_app())
    for i in range(100):
        assert client.get(f"/{i}").json()["path"] == str(i)
    answer = client.get("/x", headers={"Connection": "close"})
    assert answer.headers["connection"] == "close"
    assert client.get("/after").status == 200
