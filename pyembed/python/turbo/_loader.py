"""Finds and imports the application that a worker serves. Called by the worker, once."""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import inspect
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

from turbo.errors import ConfigurationError

if TYPE_CHECKING:
    from turbo._compile import CompiledApp

__all__ = ["LoadError", "Loaded", "load"]

_NAMES = ("app", "application")
_FACTORY_NAMES = ("create_app", "make_app")


class LoadError(Exception):
    """The application cannot be served; the message is one sentence for the user."""


class Loaded(NamedTuple):
    """What :func:`load` found."""

    compiled: CompiledApp
    gil_module: str | None
    """The extension module whose import switched the GIL on, on a free-threaded build."""


def load(target: str, factory: bool, allow_gil: bool) -> Loaded:
    """Import the application that ``target`` names and compile its routes.

    A traceback of the application's own code is written to stderr before the error is raised.

    Args:
        target: ``app.py``, ``dir/app.py`` or ``package.module``; ``:attribute`` may follow.
        factory: The attribute is called, without arguments, to get the application.
        allow_gil: On a free-threaded build, the application's imports may switch the GIL on.

    Returns:
        The compiled application, and which module switched the GIL on, if one did.

    Raises:
        LoadError: The application cannot be served.
    """
    source, attribute = _split(target)
    gil_was_on = _gil_enabled()
    with _gil_watch() as culprits:
        module = _import(source)
        app = _find(module, source, attribute, factory)
        compiled = _compile(app, source)
    culprit = culprits[0] if culprits and _gil_enabled() else None
    if not allow_gil and not _built_with_gil() and _gil_enabled():
        raise LoadError(_gil_refusal(source, culprit, gil_was_on))
    return Loaded(compiled, culprit)


def _split(target: str) -> tuple[str, str | None]:
    if os.path.isfile(target):
        return target, None
    source, colon, attribute = target.rpartition(":")
    if not colon:
        return target, None
    if not source or not all(part.isidentifier() for part in attribute.split(".")):
        raise LoadError(
            f"{target!r} does not name an application: "
            "write FILE.py:attribute or package.module:attribute."
        )
    return source, attribute


def _is_path(source: str) -> bool:
    return source.endswith(".py") or os.sep in source or os.path.isfile(source)


def _import(source: str) -> ModuleType:
    try:
        return _import_file(source) if _is_path(source) else _import_module(source)
    except LoadError:
        raise
    except BaseException as error:  # noqa: BLE001 - also sys.exit() in the application
        _print_traceback(error)
        raise LoadError(_import_sentence(source, error)) from None


