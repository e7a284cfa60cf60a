"""Routes and the groups that applications are put together from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, TypeVar

from turbo.errors import ConfigurationError

__all__ = ["Route", "Router"]

type Handler = Callable[..., Any]
F = TypeVar("F", bound=Callable[..., Any])

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
"""What a route may be registered for."""


class Route(NamedTuple):
    """One registered handler.

    Attributes:
        methods: In upper case, at least one.
        path: The pattern, prefixes included.
        handler: What is called.
        status: The status of an answer that names none itself.
        name: For :meth:`turbo.App.url_for`.
    """

    methods: tuple[str, ...]
    path: str
    handler: Handler
    status: int
    name: str


class Router:
    """A group of routes, included into an application or into another group.

    Args:
        prefix: Goes before the path of every route, e.g. ``/users``; begins with a slash and does
            not end with one.

    Raises:
        ConfigurationError: The prefix is malformed.
    """

    # An App cannot be included: its hooks and exception handlers would be lost.
    _includable = True

    def __init__(self, prefix: str = "") -> None:
        self._prefix = _checked_prefix(prefix)
        self._entries: list[Route | tuple[Router, str]] = []

    def route(
        self,
        path: str,
        methods: Iterable[str] = ("GET",),
        *,
        status: int = 200,
        name: str | None = None,
    ) -> Callable[[F], F]:
        """Register the decorated function for ``path``.

        Args:
            path: The pattern: static text, ``{name}`` (one segment), ``{name:int}``,
                ``{name:float}``, ``{name:uuid}`` (one segment of that shape, else 404) and
                ``{name:path}`` (the rest).
            methods: Which methods; GET serves HEAD as well.
            status: The status of an answer that names none itself.
            name: For :meth:`turbo.App.url_for`; the function's name if left out.

        Returns:
            A decorator that gives the function back unchanged.

        Raises:
            ConfigurationError: The path, a method or the status is malformed.
        """
        if isinstance(methods, str):
            raise ConfigurationError(
                f"route {path!r}: methods takes a list of names, e.g. methods=[{methods.upper()!r}]"
            )
        chosen = tuple(dict.fromkeys(str(method).upper() for method in methods))
        for method in chosen:
            if method not in METHODS:
                raise ConfigurationError(
                    f"route {path!r}: method {method!r} is not supported; "
                    f"use one of {', '.join(METHODS)}"
                )
        if not chosen:
            raise ConfigurationError(f"route {path!r}: methods is empty; name at least one")
        if not isinstance(path, str) or (path and not path.startswith("/")):
            raise ConfigurationError(f"route {path!r}: a path begins with '/'")
        if isinstance(status, bool) or not isinstance(status, int) or not 200 <= status <= 599:
            raise ConfigurationError(
                f"route {path!r}: status is a number from 200 to 599, not {status!r}"
            )

        def decorate(handler: F) -> F:
            if not callable(handler):
                raise ConfigurationError(
                    f"route {path!r}: a handler is a function, not {type(handler).__name__}"
                )
            self._entries.append(
                Route(chosen, path, handler, int(status), name or handler_name(handler))
            )
            return handler

        return decorate

    def get(self, path: str, *, status: int = 200, name: str | None = None) -> Callable[[F], F]:
        """Register the decorated function for GET (and HEAD); see :meth:`route`."""
        return self.route(path, ("GET",), status=status, name=name)

    def post(self, path: str, *, status: int = 200, name: str | None = None) -> Callable[[F], F]:
        """Register the decorated function for POST; see :meth:`route`."""
        return self.route(path, ("POST",), status=status, name=name)

    def put(self, path: str, *, status: int = 200, name: str | None = None) -> Callable[[F], F]:
        """Register the decorated function for PUT; see :meth:`route`."""
        return self.route(path, ("PUT",), status=status, name=name)

    def patch(self, path: str, *, status: int = 200, name: str | None = None) -> Callable[[F], F]:
        """Register the decorated function for PATCH; see :meth:`route`."""
        return self.route(path, ("PATCH",), status=status, name=name)

    def delete(self, path: str, *, status: int = 200, name: str | None = None) -> Callable[[F], F]:
        """Register the decorated function for DELETE; see :meth:`route`."""
        return self.route(path, ("DELETE",), status=status, name=name)

    def head(self, path: str, *, status: int = 200, name: str | None = None) -> Callable[[F], F]:
        """Register the decorated function for HEAD, in place of GET's; see :meth:`route`."""
        return self.route(path, ("HEAD",), status=status, name=name)

    def options(self, path: str, *, status: int = 200, name: str | None = None) -> Callable[[F], F]:
        """Register for OPTIONS, in place of the automatic answer; see :meth:`route`."""
        return self.route(path, ("OPTIONS",), status=status, name=name)

    def include(self, router: Router, prefix: str = "") -> None:
        """Take in all routes of ``router``, those added to it later too.

        Args:
            router: The group.
            prefix: Goes before its paths, and before its own prefix.

        Raises:
            ConfigurationError: The prefix is malformed, or the group contains this one.
        """
        if not isinstance(router, Router) or not router._includable:
            raise ConfigurationError(f"include() takes a turbo.Router, not {type(router).__name__}")
        if router._contains(self):
            raise ConfigurationError("include(): a router cannot be included into itself")
        self._entries.append((router, _checked_prefix(prefix)))

    def routes(self) -> Iterator[Route]:
        """Every route, included ones too, with its full path, in the order of registration.

        Raises:
            ConfigurationError: A full path is empty.
        """
        for entry in self._entries:
            if isinstance(entry, Route):
                path = self._prefix + entry.path
                if not path:
                    raise ConfigurationError(
                        f"handler {handler_name(entry.handler)!r}: its path is empty; "
                        "give the route a path or its router a prefix"
                    )
                yield entry._replace(path=path)
            else:
                router, prefix = entry
                for route in router.routes():
                    yield route._replace(path=self._prefix + prefix + route.path)

    def _size(self) -> int:
        """How many routes and inclusions there are; grows with every one that is added."""
        return sum(1 if isinstance(e, Route) else 1 + e[0]._size() for e in self._entries)

    def _contains(self, other: Router) -> bool:
        return self is other or any(
            entry[0]._contains(other) for entry in self._entries if not isinstance(entry, Route)
        )


def handler_name(handler: object) -> str:
    """The name by which messages and ``url_for`` know a handler."""
    while (inner := getattr(handler, "func", None)) is not None and callable(inner):
        handler = inner  # functools.partial
    name = getattr(handler, "__name__", None)
    return name if isinstance(name, str) else type(handler).__name__


def _checked_prefix(prefix: str) -> str:
    if prefix and (not prefix.startswith("/") or prefix.endswith("/")):
        raise ConfigurationError(
            f"prefix {prefix!r}: begin it with '/' and leave out the one at its end"
        )
    return prefix
