"""What cannot be run: one clear message, the right exit code, nothing left behind."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from integration import harness
from integration.harness import (
    APPS,
    LOAD_FAILED,
    USAGE,
    error_line,
    refused,
    turbo_bin,
)

BASIC = str(APPS / "basic.py")


# --- usage


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run",), ["nothing to run"]),
        (("run", "none.py"), ["no such file: none.py"]),
        (("run", "none.py:app"), ["no such file: none.py"]),
        (("run", "folder"), ["folder is a directory"]),
        (("run", "folder/"), ["is a directory"]),
        (("run", "text.txt"), ["text.txt is not a .py file"]),
        (("run", "app.py:"), ["no attribute's name"]),
        (("run", "app.py", "--prot", "80"), ["unknown option --prot", "did you mean --port?"]),
        (("run", "app.py", "extra"), ['unexpected argument "extra"']),
        (("run", "app.py", "--port", "http"), ['--port "http"', "use a number from 0 to 65535"]),
        (("run", "app.py", "--port"), ["--port needs a value"]),
        (("run", "app.py", "--mode", "fibers"), ["use events, threads or procs"]),
        (("run", "app.py", "--mode", "blocking"), ["use events, threads or procs"]),
        (("run", "app.py", "--max-body", "lots"), ["use a size such as"]),
        (("run", "app.py", "--keep-alive", "soon"), ["use a duration such as"]),
        (("run", "app.py", "--mode", "events", "-w", "2"), ["use --mode procs -w 2"]),
        (
            ("run", "app.py", "--mode", "events", "--threads", "2"),
            ["use --mode threads --threads 2"],
        ),
        (
            ("run", "app.py", "--mode", "procs", "--threads", "2"),
            ["use --mode threads --threads 2"],
        ),
        (("run", "app.py", "--config", "none.toml"), ["none.toml", "No such file"]),
        (
            ("run", "app.py", "--config", "bad.toml"),
            ['bad.toml: there is no setting "prot"', 'did you mean "port"?'],
        ),
        (("app.py",), ["did you mean `turbo run app.py`?"]),
        (("serve", "app.py"), ['unknown command "serve"']),
    ],
)
def test_usage(arguments: tuple[str, ...], words: list[str], tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("")
    (tmp_path / "text.txt").write_text("")
    (tmp_path / "bad.toml").write_text("prot = 80\n")
    (tmp_path / "folder").mkdir()
    line = error_line(refused(*arguments, code=USAGE, cwd=tmp_path))
    for word in words:
        assert word in line


def test_wrong_value_in_the_environment_names_the_variable() -> None:
    line = error_line(refused("run", BASIC, code=USAGE, env={"TURBO_BACKLOG": "many"}))
    assert 'TURBO_BACKLOG "many"' in line


# --- interpreters


def libexec_with(folder: Path, *tags: str) -> dict[str, str]:
    """An environment in which only these workers exist, and no interpreter on PATH."""
    source = Path(turbo_bin()).resolve().parent
    if not any(source.glob("turbo-worker-*")):
        source = source.parent / "libexec" / "turbo"
    folder.mkdir()
    manifest = (source / "turbo-workers.txt").read_text().splitlines()
    (folder / "turbo-workers.txt").write_text(
        "\n".join(line for line in manifest if line.split(" ")[0] in tags) + "\n"
    )
    for tag in tags:
        (folder / f"turbo-worker-{tag}").symlink_to(source / f"turbo-worker-{tag}")
    empty = folder / "bin"
    empty.mkdir()
    return {"TURBO_LIBEXEC": str(folder), "PATH": str(empty)}


def tag_of(version: str) -> str:
    return "cpython-" + version.replace(".", "")


def test_no_interpreter_for_threads(tmp_path: Path, python_gil: str) -> None:
    version = harness.newest(free_threaded=False)
    assert version is not None
    environment = libexec_with(tmp_path / "libexec", tag_of(version))
    line = error_line(refused("run", BASIC, "--mode", "threads", code=USAGE, env=environment))
    assert "--mode threads wants a free-threaded CPython (3.14t) and none was found" in line
    assert python_gil in line
    assert "uv python install 3.14t" in line
    assert "make build" in line
    assert "--mode procs" in line


def test_without_a_free_threaded_interpreter_the_default_is_procs(
    tmp_path: Path, python_gil: str, start_server: Any
) -> None:
    version = harness.newest(free_threaded=False)
    assert version is not None
    environment = libexec_with(tmp_path / "libexec", tag_of(version))
    server = start_server(BASIC, env=environment)
    assert any(line.startswith("mode: procs, ") for line in server.stderr.lines)
    assert server.get("/where").json()["executable"] == python_gil


def test_no_interpreter_for_procs(tmp_path: Path, python_ft: str) -> None:
    version = harness.newest(free_threaded=True)
    assert version is not None
    environment = libexec_with(tmp_path / "libexec", tag_of(version))
    line = error_line(refused("run", BASIC, "--mode", "procs", code=USAGE, env=environment))
    assert "--mode procs wants a CPython with the GIL (3.14) and none was found" in line
    assert python_ft in line


def test_no_worker_at_all(tmp_path: Path) -> None:
    environment = libexec_with(tmp_path / "libexec")
    line = error_line(refused("run", BASIC, code=USAGE, env=environment))
    assert "workers here: none" in line


def test_no_worker_for_the_named_interpreter(
    tmp_path: Path, python_gil: str, python_ft: str
) -> None:
    version = harness.newest(free_threaded=True)
    assert version is not None
    environment = libexec_with(tmp_path / "libexec", tag_of(version))
    line = error_line(refused("run", BASIC, "--python", python_gil, code=USAGE, env=environment))
    assert "no worker is built for CPython" in line
    assert f"workers here: {tag_of(version)}" in line
    assert f"make build TURBO_PYTHONS={python_gil}" in line


def test_python_that_is_none(tmp_path: Path) -> None:
    missing = error_line(refused("run", BASIC, "--python", "/none/python", code=USAGE))
    assert "--python /none/python: there is no such file" in missing
    assert "is CPython" not in missing
    other = error_line(refused("run", BASIC, "--python", "/bin/true", code=USAGE))
    assert "/bin/true does not work as a Python interpreter" in other
    text = tmp_path / "text"
    text.write_text("")
    assert "not a program" in error_line(refused("run", BASIC, "--python", str(text), code=USAGE))
    unknown = error_line(refused("run", BASIC, "--python", "3.99", code=USAGE))
    assert "no CPython 3.99 was found" in unknown


def test_python_that_is_too_old() -> None:
    for candidate in ("/usr/bin/python3", "/usr/local/bin/python3"):
        if not os.access(candidate, os.X_OK):
            continue
        asked = subprocess.run(
            [candidate, "-I", "-c", "import sys; print(*sys.version_info[:2])"],
            capture_output=True,
            text=True,
            check=False,
        )
        if asked.returncode == 0 and tuple(map(int, asked.stdout.split())) < (3, 13):
            line = error_line(refused("run", BASIC, "--python", candidate, code=USAGE))
            assert "turbo needs 3.13 or newer" in line
            return
    pytest.skip("no older Python here")


# --- loading


def load_failure(tmp_path: Path, text: str, *options: str, target: str = "app.py") -> str:
    (tmp_path / "app.py").write_text(text)
    return refused("run", target, "--port", "0", *options, code=LOAD_FAILED, cwd=tmp_path)


@pytest.mark.parametrize("mode", list(harness.MODES))
def test_import_error_shows_its_own_traceback(mode: str, tmp_path: Path) -> None:
    stderr = load_failure(tmp_path, "x = 1\nimport no_such_module_anywhere\n", *harness.MODES[mode])
    assert "ModuleNotFoundError: No module named 'no_such_module_anywhere'" in stderr
    assert re.search(r'File ".*app\.py", line 2', stderr)
    assert "ready in" not in stderr
    # turbo's own frames are of no interest to the user.
    assert "_loader.py" not in stderr
    assert "importlib" not in stderr


def test_syntax_error_shows_the_line(tmp_path: Path) -> None:
    stderr = load_failure(tmp_path, "def broken(:\n    pass\n", "--mode", "events")
    assert "SyntaxError" in stderr
    assert "def broken(:" in stderr


def test_no_app_in_it(tmp_path: Path) -> None:
    stderr = load_failure(tmp_path, "x = 1\n", "--mode", "events")
    assert "app.py" in stderr
    assert re.search(r"\bapp\b", stderr)
    assert "Traceback" not in stderr


def test_no_such_attribute(tmp_path: Path) -> None:
    stderr = load_failure(
        tmp_path, "from turbo import App\napp = App()\n", "--mode", "events", target="app.py:server"
    )
    assert "server" in stderr
    assert "Traceback" not in stderr


def test_no_such_module(tmp_path: Path) -> None:
    stderr = load_failure(tmp_path, "", "--mode", "events", target="no_such_package.module")
    assert "no_such_package" in stderr


def test_attribute_that_is_no_application(tmp_path: Path) -> None:
    stderr = load_failure(tmp_path, "app = 42\n", "--mode", "events")
    assert "app" in stderr
    assert "int" in stderr


def test_factory_that_raises(tmp_path: Path) -> None:
    stderr = load_failure(
        tmp_path,
        "def make():\n    raise ValueError('no settings')\n",
        "--mode",
        "events",
        "--factory",
        target="app.py:make",
    )
    assert "ValueError: no settings" in stderr
    assert re.search(r'File ".*app\.py", line 2', stderr)


def test_a_load_failure_in_several_processes_is_told_once_and_ends_all(tmp_path: Path) -> None:
    stderr = load_failure(
        tmp_path, "raise RuntimeError('never mind')\n", "--mode", "procs", "-w", "3"
    )
    assert "RuntimeError: never mind" in stderr
