"""Runs the real ``turbo`` for tests: starts it, talks to it, stops it and looks for what is left.

``TURBO_BIN`` names the program (default: build/turbo of this checkout). Nothing of the caller's
TURBO_* and PYTHON* variables or virtualenv reaches it: a test depends only on what it gives.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from integration.output import Output

REPOSITORY = Path(__file__).resolve().parents[2]
APPS = Path(__file__).resolve().parent / "apps"
# In the environment of what a test starts: its processes are found by it, whoever their parent is.
MARK = "TEST_RUN_OF_TURBO"
READY_TIMEOUT = 60.0
STOP_TIMEOUT = 60.0
# Exit codes of turbo.
USAGE, LOAD_FAILED, REFUSED = 2, 3, 4
# The cheapest way to run an application, for tests in which the mode does not matter.
ONE_LOOP = ("--mode", "events")
# What a mode is run with in tests: two of what it has several of.
MODES: dict[str, tuple[str, ...]] = {
    "events": ("--mode", "events"),
    "threads": ("--mode", "threads", "--threads", "2"),
    "procs": ("--mode", "procs", "-w", "2"),
}


def turbo_bin() -> str:
    return os.environ.get("TURBO_BIN") or str(REPOSITORY / "build" / "turbo")


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without what would steer turbo or Python; ``extra`` is added."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TURBO_", "PYTHON", "PYTEST_"))
        and name not in ("VIRTUAL_ENV", "CONDA_PREFIX")
    }
    kept["NO_COLOR"] = "1"
    kept.update(extra or {})
    return kept


def run_turbo(
    *arguments: str,
    env: Mapping[str, str] | None = None,
    cwd: str | Path | None = None,
    timeout: float = 60.0,
    prefix: Sequence[str] = (),
) -> subprocess.CompletedProcess[str]:
    """Runs ``turbo`` to its end. ``prefix`` is put before the command."""
    return subprocess.run(
        [*prefix, turbo_bin(), *arguments],
        env=clean_environment(env),
        cwd=cwd,
        timeout=timeout,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@cache
def interpreters() -> dict[str, str]:
    """The interpreters that there are workers for: {"3.14t": path, "3.14": path}."""
    done = run_turbo("info", "--json")
    assert done.returncode == 0, done.stderr
    found = {}
    for worker in json.loads(done.stdout)["workers"]:
        match = re.fullmatch(r"cpython-3(\d+t?)", worker["tag"])
        if match and os.access(worker["built_with"], os.X_OK):
            found[f"3.{match[1]}"] = worker["built_with"]
    return found


def newest(*, free_threaded: bool) -> str | None:
    """The version of the newest interpreter of one build, or None."""
    versions = [name for name in interpreters() if name.endswith("t") == free_threaded]
    return max(versions, key=lambda name: int(name.rstrip("t").split(".")[1]), default=None)


def marked_processes(mark: str) -> list[tuple[int, str]]:
    """(pid, command line) of the processes with this mark that still run; zombies do not count."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            if f"{MARK}={mark}".encode() in (entry / "environ").read_bytes():
                command = (
                    (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                )
                found.append((int(entry.name), command.strip()))
    return found


def refused(*arguments: str, code: int, **more: Any) -> str:
    """Runs a start that must fail with ``code``; returns stderr."""
    mark = uuid.uuid4().hex
    more["env"] = {**more.get("env", {}), MARK: mark}
    done = run_turbo(*arguments, **more)
    assert done.returncode == code, f"exit code {done.returncode}; stderr:\n{done.stderr}"
    assert marked_processes(mark) == []
    return done.stderr


def error_line(stderr: str) -> str:
    """The one line that starts with "error: "."""
    lines = [line for line in stderr.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1, stderr
    return lines[0]


def write(folder: Path, name: str, text: str) -> Path:
    """A file below ``folder``, with the folders that it needs."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def free_port() -> int:
    """A port that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Any, timeout: float = 20.0, what: str = "the condition") -> Any:
    """Calls ``condition`` until it gives something true, which is returned."""
    deadline = time.monotonic() + timeout
    while not (result := condition()):
        assert time.monotonic() < deadline, f"{what} did not come true within {timeout} s"
        time.sleep(0.01)
    return result


class StartError(AssertionError):
    """``turbo run`` ended, or did not get ready in time."""


@dataclass
class Reply:
    """A response, its field names in lower case."""

    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name.lower()), None)

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)


