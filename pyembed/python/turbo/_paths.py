"""Route patterns: their parameters, and paths built from them."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote

from turbo.errors import ConfigurationError

KINDS = ("str", "int", "float", "uuid", "path")
MAX_PARAMS = 16  # engine/router/router.h: kMaxPathParams

_STATIC_SAFE = "/:@!$&'()*+,;=~"
_PARAM = re.compile(r"\{([^{}]*)\}")


class Param(NamedTuple):
    """A parameter of a pattern: its name and one of ``KINDS``."""

    name: str
    kind: str


def parse_pattern(pattern: str) -> list[Param]:
    """The parameters of a pattern, in order.

    Raises:
        ConfigurationError: Braces, a name or a kind are malformed, or a name occurs twice.
    """
    params: list[Param] = []
    for match in _PARAM.finditer(pattern):
        name, colon, kind = match[1].partition(":")
        if not name.isidentifier():
            raise ConfigurationError(
                f"path {pattern!r}: {name!r} in braces is not a parameter name"
            )
        if colon and kind not in KINDS:
            raise ConfigurationError(
                f"path {pattern!r}: {{{name}:{kind}}} is of an unknown kind; "
                f"use one of {', '.join(KINDS)}"
            )
        if any(param.name == name for param in params):
            raise ConfigurationError(
                f"path {pattern!r}: parameter {name!r} occurs twice; rename one"
            )
        params.append(Param(name, kind or "str"))
    if set("{}") & set(_PARAM.sub("", pattern)):
        raise ConfigurationError(f"path {pattern!r}: a brace has no partner")
    if len(params) > MAX_PARAMS:
        raise ConfigurationError(f"path {pattern!r}: more than {MAX_PARAMS} parameters")
    return params


def shape(pattern: str) -> str:
    """The pattern without its parameters' names: equal if the same paths match."""
    return _PARAM.sub(lambda match: "{" + (match[1].partition(":")[2] or "str") + "}", pattern)


def build_path(pattern: str, values: Mapping[str, object]) -> str | None:
    """The pattern with values for its parameters; None if their names are not the pattern's.

    Raises:
        ValueError: A value does not fit its parameter.
    """
    params = parse_pattern(pattern)
    if {param.name for param in params} != values.keys():
        return None
    pieces = _PARAM.split(pattern)  # static text and what is in braces, in turns
    for place, param in enumerate(params):
        pieces[2 * place + 1] = _segment(param, values[param.name])
    pieces[::2] = [quote(text, safe=_STATIC_SAFE) for text in pieces[::2]]
    return "".join(pieces)


def _segment(param: Param, value: object) -> str:
    text = str(value)
    if param.kind == "int":
        int(text)
    elif param.kind == "float":
        float(text)
    elif param.kind == "uuid":
        uuid.UUID(text)
    elif param.kind == "path":
        return quote(text, safe=_STATIC_SAFE)
    if not text or "/" in text:
        raise ValueError(f"parameter {param.name!r} takes one path segment, not {text!r}")
    return quote(text, safe=":@!$&'()*+,;=~")
