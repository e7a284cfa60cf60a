"""``app.run()``: hands the script over to the ``turbo`` program."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from turbo.app import App


def find_turbo() -> str:
    """The path of the ``turbo`` program: ``TURBO_BIN``, else on PATH, else beside this package.

    Raises:
        RuntimeError: There is none.
    """
    named = os.environ.get("TURBO_BIN")
    if named:
        if not os.access(named, os.X_OK):
            raise RuntimeError(
                f"TURBO_BIN names {named}, which is not a program; correct or unset it"
            )
        return named
    found = shutil.which("turbo")
    if found:
        return found
    package = Path(__file__).absolute().parent
    # <build>/python/turbo and <prefix>/lib/turbo/python/turbo
    for place in (
        package.parents[1] / "turbo",
        *(p / "bin" / "turbo" for p in package.parents[2:4]),
    ):
        if place.is_file() and os.access(place, os.X_OK):
            return str(place)
    raise RuntimeError("the turbo program was not found: put it on PATH, or name it in TURBO_BIN")


def option_arguments(options: Mapping[str, object]) -> list[str]:
    """Command-line arguments of ``turbo run``; None leaves an option out, a bool is a flag."""
    arguments: list[str] = []
    for name, value in options.items():
        if value is None:
            continue
        if isinstance(value, bool):
            arguments.append(f"--{name}" if value else f"--no-{name}")
        else:
            arguments.append(f"--{name}={value}")
    return arguments


def main_target(app: App) -> str:
    """What ``turbo run`` calls the application: the running script, or the module after ``-m``.

    Raises:
        RuntimeError: The application is not a variable of it.
    """
    main = sys.modules["__main__"]
    attribute = next((name for name, value in vars(main).items() if value is app), None)
    spec = getattr(main, "__spec__", None)
    file = getattr(main, "__file__", None)
    if attribute is None or (spec is None and file is None):
        raise RuntimeError(
            "app.run() serves an application that is a variable of the script being run; "
            "assign it there"
        )
    if spec is not None:
        # `python -m package` runs package.__main__, which imports like any other module.
        return f"{spec.name}:{attribute}"
    return f"{file}:{attribute}"


def exec_turbo(app: App, options: Mapping[str, object]) -> NoReturn:
    """Replaces this process by ``turbo run``. Does not return.

    Raises:
        RuntimeError: As :meth:`turbo.App.run`.
    """
    if "_turbo" in sys.builtin_module_names:
        raise RuntimeError(
            "the application is already being served: put app.run() under "
            '`if __name__ == "__main__":`'
        )
    chosen = dict(options)
    if chosen.get("python") is None and sys.executable:
        chosen["python"] = sys.executable
    turbo = find_turbo()
    arguments = [turbo, "run", *option_arguments(chosen), main_target(app)]
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(turbo, arguments)  # noqa: S606
