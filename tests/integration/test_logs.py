"""Banner, log and access log: on a terminal, in a pipe, as JSON."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import select
import signal
import subprocess
import time
from typing import Any

from integration import harness
from integration.harness import APPS, ONE_LOOP

BASIC = APPS / "basic.py"


def test_access_log_is_off_unless_asked_for(start_server: Any) -> None:
    server = start_server(BASIC, *ONE_LOOP)
    server.get("/where")
    server.stop()
    assert "/where" not in server.stdout.text + server.stderr.text


def test_access_log(start_server: Any) -> None:
    server = start_server(BASIC, *ONE_LOOP, "--access-log")
    server.get("/where?x=1")
    server.get("/none")
    server.stop()
    lines = [
        line
        for line in server.stdout.lines + server.stderr.lines
        if "/where?x=1" in line or "/none" in line
    ]
    assert len(lines) == 2
    assert "GET" in lines[0]
    assert "200" in lines[0]
    assert "404" in lines[1]


def test_json_logs_are_one_object_a_line(start_server: Any) -> None:
    server = start_server(
        BASIC, "--mode", "procs", "-w", "2", "--log-format", "json", "--access-log"
    )
    assert server.get("/").status == 200
    assert server.get("/fail").status == 500
    server.stop()
    events = [json.loads(line) for line in server.stderr.lines]
    assert all({"time", "level", "message"} <= event.keys() for event in events)
    listening = next(event for event in events if event.get("event") == "listening")
    assert listening["mode"] == "procs"
    assert listening["processes"] == 2
    assert listening["url"] == server.url
    assert next(event for event in events if event.get("event") == "ready")["worker"].startswith(
        "CPython 3."
    )
    assert any("asked to fail" in event["message"] for event in events)
    paths = [json.loads(line) for line in server.stdout.lines]
    assert any("/fail" in json.dumps(event) for event in paths + events)


def test_a_handler_that_raises_is_logged_once(start_server: Any) -> None:
    server = start_server(BASIC, *ONE_LOOP)
    assert server.get("/fail").status == 500
    assert server.get("/").status == 200
    server.stop()
    assert server.stderr.text.count("RuntimeError: asked to fail") == 1
    assert "basic.py" in server.stderr.text


def read_terminal(command: list[str], environment: dict[str, str], until: bytes) -> bytes:
    """Runs a command on a pseudo-terminal until its output has ``until`` in it; then stops it."""
    master, slave = pty.openpty()
    process = subprocess.Popen(command, env=environment, stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    shown = b""
    try:
        deadline = time.monotonic() + harness.READY_TIMEOUT
        while until not in shown and time.monotonic() < deadline:
            if select.select([master], [], [], 0.5)[0]:
                with contextlib.suppress(OSError):
                    shown += os.read(master, 65536)
            elif process.poll() is not None:
                break
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(harness.STOP_TIMEOUT)
        os.close(master)
    return shown


def test_banner_on_a_terminal_is_aligned_and_coloured() -> None:
    command = [harness.turbo_bin(), "run", str(BASIC), *ONE_LOOP, "--port", "0"]
    environment = harness.clean_environment({"TERM": "xterm"})
    del environment["NO_COLOR"]
    coloured = read_terminal(command, environment, b"Ctrl-C")
    assert b"\x1b[" in coloured
    assert b"ready in" in coloured
    plain = read_terminal(command, environment | {"NO_COLOR": "1"}, b"Ctrl-C")
    assert b"\x1b[" not in plain
    assert re.search(rb"\n  mode     events, 1 process x 1 loop\r?\n", plain)
    assert re.search(rb"\n  address  http://127\.0\.0\.1:\d+\r?\n", plain)
