"""Addresses and descriptors that the machine refuses: exit code 4 and a sentence."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
from integration.harness import (
    APPS,
    MARK,
    REFUSED,
    clean_environment,
    error_line,
    marked_processes,
    refused,
    turbo_bin,
)

BASIC = str(APPS / "basic.py")


@pytest.mark.parametrize("reuse_port", [False, True], ids=["plain", "reuse-port"])
def test_address_in_use_names_address_and_process(reuse_port: bool) -> None:
    with contextlib.closing(socket.socket()) as holder:
        if reuse_port:
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        line = error_line(
            refused("run", BASIC, "--mode", "events", "--port", str(port), code=REFUSED)
        )
    assert f"127.0.0.1:{port}" in line
    assert "in use" in line
    assert f"pid {os.getpid()}" in line


def test_two_servers_do_not_share_a_port(start_server: Any) -> None:
    first = start_server(BASIC, "--mode", "events")
    line = error_line(
        refused("run", BASIC, "--mode", "events", "--port", str(first.port), code=REFUSED)
    )
    assert f"127.0.0.1:{first.port}" in line
    assert f"turbo (pid {first.process.pid})" in line
    assert first.get("/").status == 200


def test_address_of_another_machine() -> None:
    # TEST-NET-3 (RFC 5737): nobody's address.
    line = error_line(
        refused("run", BASIC, "--mode", "events", "--host", "203.0.113.7", code=REFUSED)
    )
    assert "203.0.113.7" in line


def test_host_that_does_not_exist() -> None:
    line = error_line(
        refused("run", BASIC, "--mode", "events", "--host", "no-such-host.invalid", code=REFUSED)
    )
    assert "no-such-host.invalid" in line


def test_unix_socket_in_use(tmp_path: Path, start_server: Any) -> None:
    path = tmp_path / "app.sock"
    first = start_server(BASIC, "--mode", "events", uds=path)
    line = error_line(refused("run", BASIC, "--mode", "events", "--uds", str(path), code=REFUSED))
    assert str(path) in line
    assert "in use" in line
    assert first.get("/").status == 200


def test_unix_socket_path_that_is_a_file_is_not_removed(tmp_path: Path) -> None:
    path = tmp_path / "precious.txt"
    path.write_text("data")
    line = error_line(refused("run", BASIC, "--mode", "events", "--uds", str(path), code=REFUSED))
    assert str(path) in line
    assert path.read_text() == "data"


def test_not_enough_descriptors() -> None:
    line = error_line(
        refused(
            "run",
            BASIC,
            "--mode",
            "procs",
            "-w",
            "64",
            "--port",
            "0",
            code=REFUSED,
            prefix=("prlimit", "--nofile=40:40"),
        )
    )
    assert "not enough descriptors" in line
    assert "40" in line
    assert "ulimit -n" in line


def test_more_connections_than_descriptors() -> None:
    line = error_line(
        refused(
            "run", BASIC, "--mode", "events", "--port", "0", "--max-connections", "5000",
            code=REFUSED, prefix=("prlimit", "--nofile=1024:1024"),
        )
    )  # fmt: skip
    assert "--max-connections 5000 needs" in line
    assert "1024" in line


def test_the_soft_limit_is_raised(start_server: Any) -> None:
    server = start_server(BASIC, "--mode", "events", prefix=("prlimit", "--nofile=64:4096"))
    worker = server.worker_pids()[0]
    limits = (Path("/proc") / str(worker) / "limits").read_text()
    assert re.search(r"Max open files\s+4096\s+4096", limits)


def test_nothing_is_left_of_a_refused_start(tmp_path: Path) -> None:
    mark = os.urandom(8).hex()
    (tmp_path / "app.py").write_text("import nothing_like_it\n")
    subprocess.run(
        [turbo_bin(), "run", "app.py", "--mode", "procs", "-w", "2", "--port", "0"],
        env=clean_environment({MARK: mark}),
        cwd=tmp_path,
        check=False,
        capture_output=True,
        timeout=60,
    )
    assert marked_processes(mark) == []
