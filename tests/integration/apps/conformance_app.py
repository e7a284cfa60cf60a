"""What the conformance suite talks to: small handlers with answers known to the byte."""

from collections.abc import Iterator

from turbo import App, HTTPError, PlainTextResponse, Request, Response, StreamingResponse

app = App()


@app.get("/")
def root() -> dict[str, str]:
    return {"message": "root"}


@app.get("/users/me")
def me() -> dict[str, str]:
    return {"user": "me"}


@app.get("/users/{user_id}")
def user(user_id: int) -> dict[str, int]:
    return {"user_id": user_id}


@app.get("/names/{name}")
def name(name: str) -> dict[str, str]:
    return {"name": name}


@app.get("/files/{rest:path}")
def files(rest: str) -> dict[str, str]:
    return {"rest": rest}


@app.get("/caf\u00e9")
def cafe() -> dict[str, str]:
    return {"place": "caf\u00e9"}


@app.get("/dir/")
def directory() -> dict[str, str]:
    return {"dir": "yes"}


@app.get("/search")
def search(q: str = "", limit: int = 10) -> dict[str, object]:
    return {"q": q, "limit": limit}


@app.post("/echo")
def echo(body: bytes) -> bytes:
    return body


@app.route("/any", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
def any_method(request: Request) -> dict[str, str]:
    return {"method": request.method}


@app.get("/headers")
def headers(request: Request) -> dict[str, list[list[str]]]:
    return {"headers": [[key, value] for key, value in request.headers.items()]}


@app.get("/header-values")
def header_values(request: Request) -> dict[str, list[str]]:
    return {"x": list(request.headers.getlist("X-Test"))}


@app.post("/length")
def length(body: bytes) -> dict[str, int]:
    return {"length": len(body)}


@app.get("/raw")
def raw(request: Request) -> dict[str, str]:
    return {"path": request.path, "raw_path": request.raw_path.decode()}


@app.get("/empty")
def empty() -> None:
    return None


@app.get("/status/{code:int}")
def status(code: int) -> tuple[str, int]:
    return ("status", code)


@app.get("/big/{size:int}")
def big(size: int) -> bytes:
    return b"x" * size


@app.get("/stream/{count:int}")
def stream(count: int) -> StreamingResponse:
    def chunks() -> Iterator[bytes]:
        for index in range(count):
            yield b"chunk %d;" % index

    return StreamingResponse(chunks(), media_type="text/plain")


@app.get("/stream-fails")
def stream_fails() -> StreamingResponse:
    def chunks() -> Iterator[bytes]:
        yield b"first"
        raise RuntimeError("on purpose, in the middle of a body")

    return StreamingResponse(chunks())


@app.get("/cookies")
def cookies() -> Response:
    return PlainTextResponse(
        "ok", headers=[("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-Custom", "v")]
    )


@app.get("/own-date")
def own_date() -> Response:
    return PlainTextResponse("ok", headers={"Server": "mine"})


@app.get("/fails")
def fails() -> None:
    raise RuntimeError("on purpose")


@app.get("/teapot")
def teapot() -> None:
    raise HTTPError(418, "short and stout", headers={"X-Tea": "earl grey"})


@app.get("/bad-header")
def bad_header() -> tuple[str, int, dict[str, str]]:
    return ("x", 200, {"X-Split": "a\r\nInjected: yes"})
