"""A mutable, case-insensitive view of a list of header fields."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, MutableMapping

__all__ = ["MutableHeaders"]

# RFC 9110 section 5.6.2 (token) and 5.5 (field values: no CR, LF or NUL; other controls are refused
# as well).
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def checked_field(name: str, value: str) -> tuple[str, str]:
    """A header field that may be sent.

    Args:
        name: The field's name.
        value: Its value; anything but a string is converted with ``str``.

    Returns:
        Both, as strings; surrounding white space of the value is removed.

    Raises:
        TypeError: The name is not a string.
        ValueError: The name is not a token, or the value holds CR, LF, NUL, another control
            character or something that Latin-1 and UTF-8 cannot carry.
    """
    if not isinstance(name, str):
        raise TypeError(f"header names are str, not {type(name).__name__}")
    if not _TOKEN.fullmatch(name):
        raise ValueError(f"invalid header name {name!r}")
    text = value if isinstance(value, str) else str(value)
    if _FORBIDDEN.search(text):
        raise ValueError(
            f"header {name!r} holds a control character (CR, LF and the like are refused)"
        )
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"header {name!r} holds a lone surrogate") from error
    return name, text.strip(" \t")


class MutableHeaders(MutableMapping[str, str]):
    """Header fields by name, whatever the case; a name may occur more than once.

    ``headers[name] = value`` replaces every field of that name; :meth:`append` adds one more.
    """

    __slots__ = ("_fields",)

    def __init__(self, fields: list[tuple[str, str]]) -> None:
        self._fields = fields

    def __getitem__(self, name: str) -> str:
        wanted = name.lower()
        for key, value in self._fields:
            if key.lower() == wanted:
                return value
        raise KeyError(name)

    def __setitem__(self, name: str, value: str) -> None:
        field = checked_field(name, value)
        wanted = name.lower()
        for place, (key, _) in enumerate(self._fields):
            if key.lower() == wanted:
                rest = [item for item in self._fields[place + 1 :] if item[0].lower() != wanted]
                self._fields[place:] = [field, *rest]
                return
        self._fields.append(field)

    def __delitem__(self, name: str) -> None:
        wanted = name.lower()
        kept = [item for item in self._fields if item[0].lower() != wanted]
        if len(kept) == len(self._fields):
            raise KeyError(name)
        self._fields[:] = kept

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and any(key.lower() == name.lower() for key, _ in self._fields)

    def __iter__(self) -> Iterator[str]:
        seen = set()
        for key, _ in self._fields:
            if key.lower() not in seen:
                seen.add(key.lower())
                yield key

    def __len__(self) -> int:
        return len({key.lower() for key, _ in self._fields})

    def __repr__(self) -> str:
        return f"MutableHeaders({self._fields!r})"

    def append(self, name: str, value: str) -> None:
        """Add one field, whether or not there are others of its name.

        Raises:
            ValueError: The field may not be sent (see :class:`turbo.Response`).
        """
        self._fields.append(checked_field(name, value))

    def getlist(self, name: str) -> list[str]:
        """The values of all fields of this name, in order; empty if there is none."""
        wanted = name.lower()
        return [value for key, value in self._fields if key.lower() == wanted]

    def multi_items(self) -> list[tuple[str, str]]:
        """Every field, in order, duplicates included."""
        return list(self._fields)

    def extend(self, headers: Mapping[str, str] | Iterable[tuple[str, str]]) -> None:
        """Append all of ``headers``, keeping duplicates.

        Raises:
            ValueError: A field may not be sent.
        """
        items = headers.items() if isinstance(headers, Mapping) else headers
        self._fields.extend([checked_field(name, value) for name, value in items])
