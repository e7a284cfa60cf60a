"""turbo's Python interface over real connections, in every mode and on every interpreter.

What a handler may take and return is tested in process (tests/python); here is what needs a worker.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import textwrap
from pathlib import Path
from typing import Any

import pytest
from integration import harness
from integration.harness import APPS, ONE_LOOP, REPOSITORY, Server, wait_until

APP = APPS / "python_api_app.py"
EXAMPLES = REPOSITORY / "examples"


@pytest.fixture
def api(shared_server: Any) -> Server:
    server: Server = shared_server(APP)
    return server


# --- examples


def test_multi_route_example(shared_server: Any) -> None:
    server: Server = shared_server(EXAMPLES / "multi_route_app.py")
    for path, status, body in [
        ("/", 200, '{"message":"Hello, World!"}'),
        ("/health", 200, '{"status":"ok","engine":"turbo"}'),
        ("/json", 200, '{"data":[1,2,3,4,5],"status":"ok","count":5}'),
        ("/users/123", 200, '{"user_id":123,"name":"User 123"}'),
        ("/status201", 201, '{"created":true}'),
        ("/missing", 404, '{"detail":"there is nothing here"}'),
    ]:
        reply = server.get(path)
        assert (reply.status, reply.text) == (status, body)
        assert reply.header("content-type") == "application/json"
    created = server.post_json("/items", {"name": "Widget", "price": 9.99})
    assert created.text == (
        '{"created":true,"item":{"name":"Widget","price":9.99,"description":null}}'
    )
    found = server.get("/search?q=two+words&limit=2").json()
    assert (found["query"], found["limit"]) == ("two words", 2)
    assert server.get("/search?limit=x").json()["detail"] == [
        {"loc": ["query", "q"], "msg": "Field required", "type": "missing"},
        {
            "loc": ["query", "limit"],
            "msg": "Input should be a valid integer, unable to parse string as an integer",
            "type": "int_parsing",
        },
    ]
    assert server.get("/users/x").status == 422
    assert server.get("/search?q=x&limit=10000000000").status == 200


def test_hello_example(shared_server: Any) -> None:
    assert shared_server(EXAMPLES / "hello.py").get("/").json() == {"message": "Hello, World!"}


def test_cpu_bound_example(combination: tuple[str, str], shared_server: Any) -> None:
    server: Server = shared_server(EXAMPLES / "cpu_bound.py")
    assert server.get("/calibration").json()["turns_per_us"] > 0
    first, second = server.get("/cpu?us=100").json(), server.get("/cpu?us=100").json()
    assert first["us"] == 100
    if combination[0] != "procs":  # each process has measured for itself
        assert first == second, "the same work each time, whatever the clock says"
    assert server.get("/cpu?us=-1").status == 422


def test_blocking_io_example(shared_server: Any) -> None:
    server: Server = shared_server(EXAMPLES / "blocking_io.py")
    assert server.get("/sleep?ms=20").json()["waited_ms"] >= 20
    assert server.get("/file?kib=100").json() == {"bytes": 102400}


# --- handlers


def test_routers_bodies_and_errors(api: Server) -> None:
    made = api.post_json("/v1/notes", {"title": "t", "stars": 7, "parent": {"title": "p"}})
    assert made.status == 201
    assert made.header("location") == "/v1/notes/7"
    assert made.header("x-m") == "POST"
    assert made.json()["parent"] == {"title": "p", "stars": 0, "tags": [], "parent": None}
    bad = api.post_json("/v1/notes", {"stars": "many", "tags": [1]})
    assert bad.status == 422
    assert [(e["loc"], e["type"]) for e in bad.json()["detail"]] == [
        (["body", "title"], "missing"),
        (["body", "stars"], "int_parsing"),
        (["body", "tags", 0], "string_type"),
    ]
    read = api.get("/v1/notes/3?full=yes&fields=a&fields=b")
    assert read.json() == {"number": 3, "full": True, "fields": ["a", "b"]}
    assert api.get("/v1/notes/3?fields=c").json()["detail"][0]["loc"] == ["query", "fields", 0]
    changed = api.request("PATCH", "/v1/notes/3", b'{"stars":"2","other":1}')
    assert changed.json() == {"number": 3, "stars": 2}
    assert api.request("PATCH", "/v1/notes/x", b"{}").status in (404, 405)
    assert api.request("DELETE", "/v1/notes/3").status == 204


def test_the_request_as_a_handler_sees_it(api: Server) -> None:
    seen = api.request(
        "PUT",
        "/mirror/a%20b/c?x=1&x=2&y=%E2%82%AC",
        b"12345",
        {"X-Thing": "value", "Cookie": "a=1; b=2"},
    ).json()
    assert (seen["method"], seen["path"], seen["rest"]) == ("PUT", "/mirror/a b/c", "a b/c")
    assert seen["query"] == [["x", "1"], ["x", "2"], ["y", "\u20ac"]]
    assert ["x-thing", "value"] in [[name.lower(), value] for name, value in seen["headers"]]
    assert seen["cookies"] == {"a": "1", "b": "2"}
    assert (seen["client"], seen["length"]) == ("127.0.0.1", 5)


def test_a_large_body_goes_there_and_back_with_every_header(api: Server) -> None:
    body = os.urandom(5_000_000)
    reply = api.post("/echo", body)
    assert reply.body == body
    assert reply.header("content-type") == "x/echo"
    assert [value for name, value in reply.headers if name == "x-a"] == ["1", "2"]
    assert reply.header("set-cookie") == "session=s; HttpOnly; Path=/; SameSite=lax"


def test_exceptions(api: Server) -> None:
    reply = api.get("/fail/note")
    assert (reply.status, reply.json()) == (409, {"path": "/fail/note", "error": "conflict"})
    reply = api.get("/fail/http")
    assert (reply.status, reply.json()) == (403, {"detail": "no entry"})
    assert reply.header("x-why") == "rules"
    before = api.stderr.text.count("RuntimeError: not expected")
    reply = api.get("/fail/unexpected")
    assert (reply.status, reply.json()) == (500, {"detail": "Internal Server Error"})
    wait_until(
        lambda: api.stderr.text.count("RuntimeError: not expected") == before + 1,
        what="one traceback in the log",
    )
    assert api.get("/version").status == 200


# --- streams


def test_a_stream_arrives_whole_and_chunked(api: Server) -> None:
    reply = api.get("/stream?chunks=100&size=1000")
    assert reply.header("transfer-encoding") == "chunked"
    assert reply.body == b"".join((b"%d|" % n).ljust(1000, b".") for n in range(100))


def test_a_stream_is_produced_only_as_the_client_takes_it(combination_options: Any) -> None:
    # One loop, so that one process counts; the client reads nothing at first.
    with Server(APP, "--mode", "events", *combination_options[-2:]) as server:
        slow = socket.socket()
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        slow.connect((server.host, server.port))
        with slow:
            slow.sendall(b"GET /stream?chunks=4000&size=65536 HTTP/1.1\r\nHost: h\r\n\r\n")
            wait_until(lambda: server.get("/produced").json()["chunks"] > 0)
            counts = [server.get("/produced").json()["chunks"]]
            # Once the kernel's buffers are full no more is produced.
            wait_until(
                lambda: (
                    counts.append(server.get("/produced").json()["chunks"])
                    or (len(counts) > 20 and counts[-1] == counts[-20])
                ),
                what="the stream coming to a stop",
            )
            assert counts[-1] * 65536 < 64 * 1024 * 1024
            assert server.get("/produced").json()["closed"] == 0
        # The client is gone: the generator is closed, not run to its end.
        wait_until(lambda: server.get("/produced").json()["closed"] == 1)
        assert server.get("/produced").json()["chunks"] < 4000


def test_a_stream_that_fails_cuts_the_connection(api: Server) -> None:
    answer = api.raw(b"GET /broken-stream HTTP/1.1\r\nHost: h\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ") or answer == b""
    assert not answer.endswith(b"0\r\n\r\n")
    assert api.get("/version").status == 200


# --- the life of a process


def test_hooks_run_once_in_each_process_on_its_main_thread(
    combination: tuple[str, str], combination_options: tuple[str, ...]
) -> None:
    with Server(APP, *combination_options) as server:
        processes = len(server.worker_pids())
        assert server.get("/events").json() == ["start True"]
    assert server.stderr.text.count("events: start True stop") == processes


def package_environment(**more: str) -> dict[str, str]:
    package = str(Path(harness.turbo_bin()).parent / "python")
    return harness.clean_environment({"PYTHONPATH": package, **more})


def test_app_run_serves_the_script_with_its_interpreter() -> None:
    package = str(Path(harness.turbo_bin()).parent / "python")
    env = {"PYTHONPATH": package, "TURBO_BIN": harness.turbo_bin()}
    for python in harness.interpreters().values():
        with Server(APP, command=(python, str(APP)), env=env) as server:
            assert server.get("/version").text
            assert "mode: events, 1 process x 1 loop" in server.stderr.lines
            assert any(python in line for line in server.stderr.lines if "python: " in line)


def test_testing_client_over_a_worker(combination: tuple[str, str], tmp_path: Path) -> None:
    mode, version = combination
    script = textwrap.dedent(f"""
        import json, sys
        from turbo.testing import Client, serve

        options = json.loads(sys.argv[1])
        with Client.over_worker({str(APP)!r}, **options) as client:
            assert client.get("/v1/notes/5").json()["number"] == 5
            assert client.post("/v1/notes", json={{"title": "t"}}).status == 201
            assert client.head("/version").content == b""
            assert client.get("/stream").content.count(b"|") == 10
            process = client._server.process
        assert process.returncode == 0
        with serve({str(APP)!r}, **options) as server:
            assert server.port > 0 and server.url.endswith(str(server.port))
        try:
            serve({str(tmp_path / "missing.py")!r}).__enter__()
        except RuntimeError as error:
            assert "ended before it was ready" in str(error) and "missing.py" in str(error), error
        print("fine")
    """)
    options = {"mode": mode, "python": harness.interpreters()[version]}
    done = subprocess.run(
        [harness.interpreters()[version], "-c", script, json.dumps(options)],
        env=package_environment(TURBO_BIN=harness.turbo_bin()),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout == "fine\n", done.stderr + done.stdout


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (
            "@app.get('/')\nasync def slow() -> None: ...",
            "handler 'slow' of GET / is a coroutine function; asynchronous handlers are not",
        ),
        ("@app.get('/{x}')\ndef f(y: int) -> None: ...", "the path's parameter 'x' is not among"),
        ("@app.get('/')\ndef f(x: complex) -> None: ...", "annotation complex of 'x'"),
        (
            "@app.get('/a')\ndef f() -> None: ...\n@app.get('/a')\ndef g() -> None: ...",
            "GET /a is served by 'g' and, as /a, by 'f'",
        ),
    ],
)
def test_a_wrong_application_stops_the_start_with_one_sentence(
    tmp_path: Path, code: str, words: str
) -> None:
    app = harness.write(tmp_path, "wrong.py", f"from turbo import App\napp = App()\n{code}\n")
    stderr = harness.refused("run", str(app), *ONE_LOOP, "--port", "0", code=harness.LOAD_FAILED)
    assert stderr.count(words) == 1, stderr
