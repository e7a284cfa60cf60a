"""Every mode on every interpreter: what it is, that it serves, how it stops."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from integration import harness
from integration.harness import APPS, ONE_LOOP, Server, wait_until, write

BASIC = APPS / "basic.py"


# --- every mode on every interpreter


def test_serves_and_says_what_it_is(combination: tuple[str, str], shared_server: Any) -> None:
    mode, version = combination
    server: Server = shared_server(BASIC)
    assert server.get("/").json() == {"message": "Hello, World!"}
    where = server.get("/where").json()
    interpreter = harness.interpreters()[version]
    free_threaded = version.endswith("t")
    assert where["version"].startswith(version.rstrip("t") + ".")
    assert where["gil"] is not free_threaded

    shape = {
        "events": "1 process x 1 loop",
        "threads": "1 process x 2 loops",
        "procs": "2 processes x 1 loop",
    }[mode]
    banner = server.stderr.lines
    assert re.fullmatch(r"turbo \d+\.\d+\.\d+", banner[0])
    assert f"mode: {mode}, {shape}" in banner
    python = next(line for line in banner if line.startswith("python: "))
    assert f"CPython {where['version']}" in python
    assert interpreter in python
    assert "PGO" in python
    assert f"pid: {server.process.pid}" in banner
    assert f"address: http://127.0.0.1:{server.port}" in banner
    worker = next(line for line in banner if line.startswith("worker: "))
    assert f"GIL {'off' if free_threaded else 'on'}" in worker
    assert any(re.fullmatch(r"ready in \d+\.\d+ s", line) for line in banner)


def test_number_of_processes(combination: tuple[str, str], shared_server: Any) -> None:
    mode, _ = combination
    server: Server = shared_server(BASIC)
    pids = server.worker_pids()
    assert len(pids) == (2 if mode == "procs" else 1)
    seen = {server.get("/where").json()["pid"] for _ in range(60)}
    assert seen <= set(pids)
    if mode == "procs":
        assert seen == set(pids), "the kernel spreads 60 connections over two listeners"


def test_every_loop_serves(combination: tuple[str, str], shared_server: Any) -> None:
    mode, _ = combination
    server: Server = shared_server(BASIC)
    places = set()
    for _ in range(60):
        where = server.get("/where").json()
        places.add((where["pid"], where["thread"]))
    assert len(places) == (1 if mode == "events" else 2)


def test_several_loops_on_a_gil_are_told_what_that_means(
    combination: tuple[str, str], shared_server: Any
) -> None:
    mode, version = combination
    server: Server = shared_server(BASIC)
    notes = [line for line in server.stderr.lines if line.startswith("note: ")]
    if mode == "threads" and not version.endswith("t"):
        assert len(notes) == 1
        assert "the 2 loops take turns" in notes[0]
    else:
        assert notes == []


def test_finishes_what_is_in_flight_on_sigterm(combination_options: tuple[str, ...]) -> None:
    with Server(BASIC, *combination_options) as server, server.connect() as connection:
        connection.sendall(b"GET /sleep?ms=700 HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(0.2)
        server.send_signal(signal.SIGTERM)
        answer = harness.read_to_end(connection)
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b'{"slept":700.0}' in answer


def test_stops_on_sigint(combination_options: tuple[str, ...]) -> None:
    server = Server(BASIC, *combination_options)
    assert server.get("/").status == 200
    server.stop(signal.SIGINT)


# --- limits reach the engine


def test_limits_and_time_outs(start_server: Any) -> None:
    server = start_server(
        BASIC, *ONE_LOOP, "--max-body=64KiB", "--header-timeout=400ms", "--body-timeout=400ms",
        "--keep-alive=400ms",
    )  # fmt: skip
    assert server.post("/length", b"x" * 65536).status == 200
    assert server.post("/length", b"x" * 65537).status == 413
    begun = time.monotonic()
    assert server.raw(b"GET / HTTP/1.1\r\nHost:").startswith(b"HTTP/1.1 408 ")
    assert server.raw(b"POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx").startswith(
        b"HTTP/1.1 408 "
    )
    answer = server.raw(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.count(b"HTTP/1.1") == 1
    assert time.monotonic() - begun < 10


def test_max_inflight(python_ft: str, start_server: Any) -> None:
    server = start_server(
        BASIC, "--mode", "threads", "--threads", "8", "--python", python_ft, "--max-inflight", "1"
    )
    slow = [server.connect() for _ in range(8)]
    for connection in slow:
        connection.sendall(b"GET /sleep?ms=1000 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    answers = [harness.read_to_end(connection) for connection in slow]
    for connection in slow:
        connection.close()
    statuses = [answer.split(b" ", 2)[1] for answer in answers]
    assert b"200" in statuses
    refused = [answer for answer in answers if b" 503 " in answer.split(b"\r\n")[0]]
    assert refused, statuses
    assert all(b"retry-after:" in answer.lower() for answer in refused)


# --- as PID 1


ORPHANS = """
import os
import subprocess
from turbo import App
app = App()

@app.get("/orphan")
def orphan():
    # A child that leaves a grandchild behind and exits: the grandchild is PID 1's to reap.
    subprocess.run(["/bin/sh", "-c", "sleep 0.2 &"], check=True)
    return {"pid": os.getpid()}

@app.get("/zombies")
def zombies():
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat") as file:
                    if file.read().rpartition(")")[2].split()[0] == "Z":
                        found.append(entry)
            except OSError:
                pass
    return {"zombies": found}
"""


def test_as_pid_1_it_reaps_and_stops(tmp_path: Path) -> None:
    unshare = ("unshare", "--pid", "--fork", "--mount-proc")
    if (
        shutil.which("unshare") is None
        or subprocess.run([*unshare, "true"], check=False, capture_output=True).returncode
    ):
        pytest.skip("a PID namespace cannot be made here")
    app = write(tmp_path, "app.py", ORPHANS)
    server = Server(app, "--mode", "procs", "-w", "2", prefix=unshare)
    try:
        assert "pid: 1" in server.stderr.lines
        assert server.pid != server.process.pid
        for _ in range(5):
            assert server.get("/orphan").json()["pid"] > 1
        time.sleep(0.3)
        wait_until(
            lambda: server.get("/zombies").json()["zombies"] == [], what="reaping of every orphan"
        )
        server.stop()
    finally:
        server.kill()
