"""`app.run()` and how it finds and calls the turbo program."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import turbo
from turbo import App, _run

FAKE = '#!/bin/sh\nfor argument in "$@"; do printf "%s\\n" "$argument"; done\n'


@pytest.fixture
def fake_turbo(tmp_path: Path) -> Path:
    program = tmp_path / "bin" / "turbo"
    program.parent.mkdir()
    program.write_text(FAKE)
    program.chmod(0o755)
    return program


def run_script(tmp_path: Path, code: str, *command: str, **env: str) -> subprocess.CompletedProcess:
    script = tmp_path / "served.py"
    script.write_text(textwrap.dedent(code))
    package_parent = str(Path(turbo.__file__).parent.parent)
    return subprocess.run(
        [sys.executable, *(command or (str(script),))],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": package_parent, **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


CODE = """
    from turbo import App
    service = App()
    if __name__ == "__main__":
        service.run({arguments})
"""


def test_run_execs_turbo_with_the_options(tmp_path, fake_turbo):
    arguments = (
        'host="0.0.0.0", port=0, mode="procs", workers=2, access_log=False, '
        'keep_alive="5s", max_body=100, allow_gil=True'
    )
    result = run_script(tmp_path, CODE.format(arguments=arguments), TURBO_BIN=str(fake_turbo))
    assert result.stdout.splitlines() == [
        "run",
        "--host=0.0.0.0",
        "--port=0",
        "--mode=procs",
        "--workers=2",
        f"--python={sys.executable}",
        "--no-access-log",
        "--max-body=100",
        "--keep-alive=5s",
        "--allow-gil",
        f"{tmp_path}/served.py:service",
    ]


def test_run_serves_with_the_interpreter_that_runs_the_script(tmp_path, fake_turbo):
    path = f"{fake_turbo.parent}:/usr/bin:/bin"
    result = run_script(tmp_path, CODE.format(arguments=""), TURBO_BIN="", PATH=path)
    assert result.stdout.splitlines() == [
        "run",
        f"--python={sys.executable}",
        f"{tmp_path}/served.py:service",
    ]


def test_run_of_a_module(tmp_path, fake_turbo):
    code = CODE.format(arguments='python="3.14"')
    result = run_script(tmp_path, code, "-m", "served", TURBO_BIN=str(fake_turbo))
    assert result.stdout.splitlines() == ["run", "--python=3.14", "served:service"]


def test_run_needs_a_variable_of_the_script(tmp_path, fake_turbo):
    code = "from turbo import App\nApp().run()\n"
    result = run_script(tmp_path, code, TURBO_BIN=str(fake_turbo))
    assert result.returncode == 1
    assert "RuntimeError: app.run() serves an application that is a variable" in result.stderr


def test_a_wrong_turbo_bin_is_named(tmp_path):
    result = run_script(tmp_path, CODE.format(arguments=""), TURBO_BIN="/nowhere/turbo")
    assert "TURBO_BIN names /nowhere/turbo, which is not a program" in result.stderr


def test_turbo_is_found_beside_the_package(tmp_path, monkeypatch):
    monkeypatch.delenv("TURBO_BIN", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    package = tmp_path / "prefix" / "lib" / "turbo" / "python" / "turbo"
    package.mkdir(parents=True)
    monkeypatch.setattr(_run, "__file__", str(package / "_run.py"))
    with pytest.raises(RuntimeError, match="put it on PATH, or name it in TURBO_BIN"):
        _run.find_turbo()
    installed = tmp_path / "prefix" / "bin" / "turbo"
    installed.parent.mkdir()
    installed.write_text(FAKE)
    installed.chmod(0o755)
    assert _run.find_turbo() == str(installed)
    package = tmp_path / "build" / "python" / "turbo"
    package.mkdir(parents=True)
    monkeypatch.setattr(_run, "__file__", str(package / "_run.py"))
    built = tmp_path / "build" / "turbo"
    built.write_text(FAKE)
    built.chmod(0o755)
    assert _run.find_turbo() == str(built)


def test_run_inside_a_worker_is_refused(monkeypatch):
    monkeypatch.setattr(sys, "builtin_module_names", (*sys.builtin_module_names, "_turbo"))
    with pytest.raises(RuntimeError, match="already being served"):
        App().run()


def test_importing_turbo_loads_nothing_compiled(tmp_path):
    code = """
        import sys
        import turbo
        turbo.App().get("/")(lambda: 1)
        late = ("_turbo", "turbo.testing", "asyncio", "subprocess")
        print([name for name in late if name in sys.modules])
    """
    assert run_script(tmp_path, code).stdout == "[]\n"
