"""Annotations to the plan that the binder validates by (pyembed/params/).

A plan is a tuple that begins with a word; see ``Plan`` below for all of them. Classes become a
list, made once for each class and filled afterwards, so that classes that contain themselves are
plans that contain themselves.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import enum
import functools
import inspect
import operator
import sys
import types
import typing
from collections.abc import Callable
from typing import Annotated, Any, Literal, Union

from turbo._convert import CONVERTERS

# ("any",) ("none",) ("int",) ("float",) ("bool",) ("str",)
# ("literal", values, expected)                      expected: "'a' or 'b'"
# ("enum", {value: member}, missing or None, expected)
# ("convert", callable, (type, message), (type, message))
# ("list" | "set" | "frozenset" | "tuple", item plan)
# ("fixed_tuple", (item plan, ...))
# ("dict", key plan, value plan)
# ("optional", plan)
# ("union", (plan, ...), (label, ...))
# ["dataclass", class, name, fields]                 fields: (name, plan, required, default, factory
# or None,                                                             keyword only), those by
# position first ["typeddict", name, fields]                        fields: (name, plan, required)
type Plan = tuple[Any, ...] | list[Any]

NO_DEFAULT = object()
"""Stands in a plan for the default of what has none."""

_SCALARS: dict[Any, Plan] = {
    Any: ("any",),
    object: ("any",),
    None: ("none",),
    types.NoneType: ("none",),
    int: ("int",),
    float: ("float",),
    bool: ("bool",),
    str: ("str",),
}
_ITERABLES: dict[Any, str] = {
    list: "list",
    collections.abc.Sequence: "list",
    collections.abc.MutableSequence: "list",
    collections.abc.Iterable: "list",
    collections.abc.Collection: "list",
    set: "set",
    collections.abc.Set: "set",
    collections.abc.MutableSet: "set",
    frozenset: "frozenset",
}
_MAPPINGS = (dict, collections.abc.Mapping, collections.abc.MutableMapping)


class NotUnderstoodError(Exception):
    """An annotation for which there is no plan; its message completes "annotation X ..."."""


def strip(annotation: Any) -> Any:
    """The annotation without ``Annotated``, ``Final`` and names of aliases."""
    while type(annotation) is not type:  # nearly all are classes
        if isinstance(annotation, typing.TypeAliasType):
            annotation = annotation.__value__
        elif isinstance(typing.get_origin(annotation), typing.TypeAliasType):
            origin = typing.get_origin(annotation)
            annotation = origin.__value__[typing.get_args(annotation)]
        elif (
            typing.get_origin(annotation) is Annotated
            or typing.get_origin(annotation) in _QUALIFIERS
        ):
            annotation = typing.get_args(annotation)[0]
        elif isinstance(annotation, typing.NewType):
            annotation = annotation.__supertype__
        elif isinstance(annotation, typing.TypeVar):
            choices = annotation.__constraints__ or (annotation.__bound__ or Any,)
            annotation = functools.reduce(operator.or_, choices)
        else:
            break
    return annotation


_QUALIFIERS = (typing.Final, typing.ClassVar, typing.Required, typing.NotRequired, typing.ReadOnly)


def signature_of(function: Callable[..., Any]) -> inspect.Signature:
    """inspect.signature, also where an annotation cannot be evaluated (PEP 649).

    Raises:
        TypeError, ValueError: As inspect.signature.
    """
    if sys.version_info >= (3, 14):
        import annotationlib

        return inspect.signature(function, annotation_format=annotationlib.Format.FORWARDREF)
    return inspect.signature(function)


def is_union(annotation: Any) -> bool:
    """``A | B``, ``Union[A, B]`` or ``Optional[A]``."""
    return typing.get_origin(annotation) in (Union, types.UnionType)


def describe(annotation: Any) -> str:
    """An annotation as a reader wrote it, more or less."""
    if isinstance(annotation, type) and not typing.get_args(annotation):
        return annotation.__qualname__
    return str(annotation).replace("typing.", "")


class SchemaBuilder:
    """Makes plans; classes are looked at once for each builder."""

    def __init__(self) -> None:
        self._classes: dict[Any, Plan] = {}

    def plan(self, annotation: Any) -> Plan:
        """The plan of an annotation.

        Raises:
            NotUnderstoodError: There is none.
        """
        annotation = strip(annotation)
        scalar = _SCALARS.get(annotation) if _hashable(annotation) else None
        if scalar is not None:
            return scalar
        origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
        if is_union(annotation):
            return self._union(arguments)
        if origin is Literal:
            return _literal(arguments)
        kind = origin or annotation
        if kind in _ITERABLES if _hashable(kind) else False:
            return (_ITERABLES[kind], self.plan(arguments[0] if arguments else Any))
        if kind is tuple:
            return self._tuple(arguments, bare=origin is None)
        if kind in _MAPPINGS:
            key, value = arguments or (Any, Any)
            return ("dict", self.plan(key), self.plan(value))
        if isinstance(kind, type):
            return self._class(annotation, kind, arguments)
        raise NotUnderstoodError("is not understood")

    def _class(self, annotation: Any, kind: type, arguments: tuple[Any, ...]) -> Plan:
        if kind in CONVERTERS:
            converter = CONVERTERS[kind]
            return ("convert", converter.convert, converter.wrong_type, converter.unparsable)
        if issubclass(kind, enum.Enum):
            return _enum(kind)
        if typing.is_typeddict(kind):
            return self._once(annotation, lambda: self._typed_dict(kind, arguments))
        if dataclasses.is_dataclass(kind):
            return self._once(annotation, lambda: self._dataclass(kind, arguments))
        raise NotUnderstoodError(
            "is not understood; use a standard type, a dataclass or a TypedDict, "
            "or take the turbo.Request and parse there"
        )

    def _once(self, annotation: Any, make: Callable[[], list[Any]]) -> Plan:
        known = self._classes.get(annotation)
        if known is None:
            known = self._classes[annotation] = []
            known.extend(make())
        return known

    def _union(self, members: tuple[Any, ...]) -> Plan:
        rest = [member for member in members if strip(member) not in (None, types.NoneType)]
        if not rest:
            return ("none",)
        if len(rest) == 1:
            inner = self.plan(rest[0])
        else:
            plans = tuple(self.plan(member) for member in rest)
            inner = ("union", plans, tuple(_label(plan) for plan in plans))
        return inner if len(rest) == len(members) else ("optional", inner)

    def _tuple(self, arguments: tuple[Any, ...], *, bare: bool) -> Plan:
        if bare:
            return ("tuple", ("any",))
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return ("tuple", self.plan(arguments[0]))
        return ("fixed_tuple", tuple(self.plan(argument) for argument in arguments))

    def _dataclass(self, kind: Any, arguments: tuple[Any, ...]) -> list[Any]:
        hints = _hints(kind, arguments)
        fields: list[tuple[Any, ...]] = []
        for field in kind.__dataclass_fields__.values():
            hint = hints[field.name]
            if isinstance(hint, dataclasses.InitVar):
                hint = hint.type
            elif (
                not field.init
                or typing.get_origin(hint) is typing.ClassVar
                or hint is typing.ClassVar
            ):
                continue
            factory = (
                None if field.default_factory is dataclasses.MISSING else field.default_factory
            )
            default = NO_DEFAULT if field.default is dataclasses.MISSING else field.default
            required = default is NO_DEFAULT and factory is None
            plan = self._field(kind, field.name, hint)
            fields.append((field.name, plan, required, default, factory, field.kw_only))
        fields.sort(key=lambda field: bool(field[5]))
        _check_constructor(kind, fields)
        return ["dataclass", kind, kind.__name__, tuple(fields)]

    def _typed_dict(self, kind: Any, arguments: tuple[Any, ...]) -> list[Any]:
        fields = []
        for name, hint in _hints(kind, arguments).items():
            required = name in kind.__required_keys__
            inner = hint
            # With string annotations __required_keys__ does not see these, so they count first.
            while typing.get_origin(inner) in (
                typing.Required,
                typing.NotRequired,
                typing.ReadOnly,
                Annotated,
            ):
                if typing.get_origin(inner) is typing.Required:
                    required = True
                elif typing.get_origin(inner) is typing.NotRequired:
                    required = False
                inner = typing.get_args(inner)[0]
            fields.append((name, self._field(kind, name, inner), required))
        return ["typeddict", kind.__name__, tuple(fields)]

    def _field(self, kind: type, name: str, hint: Any) -> Plan:
        try:
            return self.plan(hint)
        except NotUnderstoodError as error:
            raise NotUnderstoodError(f"has a field {name}: {describe(hint)} that {error}") from None


def _hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


def _hints(kind: Any, arguments: tuple[Any, ...]) -> dict[str, Any]:
    try:
        hints = typing.get_type_hints(kind, include_extras=True)
    except Exception as error:
        raise NotUnderstoodError(f"has an annotation that cannot be evaluated ({error})") from error
    parameters = getattr(kind, "__parameters__", ())
    if not parameters:
        return hints
    values = dict(zip(parameters, arguments or (Any,) * len(parameters), strict=False))
    return {name: _substitute(hint, values) for name, hint in hints.items()}


def _substitute(hint: Any, values: dict[Any, Any]) -> Any:
    """A field's type with the class' type parameters replaced."""
    if isinstance(hint, typing.TypeVar):
        return values.get(hint, Any)
    parameters = getattr(hint, "__parameters__", ())
    if not parameters or isinstance(hint, type):
        return hint
    return hint[tuple(values.get(parameter, Any) for parameter in parameters)]


def _check_constructor(kind: Any, fields: list[tuple[Any, ...]]) -> None:
    """The constructor takes the fields in this order: it may have been written by hand."""
    try:
        signature = signature_of(kind)
        signature.bind(*(0 for f in fields if not f[5]), **{f[0]: 0 for f in fields if f[5]})
    except (TypeError, ValueError):
        raise NotUnderstoodError("has a constructor that does not take its fields") from None
    positional = [f[0] for f in fields if not f[5]]
    if list(signature.parameters)[: len(positional)] != positional:
        raise NotUnderstoodError("has a constructor that does not take its fields in order")


def _literal(values: tuple[Any, ...]) -> Plan:
    return (
        "literal",
        values,
        _either([repr(v.value if isinstance(v, enum.Enum) else v) for v in values]),
    )


def _enum(kind: type[enum.Enum]) -> Plan:
    members = {member.value: member for member in kind if _hashable(member.value)}
    own: Any = kind._missing_
    standard: Any = enum.Enum._missing_
    custom = own.__func__ is not standard.__func__
    missing = kind if custom or len(members) < len(kind) or issubclass(kind, enum.Flag) else None
    return ("enum", members, missing, _either([repr(member.value) for member in kind]))


def _either(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _label(plan: Plan) -> str:
    """What stands in an error's location for the member of a union that refused the value."""
    word = str(plan[0])
    if word == "dataclass":
        return str(plan[2])
    if word == "typeddict":
        return str(plan[1])
    if word == "convert":
        return str(plan[2][0]).removesuffix("_type")
    return {"fixed_tuple": "tuple"}.get(word, word)