class Server:
    """A running ``turbo run``. Made by the ``start_server`` fixture, or a context manager."""

    def __init__(
        self,
        target: str | Path,
        *options: str,
        env: Mapping[str, str] | None = None,
        cwd: str | Path | None = None,
        port: int | None = 0,
        uds: str | Path | None = None,
        prefix: Sequence[str] = (),
        command: Sequence[str] | None = None,
        ready_timeout: float = READY_TIMEOUT,
        preexec: Any = None,
    ) -> None:
        """Starts it and waits until it is ready.

        ``prefix`` is put before the command, as ``unshare``; ``command`` replaces
        ``turbo run TARGET``; ``preexec`` is called in the child, to set limits.
        """
        self.mark = uuid.uuid4().hex
        arguments = [*prefix, *(command or (turbo_bin(), "run", str(target))), *options]
        if uds is not None:
            arguments += ["--uds", str(uds)]
        elif port is not None and command is None:
            arguments += ["--port", str(port)]
        self.uds = str(uds) if uds is not None else None
        self.host = ""
        self.port = 0
        self.url = ""
        self.process = subprocess.Popen(
            arguments,
            env=clean_environment(env) | {MARK: self.mark},
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            preexec_fn=preexec,
        )
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.stdout = Output(self.process.stdout)
        self.stderr = Output(self.process.stderr)
        try:
            self._wait_ready(ready_timeout)
        except BaseException:
            self.kill()
            raise

    def _wait_ready(self, timeout: float) -> None:
        try:
            address = self.stderr.wait_for(
                r'^address: (\S+)$|"event":"listening".*"url":"([^"]+)"', timeout
            )
            self.stderr.wait_for(r'^ready in |"event":"ready"', timeout)
        except AssertionError as error:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(5)
            raise StartError(f"exit code {self.process.poll()}: {error}") from None
        self.url = address[1] or address[2]
        if self.url.startswith("http://"):
            parts = urlsplit(self.url)
            assert parts.hostname is not None
            assert parts.port is not None
            self.host, self.port = parts.hostname, parts.port
        else:
            self.uds = self.url.removeprefix("unix:")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.stop()
        else:
            self.kill()

    @property
    def pid(self) -> int:
        """Of the supervisor, which behind a prefix is not process.pid."""
        for pid, command in marked_processes(self.mark):
            if command.startswith(f"{turbo_bin()} run "):
                return pid
        return self.process.pid

    def worker_pids(self) -> list[int]:
        return sorted(
            pid for pid, command in marked_processes(self.mark) if "turbo-worker-" in command
        )

    def connect(self, timeout: float = 10.0) -> socket.socket:
        """A raw connection; close it, or use it in a ``with``."""
        if self.uds is not None:
            raw = socket.socket(socket.AF_UNIX)
            raw.settimeout(timeout)
            raw.connect(self.uds)
            return raw
        raw = socket.create_connection((self.host, self.port), timeout=timeout)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return raw

    def raw(self, data: bytes, timeout: float = 10.0) -> bytes:
        """Sends bytes on a connection of their own; returns all that comes until it is closed."""
        with self.connect(timeout) as connection:
            connection.sendall(data)
            return read_to_end(connection)

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 30.0,
    ) -> Reply:
        """One request on a connection of its own."""
        client = http.client.HTTPConnection("localhost", timeout=timeout)
        client.sock = self.connect(timeout)
        try:
            client.request(method, path, body, dict(headers or {}))
            response = client.getresponse()
            fields = [(name.lower(), value) for name, value in response.getheaders()]
            return Reply(response.status, response.reason, fields, response.read())
        finally:
            client.close()

    def get(
        self, path: str, headers: Mapping[str, str] | None = None, timeout: float = 30.0
    ) -> Reply:
        return self.request("GET", path, headers=headers, timeout=timeout)

    def post(self, path: str, body: bytes, headers: Mapping[str, str] | None = None) -> Reply:
        return self.request("POST", path, body, headers)

    def post_json(self, path: str, value: Any) -> Reply:
        return self.post(path, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def wait(self, timeout: float = STOP_TIMEOUT) -> int:
        """The exit code, once it and everything that holds its output is gone."""
        code = self.process.wait(timeout)
        self.stdout.finish()
        self.stderr.finish()
        return code

    def stop(
        self, number: int = signal.SIGTERM, timeout: float = STOP_TIMEOUT, expect: int = 0
    ) -> None:
        """Stops it and asserts the exit code and that no process is left."""
        if self.process.poll() is None:
            self.send_signal(number)
        try:
            code = self.wait(timeout)
            left = marked_processes(self.mark)
            assert code == expect, f"exit code {code}, not {expect}; stderr:\n{self.stderr.text}"
            assert not left, f"processes left: {left}; stderr:\n{self.stderr.text}"
        finally:
            self.kill()

    def kill(self) -> None:
        """Ends whatever is left of it, without asserting anything."""
        for pid, _ in marked_processes(self.mark):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self.process.poll() is None:
            self.process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(10)


def read_to_end(connection: socket.socket) -> bytes:
    """All bytes until the other side closes; a reset is an end too."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while chunk := connection.recv(65536):
            received += chunk
    return received


def combinations() -> Iterator[tuple[str, str]]:
    """Every (mode, interpreter) that this build can run; without a build one, which then fails."""
    try:
        versions = list(interpreters()) or ["3.14t"]
    except OSError:
        versions = ["3.14t"]
    for mode in MODES:
        for version in versions:
            yield mode, version
