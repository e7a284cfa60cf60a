"""The servers that are measured: how each is started, checked and ended."""

import contextlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from . import procfs

ROOT = Path(__file__).resolve().parents[2]
PATH = "/users/123"
BODY = b'{"user_id":123,"name":"User 123"}'

_START_SECONDS = 30.0


class ServerError(Exception):
    """A server cannot be measured; the message is for the user."""


class NotInstalled(ServerError):
    """A server that others bring is not on this machine."""


@dataclass(frozen=True)
class Contender:
    """One line of a comparison: a name, and the command that serves on a given port."""

    name: str
    command: Callable[[int, Path], list[str]]
    path: str = PATH
    body: bytes | None = BODY
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Running:
    """A server that answers."""

    contender: Contender
    port: int
    pid: int
    answer_bytes: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.contender.path}"

    @property
    def pids(self) -> list[int]:
        return procfs.tree(self.pid)


def build_program(name: str, build: Path) -> str:
    """The path of a program that the build leaves in its folder."""
    program = build / name
    if not program.exists():
        raise ServerError(f"{program} is not there: run make build first")
    return str(program)


def native(name: str, program: str, build: Path) -> Contender:
    """A server of bench/servers."""
    path = build_program(program, build)
    return Contender(name, lambda port, _folder: [path, str(port)])


def turbo(
    name: str,
    build: Path,
    application: Path,
    options: list[str],
    *,
    path: str = PATH,
    body: bytes | None = BODY,
    environment: dict[str, str] | None = None,
) -> Contender:
    """`turbo run APPLICATION OPTIONS`, as a user would start it."""
    program = build_program("turbo", build)

    def command(port: int, _folder: Path) -> list[str]:
        return [
            program, "run", str(application), *options, "--host", "127.0.0.1", "--port", str(port),
            "--log-level", "warning",
        ]  # fmt: skip

    return Contender(name, command, path=path, body=body, environment=environment or {})


def nginx() -> Contender:
    """One worker that answers from its configuration; what it can do without is off."""
    program = shutil.which("nginx") or (
        "/usr/sbin/nginx" if Path("/usr/sbin/nginx").exists() else None
    )
    if program is None:
        raise NotInstalled("nginx is not installed (apt-get install nginx-light)")

    def command(port: int, folder: Path) -> list[str]:
        # As root, its worker would become nobody and could not enter our private folder.
        user = "user root;" if os.geteuid() == 0 else ""
        temporary = "\n".join(
            f"    {kind}_temp_path {folder}/{kind};"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (folder / "nginx.conf").write_text(f"""
daemon off;
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 16384; multi_accept on; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    keepalive_timeout 75s;
    tcp_nodelay on;
    server_tokens off;
{temporary}
    server {{
        listen 127.0.0.1:{port} backlog=1024;
        location / {{ default_type application/json; return 200 '{BODY.decode()}'; }}
    }}
}}
""")
        return [
            program,
            "-e",
            f"{folder}/error.log",
            "-p",
            str(folder),
            "-c",
            f"{folder}/nginx.conf",
        ]

    return Contender("nginx", command)


@contextlib.contextmanager
def serve(contender: Contender, cores: set[int] | None = None) -> Iterator[Running]:
    """Starts a contender on the given cores, waits for the right answer, and ends it afterwards."""
    port = _free_port()
    with tempfile.TemporaryDirectory(prefix="turbo-bench-") as folder_name:
        folder = Path(folder_name)
        with (folder / "output").open("w+b") as output:
            process = subprocess.Popen(
                contender.command(port, folder),
                stdout=output,
                stderr=subprocess.STDOUT,
                env=os.environ | contender.environment,
                preexec_fn=None if cores is None else lambda: os.sched_setaffinity(0, cores),
            )
            try:
                yield Running(contender, port, process.pid, _wait(contender, port, process, output))
            finally:
                _end(process)


def get(port: int, path: str) -> bytes:
    """The body of one GET, which must be answered with 200."""
    return _get(port, path)[1]


def _wait(contender: Contender, port: int, process: subprocess.Popen, output) -> int:
    give_up = time.monotonic() + _START_SECONDS
    while True:
        with contextlib.suppress(OSError, http.client.HTTPException):
            size, body = _get(port, contender.path)
            if contender.body is not None and body != contender.body:
                raise ServerError(f"{contender.name} answers {contender.path} with {body[:200]!r}")
            return size
        if process.poll() is not None or time.monotonic() > give_up:
            output.seek(0)
            said = output.read().decode(errors="replace").strip()
            state = "does not answer" if process.poll() is None else "ended at once"
            raise ServerError(f"{contender.name} {state}: {said or 'it said nothing'}")
        time.sleep(0.02)


def _get(port: int, path: str) -> tuple[int, bytes]:
    """Bytes of the whole answer, and its body."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        body = answer.read()
        if answer.status != 200:
            raise ServerError(f"port {port} answers {path} with status {answer.status}")
        head = sum(len(name) + len(value) + 4 for name, value in answer.getheaders())
        return len("HTTP/1.1 200 OK\r\n") + head + 2 + len(body), body


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _end(process: subprocess.Popen) -> None:
    if process.poll() is not None:
        return
    pids = procfs.tree(process.pid)
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()
