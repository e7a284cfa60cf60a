"""Turns an application into what the engine runs: routes with a plan of their arguments.

The plan of an argument is one of these tuples (pyembed/argument_binder.cc reads them):

- ``("path", index, name, plan)``: the path's parameter of that index
- ``("query", name, plan, required, default)``: the last value of that name
- ``("query_list", name, plan, required, default)``: all values of that name, as a list that
  ``plan`` converts
- ``("json", plan, required, default)``: the whole body, decoded
- ``("body",)``: the whole body, as bytes
- ``("request",)``: the request
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import sys
import types
import typing
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from turbo import _paths, _schema
from turbo.errors import ConfigurationError
from turbo.routing import Route, handler_name

if TYPE_CHECKING:
    from turbo.app import App

MAX_ARGUMENTS = 64  # pyembed/argument_binder.h: kMaxArguments


class RouteSpec(NamedTuple):
    """One route, compiled. ``handler`` is called with one positional argument for each plan."""

    method_names: tuple[str, ...]
    pattern: str
    handler: Callable[..., Any]
    arguments: list[tuple[Any, ...]]
    status: int
    name: str


class CompiledApp(NamedTuple):
    """An application, compiled."""

    routes: list[RouteSpec]
    trailing_slash: str
    exception_handlers: dict[type[BaseException], Callable[..., Any]]
    on_startup: list[Callable[[], object]]
    on_shutdown: list[Callable[[], object]]


def compile_routes(app: App) -> CompiledApp:
    """Compile an application.

    Raises:
        ConfigurationError: It cannot be served; one sentence says what to change.
    """
    builder = _schema.SchemaBuilder()
    routes: list[RouteSpec] = []
    seen: dict[tuple[str, str], Route] = {}
    for route in app.routes():
        shape = _paths.shape(route.path)
        for method in route.methods:
            other = seen.setdefault((method, shape), route)
            if other is not route:
                raise ConfigurationError(
                    f"{method} {route.path} is served by {handler_name(route.handler)!r} and, "
                    f"as {other.path}, by {handler_name(other.handler)!r}: remove one, or change "
                    "its path or method"
                )
        routes.append(_compile_route(route, builder))
    for kind, hooks in (("on_startup", app._startup), ("on_shutdown", app._shutdown)):
        for hook in hooks:
            _refuse_coroutine(f"{kind} function", hook)
            _check_call(f"{kind} function", hook, 0, "no arguments")
    for handler in app._exception_handlers.values():
        _refuse_coroutine("exception handler", handler)
        _check_call("exception handler", handler, 2, "the request and the exception")
    return CompiledApp(
        routes,
        app._trailing_slash,
        dict(app._exception_handlers),
        list(app._startup),
        list(app._shutdown),
    )


def _compile_route(route: Route, builder: _schema.SchemaBuilder) -> RouteSpec:
    where = f"handler {handler_name(route.handler)!r} of {route.methods[0]} {route.path}"
    params = _paths.parse_pattern(route.path)
    _refuse_coroutine(where, route.handler)
    parameters = _parameters(where, route.handler)
    hints = _annotations(where, route.handler)
    unknown = [param.name for param in params if param.name not in parameters]
    # A handler that takes the request may look at its path_params instead.
    if unknown and not any(_is_request(_schema.strip(hint)) for hint in hints.values()):
        raise ConfigurationError(
            f"{where}: the path's parameter {unknown[0]!r} is not among the handler's "
            f"({', '.join(parameters) or 'it has none'}); add it or rename one"
        )
    compiler = _ArgumentCompiler(where, params, builder)
    arguments = [
        compiler.compile(parameter, hints.get(name, inspect.Parameter.empty))
        for name, parameter in parameters.items()
    ]
    if len(arguments) > MAX_ARGUMENTS:
        raise ConfigurationError(
            f"{where}: it takes {len(arguments)} arguments; at most {MAX_ARGUMENTS} are possible"
        )
    handler = _by_position(route.handler, list(parameters.values()))
    return RouteSpec(route.methods, route.path, handler, arguments, route.status, route.name)


class _ArgumentCompiler:
    """Compiles the arguments of one handler."""

    def __init__(
        self, where: str, params: list[_paths.Param], builder: _schema.SchemaBuilder
    ) -> None:
        self._where = where
        self._path = {param.name: (index, param.kind) for index, param in enumerate(params)}
        self._builder = builder
        self._json: str | None = None

    def compile(self, parameter: inspect.Parameter, annotation: Any) -> tuple[Any, ...]:
        name = parameter.name
        annotation = _schema.strip(annotation)
        if name in self._path:
            return self._path_argument(name, annotation)
        required = parameter.default is inspect.Parameter.empty
        default = _schema.NO_DEFAULT if required else parameter.default
        if _is_request(annotation):
            return ("request",)
        if annotation is bytes:
            return ("body",)
        if annotation is inspect.Parameter.empty:
            return ("query", name, ("str",), required, default)
        plan = self._plan(name, annotation)
        if _is_json(plan, annotation):
            if self._json is not None:
                raise ConfigurationError(
                    f"{self._where}: both {self._json!r} and {name!r} take the JSON body; "
                    "make them fields of one dataclass"
                )
            self._json = name
            return ("json", plan, required, default)
        listed = plan[1] if plan[0] == "optional" else plan
        if listed[0] in ("list", "set", "frozenset", "tuple", "fixed_tuple"):
            return ("query_list", name, plan, required, default)
        return ("query", name, plan, required, default)

    def _path_argument(self, name: str, annotation: Any) -> tuple[Any, ...]:
        index, kind = self._path[name]
        if annotation is inspect.Parameter.empty:
            annotation = {"int": int, "float": float, "uuid": uuid.UUID}.get(kind, str)
        if _is_request(annotation) or annotation is bytes:
            raise ConfigurationError(
                f"{self._where}: {name!r} is a parameter of the path and annotated as "
                f"{_schema.describe(annotation)}; rename one of them"
            )
        plan = self._plan(name, annotation)
        if not _is_text(plan):
            raise ConfigurationError(
                f"{self._where}: the path's parameter {name!r} cannot be made into "
                f"{_schema.describe(annotation)}; annotate it with a scalar type"
            )
        return ("path", index, name, plan)

    def _plan(self, name: str, annotation: Any) -> _schema.Plan:
        try:
            return self._builder.plan(annotation)
        except _schema.NotUnderstoodError as error:
            raise ConfigurationError(
                f"{self._where}: the annotation {_schema.describe(annotation)} of {name!r} {error}"
            ) from None


_TEXT = ("any", "none", "int", "float", "bool", "str", "literal", "enum", "convert")


def _is_text(plan: _schema.Plan) -> bool:
    """The plan takes one piece of text: a path's parameter or one value of the query."""
    if plan[0] == "optional":
        return _is_text(plan[1])
    if plan[0] == "union":
        return all(_is_text(member) for member in plan[1])
    return plan[0] in _TEXT


