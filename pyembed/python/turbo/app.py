"""The application object."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar

from turbo._paths import build_path
from turbo.errors import ConfigurationError
from turbo.routing import Router, handler_name

__all__ = ["App"]

F = TypeVar("F", bound=Callable[..., Any])


class App(Router):
    """A web application: routes, exception handlers and what runs at start and stop.

    Args:
        trailing_slash: What a path gets that matches only with a slash added or taken away:
            ``redirect`` (307 to the other form), ``ignore`` (the same answer) or ``strict`` (404).
        prefix: Goes before the path of every route.

    Raises:
        ConfigurationError: An argument is malformed.
    """

    _includable = False

    def __init__(
        self,
        trailing_slash: Literal["redirect", "ignore", "strict"] = "redirect",
        *,
        prefix: str = "",
    ) -> None:
        super().__init__(prefix)
        if trailing_slash not in ("redirect", "ignore", "strict"):
            raise ConfigurationError(
                f"trailing_slash is 'redirect', 'ignore' or 'strict', not {trailing_slash!r}"
            )
        self._trailing_slash = trailing_slash
        self._startup: list[Callable[[], object]] = []
        self._shutdown: list[Callable[[], object]] = []
        self._exception_handlers: dict[type[BaseException], Callable[..., Any]] = {}
        self._named: tuple[int, dict[str, list[str]]] = (0, {})

    def on_startup(self, function: F) -> F:
        """Decorator: call the function once in each process, before its first request.

        It is called without arguments.

        Returns:
            The function, unchanged.

        Raises:
            ConfigurationError: It is not callable.
        """
        self._startup.append(_checked_hook("on_startup", function))
        return function

    def on_shutdown(self, function: F) -> F:
        """Decorator: call the function once in each process, after its last request.

        It is called without arguments.

        Returns:
            The function, unchanged.

        Raises:
            ConfigurationError: It is not callable.
        """
        self._shutdown.append(_checked_hook("on_shutdown", function))
        return function

    def exception_handler(self, exception: type[BaseException]) -> Callable[[F], F]:
        """Decorator: answer by this function where a handler raised ``exception`` or a subclass.

        It is called with the request and the exception, and may return whatever a handler may. The
        nearest class among the exception's bases is chosen.

        Args:
            exception: The class of exceptions.

        Returns:
            A decorator that gives the function back unchanged.

        Raises:
            ConfigurationError: ``exception`` is not a class of exceptions, or has a handler
                already.
        """
        if not (isinstance(exception, type) and issubclass(exception, BaseException)):
            raise ConfigurationError(
                f"exception_handler() takes a class of exceptions, not {exception!r}: "
                "write @app.exception_handler(ValueError)"
            )

        def decorate(function: F) -> F:
            if exception in self._exception_handlers:
                raise ConfigurationError(
                    f"exception handler {handler_name(function)!r}: {exception.__name__} is "
                    f"handled by {handler_name(self._exception_handlers[exception])!r} already; "
                    "remove one of them"
                )
            self._exception_handlers[exception] = function
            return function

        return decorate

    def url_for(self, route_name: str, /, **params: object) -> str:
        """The path of a named route.

        Args:
            route_name: The route's ``name``, or its handler's.
            **params: A value for each parameter of its pattern; percent-encoded where needed.

        Returns:
            The path, e.g. ``/users/7``.

        Raises:
            LookupError: There is no route of this name with these parameters.
            ValueError: A value does not fit its parameter, e.g. a slash in ``{name}``.
        """
        known = self._paths_by_name().get(route_name, [])
        for pattern in known:
            path = build_path(pattern, params)
            if path is not None:
                return path
        if known:
            raise LookupError(
                f"route {route_name!r} is {' or '.join(known)}, which does not go with the "
                f"parameters {', '.join(params) or '(none)'}"
            )
        raise LookupError(f"there is no route named {route_name!r}")

    def _paths_by_name(self) -> dict[str, list[str]]:
        """Looked up once; again if routes were added since."""
        size = self._size()
        known_size, paths = self._named
        if size != known_size:
            paths = {}
            for route in self.routes():
                paths.setdefault(route.name, []).append(route.path)
            self._named = (size, paths)
        return paths

    def run(
        self,
        host: str | None = None,
        port: int | None = None,
        *,
        mode: str | None = None,
        workers: int | None = None,
        threads: int | None = None,
        python: str | None = None,
        uds: str | None = None,
        backlog: int | None = None,
        access_log: bool | None = None,
        log_level: str | None = None,
        log_format: str | None = None,
        max_body: int | str | None = None,
        keep_alive: float | str | None = None,
        header_timeout: float | str | None = None,
        body_timeout: float | str | None = None,
        graceful_timeout: float | str | None = None,
        max_connections: int | None = None,
        max_inflight: int | None = None,
        config: str | None = None,
        allow_gil: bool = False,
    ) -> None:
        """Serve this application: replaces the process by ``turbo run`` of the running script.

        For the end of a script, under ``if __name__ == "__main__":``. Every argument is the option
        of the same name of ``turbo run`` (see ``turbo run --help``) and its default is that
        option's. The interpreter is the one that runs the script, unless ``python`` is
        given.

        Args:
            host: The address to listen on.
            port: The port; 0 picks a free one.
            mode: ``events``, ``threads`` or ``procs``.
            workers: How many processes.
            threads: How many loops in each process.
            python: Which interpreter: a path, ``3.14`` or ``3.14t``.
            uds: A Unix-domain socket's path, in place of host and port.
            backlog: Of the listening sockets.
            access_log: Log every request.
            log_level: How much to log.
            log_format: ``text`` or ``json``.
            max_body: The largest request body.
            keep_alive: How long an idle connection is kept.
            header_timeout: How long a request's head may take.
            body_timeout: How long a body may pause.
            graceful_timeout: How long a stop waits for requests in flight.
            max_connections: Per process.
            max_inflight: Requests in flight per process.
            config: A TOML file with further options.
            allow_gil: Serve in ``threads`` mode even if the GIL had to be switched on.

        Raises:
            RuntimeError: The ``turbo`` program cannot be found, the application is not a variable
                of the script, or it is already being served.
        """
        from turbo import _run

        _run.exec_turbo(
            self,
            {
                "host": host,
                "port": port,
                "mode": mode,
                "workers": workers,
                "threads": threads,
                "python": python,
                "uds": uds,
                "backlog": backlog,
                "access-log": access_log,
                "log-level": log_level,
                "log-format": log_format,
                "max-body": max_body,
                "keep-alive": keep_alive,
                "header-timeout": header_timeout,
                "body-timeout": body_timeout,
                "graceful-timeout": graceful_timeout,
                "max-connections": max_connections,
                "max-inflight": max_inflight,
                "config": config,
                "allow-gil": allow_gil or None,
            },
        )


def _checked_hook[T](kind: str, function: T) -> T:
    if not callable(function):
        raise ConfigurationError(
            f"{kind} takes a function, not {type(function).__name__}: "
            f"write @app.{kind} without parentheses"
        )
    return function
