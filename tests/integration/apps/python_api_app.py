"""For the tests of turbo's Python interface over real connections."""

import os
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, NotRequired, TypedDict

import turbo
from turbo import App, HTTPError, Request, Response, Router, StreamingResponse

app = App()
notes = Router(prefix="/notes")
app.include(notes, prefix="/v1")
events: list[str] = []


@dataclass
class Note:
    title: str
    stars: int = 0
    tags: list[str] = field(default_factory=list)
    parent: "Note | None" = None


class Change(TypedDict):
    title: NotRequired[str]
    stars: NotRequired[int]


@app.on_startup
def start() -> None:
    events.append(f"start {threading.current_thread() is threading.main_thread()}")


@app.on_shutdown
def stop() -> None:
    print("events:", ", ".join(events), "stop", file=sys.stderr, flush=True)


@app.get("/events")
def get_events() -> list[str]:
    return events


@notes.post("", status=201, name="create_note")
def create(note: Note, request: Request) -> Any:
    return (
        note,
        201,
        {"Location": app.url_for("read_note", number=note.stars), "X-M": request.method},
    )


@notes.get("/{number}", name="read_note")
def read(number: int, full: bool = False, fields: list[Literal["a", "b"]] | None = None) -> Any:
    return {"number": number, "full": full, "fields": fields}


@notes.patch("/{number:int}")
def change(number: int, change: Change) -> dict[str, Any]:
    return {"number": number, **change}


@notes.delete("/{number}")
def delete(number: int) -> None:
    return None


class NoteError(Exception):
    pass


@app.exception_handler(NoteError)
def answer_note_error(request: Request, error: NoteError) -> Any:
    return {"path": request.path, "error": str(error)}, 409


@app.get("/fail/{how}")
def fail(how: str) -> None:
    if how == "note":
        raise NoteError("conflict")
    if how == "http":
        raise HTTPError(403, "no entry", {"X-Why": "rules"})
    raise RuntimeError("not expected")


@app.route("/mirror/{rest:path}", methods=["GET", "POST", "PUT"])
def mirror(rest: str, request: Request, body: bytes) -> dict[str, Any]:
    client = request.client
    return {
        "method": request.method,
        "path": request.path,
        "rest": rest,
        "query": request.query.multi_items(),
        "headers": request.headers.multi_items(),
        "cookies": dict(request.cookies),
        "client": client[0] if client else None,
        "length": len(body),
    }


@app.post("/echo")
def echo(body: bytes) -> Response:
    response = Response(body, headers=[("X-A", "1"), ("X-A", "2")], media_type="x/echo")
    response.set_cookie("session", "s", httponly=True)
    return response


produced: dict[str, int] = {"chunks": 0, "closed": 0}


@app.get("/stream")
def stream(chunks: int = 10, size: int = 10, delay: float = 0.0) -> StreamingResponse:
    def produce() -> Iterator[bytes]:
        try:
            for number in range(chunks):
                produced["chunks"] += 1
                if delay:
                    time.sleep(delay)
                yield (b"%d|" % number).ljust(size, b".")
        finally:
            produced["closed"] += 1

    return StreamingResponse(produce(), media_type="text/plain")


@app.get("/broken-stream")
def broken_stream() -> StreamingResponse:
    def produce() -> Iterator[str]:
        yield "some"
        raise RuntimeError("in the middle of a stream")

    return StreamingResponse(produce())


@app.get("/produced")
def get_produced() -> dict[str, int]:
    return {**produced, "pid": os.getpid()}


@app.get("/version")
def version() -> str:
    return turbo.__version__


if __name__ == "__main__":
    app.run(port=0, mode="events")