def _is_json(plan: _schema.Plan, annotation: Any) -> bool:
    """The plan is one of a body: a mapping, a class, Any, or a list that is not one of scalars."""
    if plan[0] == "optional":
        plan = plan[1]
        members = [m for m in typing.get_args(annotation) if m is not type(None)]
        annotation = _schema.strip(members[0]) if len(members) == 1 else annotation
    if plan[0] == "union":
        return not _is_text(plan)
    if plan[0] == "fixed_tuple":
        return not all(_is_text(item) for item in plan[1])
    if plan[0] in ("list", "set", "frozenset", "tuple"):
        bare = not typing.get_args(annotation)
        return bare or plan[1][0] == "any" or not _is_text(plan[1])
    return not _is_text(plan)


def _is_request(annotation: Any) -> bool:
    if not isinstance(annotation, type) or annotation.__name__ != "Request":
        return False
    from turbo._native import Request

    return annotation is Request


def _parameters(where: str, handler: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    try:
        signature = _schema.signature_of(handler)
    except (TypeError, ValueError):
        raise ConfigurationError(
            f"{where}: its signature is not known; wrap it in a function written in Python"
        ) from None
    for parameter in signature.parameters.values():
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            raise ConfigurationError(
                f"{where}: *{parameter.name} is not supported; name every argument"
            )
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            raise ConfigurationError(
                f"{where}: **{parameter.name} is not supported; name every argument"
            )
    return dict(signature.parameters)


def _annotations(where: str, handler: Callable[..., Any]) -> dict[str, Any]:
    """The handler's annotations, evaluated however they are stored (PEP 563, PEP 649)."""
    target: Any = handler
    while isinstance(target, functools.partial):
        target = target.func
    if inspect.isclass(target):
        target = target.__init__
    elif not inspect.isroutine(target):
        target = type(target).__call__
    target = inspect.unwrap(target)
    names = getattr(target, "__globals__", {})
    try:
        # What a handler returns is its own affair: that may be known to type checkers only.
        arguments = {k: v for k, v in _raw_annotations(target).items() if k != "return"}
        holder = types.SimpleNamespace(__annotations__=arguments)
        return typing.get_type_hints(holder, names, _closure(target), include_extras=True)
    except Exception as error:
        raise ConfigurationError(
            f"{where}: an annotation cannot be evaluated ({type(error).__name__}: {error}); "
            "import or define the name at module level"
        ) from error


def _raw_annotations(target: Any) -> dict[str, Any]:
    if sys.version_info >= (3, 14):
        import annotationlib

        return annotationlib.get_annotations(target, format=annotationlib.Format.FORWARDREF)
    return inspect.get_annotations(target)


def _closure(target: Any) -> dict[str, Any]:
    """Names of an enclosing function that the handler uses, and its own type parameters."""
    names = {parameter.__name__: parameter for parameter in getattr(target, "__type_params__", ())}
    function = getattr(target, "__func__", target)
    if inspect.isfunction(function) and function.__closure__:
        for name, cell in zip(function.__code__.co_freevars, function.__closure__, strict=True):
            with contextlib.suppress(ValueError):  # not assigned yet
                names[name] = cell.cell_contents
    return names


def _refuse_coroutine(where: str, function: Callable[..., Any]) -> None:
    target: Any = function
    while isinstance(target, functools.partial):
        target = target.func
    candidates = [target]
    if not inspect.isroutine(target) and not inspect.isclass(target):
        candidates.append(inspect.getattr_static(type(target), "__call__", None))
    for candidate in candidates:
        if inspect.iscoroutinefunction(candidate) or inspect.isasyncgenfunction(candidate):
            kind = (
                "a coroutine function"
                if inspect.iscoroutinefunction(candidate)
                else "an async generator function"
            )
            label = (
                where if handler_name(function) in where else f"{where} {handler_name(function)!r}"
            )
            raise ConfigurationError(
                f"{label} is {kind}; asynchronous handlers are not supported by this version: "
                "make it `def`"
            )


def _check_call(where: str, function: Callable[..., Any], count: int, what: str) -> None:
    try:
        _schema.signature_of(function).bind(*(None,) * count)
    except ValueError:
        return  # a built-in whose signature is not known
    except TypeError:
        raise ConfigurationError(
            f"{where} {handler_name(function)!r} is called with {what}; change its parameters"
        ) from None


def _by_position(
    handler: Callable[..., Any], parameters: list[inspect.Parameter]
) -> Callable[..., Any]:
    """The handler as something that takes all its arguments by position."""
    names = tuple(p.name for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY)
    if not names:
        return handler
    positional = len(parameters) - len(names)

    @functools.wraps(handler, updated=())
    def call(*arguments: Any) -> Any:
        return handler(
            *arguments[:positional], **dict(zip(names, arguments[positional:], strict=True))
        )

    return call
