"""Which interpreter serves, and that a virtualenv is what it is under ``python``."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
from integration import harness
from integration.harness import APPS, ONE_LOOP, run_turbo, write

BASIC = APPS / "basic.py"


def test_default_is_threads_on_the_free_threaded_interpreter(
    python_ft: str, start_server: Any
) -> None:
    server = start_server(BASIC)
    cores = json.loads(run_turbo("info", "--json").stdout)["usable_cores"]
    assert (
        f"mode: threads, 1 process x {cores} loop{'' if cores == 1 else 's'}" in server.stderr.lines
    )
    assert server.get("/where").json()["executable"] == python_ft


def test_cores_follow_the_affinity_mask(start_server: Any) -> None:
    core = min(os.sched_getaffinity(0))

    def pin() -> None:
        os.sched_setaffinity(0, {core})

    assert (
        "mode: threads, 1 process x 1 loop"
        in start_server(BASIC, "--mode", "threads", preexec=pin).stderr.lines
    )
    assert (
        "mode: procs, 1 process x 1 loop"
        in start_server(BASIC, "--mode", "procs", preexec=pin).stderr.lines
    )


def test_workers_and_threads_combine(python_ft: str, start_server: Any) -> None:
    server = start_server(
        BASIC, "--mode", "threads", "-w", "2", "--threads", "2", "--python", python_ft
    )
    assert "mode: threads, 2 processes x 2 loops" in server.stderr.lines
    places = set()
    for _ in range(120):
        where = server.get("/where").json()
        places.add((where["pid"], where["thread"]))
    assert len(places) == 4
    assert len(server.worker_pids()) == 2


def test_python_by_version(combination: tuple[str, str], start_server: Any) -> None:
    mode, version = combination
    server = start_server(BASIC, *harness.MODES[mode], "--python", version)
    assert server.get("/where").json()["gil"] is not version.endswith("t")


def make_wheel(folder: Path) -> Path:
    """A package of one module, without a build tool."""
    wheel = folder / "tinypackage-1.2.3-py3-none-any.whl"
    info = "tinypackage-1.2.3.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tinypackage.py", "NAME = 'tiny'\n")
        archive.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: tinypackage\nVersion: 1.2.3\n"
        )
        archive.writestr(
            f"{info}/WHEEL",
            "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        archive.writestr(
            f"{info}/RECORD",
            f"tinypackage.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n",
        )
    return wheel


def copy_interpreter(executable: str, destination: Path) -> Path:
    """The same build in another place, as another installation would be; its executable."""
    prefix = Path(
        subprocess.run(
            [executable, "-I", "-c", "import sys; print(sys.base_prefix)"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    )

    def link(source: str, target: str) -> None:
        try:
            os.link(source, target)
        except OSError:
            shutil.copy2(source, target)

    ignored = shutil.ignore_patterns(
        "test", "__pycache__", "idlelib", "config-*", "*.a", "share", "include", "turtledemo"
    )
    shutil.copytree(prefix, destination, symlinks=True, ignore=ignored, copy_function=link)
    return destination / "bin" / Path(executable).name


VENV_APP = """
import importlib.metadata
import sys
import tinypackage
from turbo import App
app = App()

@app.get("/")
def root():
    return {
        "name": tinypackage.NAME,
        "version": importlib.metadata.version("tinypackage"),
        "prefix": sys.prefix,
        "base_prefix": sys.base_prefix,
        "executable": sys.executable,
    }
"""


@pytest.mark.parametrize("free_threaded", [True, False], ids=["3.14t", "3.14"])
def test_virtualenv_of_an_interpreter_that_lives_elsewhere(
    free_threaded: bool, tmp_path: Path, start_server: Any
) -> None:
    version = harness.newest(free_threaded=free_threaded)
    if version is None:
        pytest.skip("this build has no worker for it")
    base = harness.interpreters()[version]
    elsewhere = copy_interpreter(base, tmp_path / "elsewhere")
    venv = tmp_path / "my venv"
    subprocess.run(
        [elsewhere, "-m", "venv", "--without-pip", venv],
        check=True,
        env=harness.clean_environment(),
    )
    python = venv / "bin" / "python"
    wheel = make_wheel(tmp_path)
    subprocess.run(
        [base, "-m", "pip", "--python", python, "install", "-q", "--no-index", "--no-deps", wheel],
        check=True,
        env=harness.clean_environment(
            {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore"}
        ),
    )
    app = write(tmp_path, "app.py", VENV_APP)
    under_python = {
        "name": "tiny",
        "version": "1.2.3",
        "prefix": str(venv),
        "base_prefix": str(tmp_path / "elsewhere"),
        "executable": str(python),
    }
    for options, environment in (
        (("--python", str(python)), {}),
        (("--python", str(venv)), {}),
        ((), {"VIRTUAL_ENV": str(venv)}),
        ((), {"TURBO_PYTHON": str(python)}),
    ):
        server = start_server(app, *ONE_LOOP, *options, env=environment)
        assert server.get("/").json() == under_python, (options, environment)
        server.stop()


def test_without_mode_a_named_interpreter_decides(python_gil: str, start_server: Any) -> None:
    server = start_server(BASIC, "-w", "1", "--python", python_gil)
    assert "mode: procs, 1 process x 1 loop" in server.stderr.lines
