"""``turbo run`` and ``turbo info`` as a user meets them: help, targets, options, logs."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
from integration import harness
from integration.harness import APPS, ONE_LOOP, Server, run_turbo, write

BASIC = APPS / "basic.py"
HELLO = """
from turbo import App
app = App()
other = App()

@app.get("/")
def root():
    return {"who": "app"}

@other.get("/")
def other_root():
    return {"who": "other"}

def make():
    made = App()
    made.get("/")(lambda: {"who": "made"})
    return made
"""


# --- without a server


def test_version() -> None:
    done = run_turbo("--version")
    assert done.returncode == 0
    assert re.fullmatch(r"turbo \d+\.\d+\.\d+\n", done.stdout)
    assert done.stderr == ""


def test_help_has_examples_and_every_group() -> None:
    done = run_turbo("run", "--help")
    assert done.returncode == 0
    for word in (
        "Examples:",
        "Concurrency:",
        "Network:",
        "Logging:",
        "Limits and time-outs:",
        "--mode",
        "TURBO_MAX_BODY",
    ):
        assert word in done.stdout
    # Modes that do not exist are not offered.
    assert "blocking" not in done.stdout
    assert "interps" not in done.stdout


def test_without_arguments_says_what_to_do() -> None:
    done = run_turbo()
    assert done.returncode == 2
    assert done.stdout == ""
    assert "turbo run app.py" in done.stderr


def test_info_lists_workers_interpreters_versions_and_limits() -> None:
    done = run_turbo("info")
    assert done.returncode == 0, done.stderr
    for word in (
        "asio",
        "llhttp",
        "spdlog",
        "CLI11",
        "kernel",
        "cores",
        "open files",
        "interpreters",
        "workers",
    ):
        assert word in done.stdout
    for path in harness.interpreters().values():
        assert path in done.stdout


def test_info_json() -> None:
    done = run_turbo("info", "--json")
    assert done.returncode == 0, done.stderr
    info = json.loads(done.stdout)
    assert 1 <= info["usable_cores"] <= len(os.sched_getaffinity(0))
    assert os.uname().release in info["kernel"]
    assert {"asio", "llhttp", "spdlog", "CLI11"} <= set(info["dependencies"])
    usable = [each for each in info["interpreters"] if "problem" not in each]
    assert {each["path"] for each in usable} >= set(harness.interpreters().values())
    for each in usable:
        assert each["free_threaded"] == each["tag"].endswith("t")


def test_info_python_path_holds_the_package() -> None:
    done = run_turbo("info", "--python-path")
    assert (Path(done.stdout.strip()) / "turbo" / "__init__.py").is_file()


# --- TARGET


@pytest.mark.parametrize(
    ("target", "options", "who"),
    [
        ("hello.py", (), "app"),
        ("hello.py:app", (), "app"),
        ("hello.py:other", (), "other"),
        ("./hello.py", (), "app"),
        ("sub/dir/hello.py", (), "app"),
        ("sub/dir/hello.py:other", (), "other"),
        ("package.module", (), "app"),
        ("package.module:other", (), "other"),
        ("hello", (), "app"),
        ("hello.py:make", ("--factory",), "made"),
        ("package.module:make", ("--factory",), "made"),
    ],
)
def test_target_forms(
    target: str, options: tuple[str, ...], who: str, tmp_path: Path, start_server: Any
) -> None:
    for name in ("hello.py", "sub/dir/hello.py", "package/module.py"):
        write(tmp_path, name, HELLO)
    write(tmp_path, "package/__init__.py", "")
    server = start_server(target, *ONE_LOOP, *options, cwd=tmp_path)
    assert server.get("/").json() == {"who": who}


def test_absolute_target_imports_its_neighbours(tmp_path: Path, start_server: Any) -> None:
    write(tmp_path, "service/neighbour.py", "NAME = 'neighbour'\n")
    app = write(
        tmp_path,
        "service/main.py",
        "from turbo import App\nimport neighbour\napp = App()\n"
        "@app.get('/')\ndef f():\n    return {'name': neighbour.NAME}\n",
    )
    server = start_server(app, *ONE_LOOP, cwd="/")
    assert server.get("/").json() == {"name": "neighbour"}


def test_app_run_under_python_is_the_same_program(
    tmp_path: Path, python_gil: str, start_server: Any
) -> None:
    package = run_turbo("info", "--python-path").stdout.strip()
    script = write(
        tmp_path,
        "app.py",
        "from turbo import App\napp = App()\n@app.get('/')\ndef f():\n    return {'run': True}\n"
        "if __name__ == '__main__':\n    app.run(port=0, mode='events')\n",
    )
    server = start_server(
        script,
        command=(python_gil, str(script)),
        env={"PYTHONPATH": package, "TURBO_BIN": harness.turbo_bin()},
    )
    assert server.get("/").json() == {"run": True}
    # exec, not a child: a process manager that started python stops turbo.
    assert (Path("/proc") / str(server.process.pid) / "comm").read_text() == "turbo\n"


# --- where it listens


def test_port_zero_picks_one(start_server: Any) -> None:
    first = start_server(BASIC, *ONE_LOOP)
    second = start_server(BASIC, *ONE_LOOP)
    assert first.port != second.port
    assert first.get("/").status == second.get("/").status == 200


def test_port_zero_with_several_processes_is_one_port(start_server: Any) -> None:
    server = start_server(BASIC, "--mode", "procs", "-w", "3")
    assert len({server.get("/where").json()["pid"] for _ in range(90)}) == 3


def test_given_port(start_server: Any) -> None:
    port = harness.free_port()
    server = start_server(BASIC, *ONE_LOOP, port=port)
    assert server.port == port
    assert server.get("/").status == 200


def test_ipv6(start_server: Any) -> None:
    with contextlib.closing(socket.socket(socket.AF_INET6)) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            pytest.skip("no IPv6 loopback here")
    server = start_server(BASIC, *ONE_LOOP, "--host", "::1")
    assert server.url == f"http://[::1]:{server.port}"
    assert server.get("/").status == 200


@pytest.mark.parametrize(
    "mode", [("--mode", "events"), ("--mode", "procs", "-w", "2")], ids=["events", "procs"]
)
def test_unix_socket(mode: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "app.sock"
    server = Server(BASIC, *mode, uds=path)
    assert server.url == f"unix:{path}"
    for _ in range(20):
        assert server.get("/").json() == {"message": "Hello, World!"}
    server.stop()
    assert not path.exists()


def test_unix_socket_left_by_a_killed_server_is_replaced(tmp_path: Path, start_server: Any) -> None:
    path = tmp_path / "app.sock"
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as stale:
        stale.bind(str(path))
    assert path.exists()
    server = start_server(BASIC, *ONE_LOOP, uds=path)
    assert server.get("/").status == 200


# --- environment and file


def test_options_from_environment(start_server: Any) -> None:
    port = harness.free_port()
    environment = {
        "TURBO_PORT": str(port),
        "TURBO_MODE": "procs",
        "TURBO_WORKERS": "2",
        "TURBO_MAX_BODY": "1KiB",
    }
    server = start_server(BASIC, port=None, env=environment)
    assert server.port == port
    assert "mode: procs, 2 processes x 1 loop" in server.stderr.lines
    assert server.post("/length", b"x" * 1024).json() == {"length": 1024}
    assert server.post("/length", b"x" * 1025).status == 413


def test_options_from_toml(tmp_path: Path, start_server: Any) -> None:
    port = harness.free_port()
    file = write(
        tmp_path,
        "turbo.toml",
        f'# service\ntarget = "{BASIC}"\nport = {port}\n'
        '[run]\nmode = "procs"\nworkers = 2\nmax-body = "1KiB"\n',
    )
    server = start_server("--config", str(file), port=None)
    assert server.port == port
    assert "mode: procs, 2 processes x 1 loop" in server.stderr.lines
    assert server.post("/length", b"x" * 1025).status == 413


def test_command_line_beats_environment_beats_file(tmp_path: Path, start_server: Any) -> None:
    ports = [harness.free_port() for _ in range(3)]
    file = write(tmp_path, "turbo.toml", f'port = {ports[0]}\nmode = "procs"\nworkers = 1\n')
    environment = {"TURBO_CONFIG": str(file), "TURBO_PORT": str(ports[1]), "TURBO_WORKERS": "2"}
    by_environment = start_server(BASIC, port=None, env=environment)
    assert by_environment.port == ports[1]
    assert "mode: procs, 2 processes x 1 loop" in by_environment.stderr.lines
    by_command_line = start_server(BASIC, "--workers", "3", port=ports[2], env=environment)
    assert by_command_line.port == ports[2]
    assert "mode: procs, 3 processes x 1 loop" in by_command_line.stderr.lines


# --- installed


def test_installed_layout(tmp_path: Path, start_server: Any) -> None:
    """As ``make install`` lays it out, in a folder of its own, without the build tree's."""
    built = Path(harness.turbo_bin()).resolve().parent
    if not (built / "turbo-workers.txt").exists():
        pytest.skip("the program under test is an installed one already")
    program = tmp_path / "bin" / "turbo"
    program.parent.mkdir()
    shutil.copy2(harness.turbo_bin(), program)
    libexec = tmp_path / "libexec" / "turbo"
    libexec.mkdir(parents=True)
    for file in [*built.glob("turbo-worker-*"), built / "turbo-workers.txt"]:
        shutil.copy2(file, libexec)
    package = tmp_path / "lib" / "turbo" / "python"
    shutil.copytree(
        (built / "python" / "turbo").resolve(),
        package / "turbo",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    done = subprocess.run(
        [program, "info", "--python-path"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{package}\n"
    server = start_server(
        BASIC, command=(str(program), "run", str(BASIC), *ONE_LOOP, "--port", "0")
    )
    where = server.get("/where").json()
    assert str(package) in where["path"]
    assert str(built / "python") not in where["path"]
