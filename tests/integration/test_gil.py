"""Extension modules that need the GIL, on the free-threaded build and on the other."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from integration import harness
from integration.harness import (
    LOAD_FAILED,
    refused,
)

EXTENSION = """
#include <Python.h>
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "needsgil", 0, -1, 0, 0, 0, 0, 0};
PyMODINIT_FUNC PyInit_needsgil(void) { return PyModule_Create(&definition); }
"""


QUESTION = """
import sysconfig
print(sysconfig.get_config_var("CC"))
print(sysconfig.get_path("include"))
print(sysconfig.get_config_var("EXT_SUFFIX"))
"""


def build_extension(python: str, folder: Path) -> None:
    """An extension module `needsgil` that does not claim to do without the GIL (no Py_mod_gil)."""
    asked = subprocess.run(
        [python, "-I", "-c", QUESTION], capture_output=True, text=True, check=True
    )
    compiler, include, suffix = asked.stdout.splitlines()
    command = compiler.split()
    if shutil.which(command[0]) is None:
        pytest.skip(f"the interpreter's compiler ({command[0]}) is not here")
    source = folder / "needsgil.c"
    source.write_text(EXTENSION)
    subprocess.run(
        [*command, "-shared", "-fPIC", f"-I{include}", "-o", folder / f"needsgil{suffix}", source],
        check=True,
    )
    (folder / "app.py").write_text(
        "from turbo import App\nimport needsgil\nimport sys\napp = App()\n"
        "@app.get('/')\ndef f():\n"
        "    return {'gil': getattr(sys, '_is_gil_enabled', lambda: True)()}\n"
    )


@pytest.mark.parametrize("mode", ["threads", "events"])
def test_an_import_that_switches_the_gil_on_is_refused(
    mode: str, tmp_path: Path, python_ft: str
) -> None:
    build_extension(python_ft, tmp_path)
    stderr = refused(
        "run",
        "app.py",
        "--port",
        "0",
        *harness.MODES[mode],
        "--python",
        python_ft,
        code=LOAD_FAILED,
        cwd=tmp_path,
    )
    assert "needsgil" in stderr
    assert "GIL" in stderr
    assert "--allow-gil" in stderr


def test_allow_gil_runs_and_says_so(tmp_path: Path, python_ft: str, start_server: Any) -> None:
    build_extension(python_ft, tmp_path)
    server = start_server(
        "app.py", *harness.MODES["threads"], "--python", python_ft, "--allow-gil", cwd=tmp_path
    )
    assert server.get("/").json() == {"gil": True}
    assert any(line.startswith("note: ") and "needsgil" in line for line in server.stderr.lines)
    assert any(line.startswith("worker: ") and "GIL on" in line for line in server.stderr.lines)


def test_on_a_gil_build_such_an_import_is_nothing_special(
    tmp_path: Path, python_gil: str, start_server: Any
) -> None:
    build_extension(python_gil, tmp_path)
    server = start_server("app.py", "--mode", "events", "--python", python_gil, cwd=tmp_path)
    assert server.get("/").json() == {"gil": True}
    assert not any(line.startswith("note: ") for line in server.stderr.lines)