def _import_file(path: str) -> ModuleType:
    if os.path.isdir(path):
        raise LoadError(f"{path!r} is a directory: name the file in it that holds the application.")
    if not os.path.isfile(path):
        raise LoadError(f"There is no file {path!r} in {os.getcwd()}.")
    path = os.path.abspath(path)
    # As under `python app.py`: the file's folder comes first, unless PYTHONSAFEPATH is set.
    if not sys.flags.safe_path:
        sys.path.insert(0, os.path.dirname(path))
    name = os.path.splitext(os.path.basename(path))[0]
    # A file called e.g. types.py must not replace what others have imported.
    if name in sys.modules:
        name = f"__turbo_{name}__"
    loader = importlib.machinery.SourceFileLoader(name, path)
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    if spec is None:
        raise LoadError(f"{path!r} cannot be loaded as Python source.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def _import_module(name: str) -> ModuleType:
    if not all(part.isidentifier() for part in name.split(".")):
        raise LoadError(
            f"{name!r} is neither a file nor a module's name: write FILE.py or package.module."
        )
    cwd = os.getcwd()
    if not sys.flags.safe_path and cwd not in sys.path:
        sys.path.insert(0, cwd)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name
        if missing is None or not (name == missing or name.startswith(f"{missing}.")):
            raise  # a module that the application imports is missing: its traceback says more
        hint = f" ({name}.py is a file in {cwd}: name it as {name}.py)" if _is_file(name) else ""
        raise LoadError(f"There is no module {missing!r} to import{hint}.") from None


def _is_file(name: str) -> bool:
    return os.path.isfile(f"{name}.py")


def _import_sentence(source: str, error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"{source} ended the program with sys.exit({error.code!r}) while it was imported."
    text = traceback.format_exception_only(error)[-1].strip()
    if isinstance(error, ImportError) and "relative import" in str(error):
        return (
            f"Importing {source} failed: {text}. A file of a package is served by its module's "
            "name, e.g. package.module."
        )
    return f"Importing {source} failed: {text}."


def _find(module: ModuleType, source: str, attribute: str | None, factory: bool) -> Any:
    value = _lookup(module, source, attribute, factory)
    if factory:
        if not callable(value):
            raise LoadError(
                f"{attribute or _FACTORY_NAMES[0]} in {source} is not callable: "
                "leave --factory out, or name the function that makes the application."
            )
        try:
            return value()
        except BaseException as error:  # noqa: BLE001 - also sys.exit() in the factory
            _print_traceback(error)
            text = traceback.format_exception_only(error)[-1].strip()
            raise LoadError(f"The factory in {source} failed: {text}.") from None
    return value


def _lookup(module: ModuleType, source: str, attribute: str | None, factory: bool) -> Any:
    if attribute is not None:
        value: Any = module
        for part in attribute.split("."):
            try:
                value = getattr(value, part)
            except AttributeError:
                others = _others(module, source)
                raise LoadError(f"There is no {attribute!r} in {source}{others}.") from None
        return value
    names = _FACTORY_NAMES if factory else _NAMES
    for name in names:
        if hasattr(module, name):
            return getattr(module, name)
    raise LoadError(f"There is no {names[0]!r} in {source}{_others(module, source)}.")


def _others(module: ModuleType, source: str) -> str:
    from turbo.app import App

    names = [name for name, value in vars(module).items() if isinstance(value, App)]
    if names:
        return f"; it has {', '.join(names)}: name it as {source}:{names[0]}"
    return f": write `from turbo import App` and `{_NAMES[0]} = App()`"


def _compile(app: Any, source: str) -> CompiledApp:
    from turbo._compile import compile_routes
    from turbo.app import App

    if not isinstance(app, App):
        raise LoadError(_not_an_app(app, source))
    try:
        return compile_routes(app)
    except ConfigurationError as error:
        raise LoadError(_sentence(str(error))) from None
    except BaseException as error:  # noqa: BLE001 - a descriptor or annotation of the application
        _print_traceback(error)
        text = traceback.format_exception_only(error)[-1].strip()
        raise LoadError(f"The routes of {source} cannot be compiled: {text}.") from None


def _not_an_app(app: Any, source: str) -> str:
    if inspect.isclass(app):
        return f"The application in {source} is the class {app.__name__}: make an instance of it."
    if inspect.isroutine(app):
        return (
            f"The application in {source} is the function {app.__name__}; turbo serves a "
            "turbo.App: add --factory if the function makes one."
        )
    kind = f"{type(app).__module__}.{type(app).__qualname__}"
    return f"The application in {source} is a {kind}; turbo serves a turbo.App."


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _print_traceback(error: BaseException) -> None:
    """The error's traceback from the application's first frame on."""
    sys.stdout.flush()
    traceback.print_exception(type(error), error, _without_loader(error.__traceback__))
    sys.stderr.flush()


def _without_loader(tb: TracebackType | None) -> TracebackType | None:
    first = tb
    while first is not None:
        name = first.tb_frame.f_code.co_filename
        if name not in (__file__, importlib.__file__) and not name.startswith("<frozen importlib"):
            return first
        first = first.tb_next
    return None  # e.g. a SyntaxError in the application's file: it has no frame there


def _gil_enabled() -> bool:
    return bool(getattr(sys, "_is_gil_enabled", lambda: True)())


def _built_with_gil() -> bool:
    return "t" not in getattr(sys, "abiflags", "")


@contextmanager
def _gil_watch() -> Iterator[list[str]]:
    """Notes which extension module's import switched the GIL on, in a free-threaded build."""
    culprits: list[str] = []
    if _built_with_gil():
        yield culprits
        return
    loader = importlib.machinery.ExtensionFileLoader
    create_module, exec_module = loader.create_module, loader.exec_module

    def watched_create(self: Any, spec: Any) -> Any:
        before = _gil_enabled()
        module = create_module(self, spec)
        if not before and _gil_enabled():
            culprits.append(spec.name)
        return module

    def watched_exec(self: Any, module: Any) -> None:
        before = _gil_enabled()
        exec_module(self, module)
        if not before and _gil_enabled():
            culprits.append(module.__name__)

    loader.create_module = watched_create  # type: ignore[method-assign]
    loader.exec_module = watched_exec  # type: ignore[method-assign]
    try:
        yield culprits
    finally:
        loader.create_module = create_module  # type: ignore[method-assign]
        loader.exec_module = exec_module  # type: ignore[method-assign]


def _gil_refusal(source: str, culprit: str | None, gil_was_on: bool) -> str:
    if gil_was_on:
        return (
            "The GIL is on in this free-threaded Python before anything was imported "
            "(PYTHON_GIL=1?): unset it, or start with --allow-gil to run the threads one at a time."
        )
    module = f"the extension module {culprit!r}" if culprit else "an extension module"
    return (
        f"Importing {source} switched the GIL on, because {module} does not support "
        "free-threading: use a version of it that does, or start with --allow-gil to run the "
        "threads one at a time."
    )
