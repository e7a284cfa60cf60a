"""Converters from JSON or text to the standard library's types, and the words of refusals."""

from __future__ import annotations

import datetime as dt
import decimal
import uuid
from collections.abc import Callable
from typing import Any, NamedTuple


class Converter(NamedTuple):
    """How a class is made from a plain value.

    ``convert`` raises TypeError for a value of a wrong type and ValueError for one that cannot be
    parsed; the two pairs are the error's type and message then (those of pydantic 2, which FastAPI
    shows). ``{}`` in the second message stands for the ValueError's own words.
    """

    convert: Callable[[Any], Any]
    wrong_type: tuple[str, str]
    unparsable: tuple[str, str]


_UUID_GROUPS = (8, 4, 4, 4, 12)


def _uuid(value: Any) -> uuid.UUID:
    if not isinstance(value, str):
        raise TypeError
    text = value.removeprefix("urn:uuid:")
    if text[:1] == "{" and text[-1:] == "}":
        text = text[1:-1]
    # uuid.UUID itself takes hyphens anywhere.
    for place, character in enumerate(text):
        if character not in "0123456789abcdefABCDEF-":
            raise ValueError(f"invalid character: found `{character}` at {place}")
    groups = text.split("-")
    if len(groups) == 1 and len(text) != sum(_UUID_GROUPS):
        raise ValueError(f"invalid length: found {len(text)}")
    if len(groups) not in (1, len(_UUID_GROUPS)):
        raise ValueError(f"invalid group count: expected 5, found {len(groups)}")
    for place, (group, size) in enumerate(zip(groups, _UUID_GROUPS, strict=False)):
        if len(groups) > 1 and len(group) != size:
            raise ValueError(
                f"invalid group length in group {place}: expected {size}, found {len(group)}"
            )
    return uuid.UUID(text)


def _decimal(value: Any) -> decimal.Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise TypeError
    try:
        return decimal.Decimal(str(value).strip())
    except decimal.InvalidOperation:
        raise ValueError from None


def _iso(kind: type[Any]) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        if not isinstance(value, str):
            raise TypeError
        return kind.fromisoformat(value.strip())

    return convert


def _date(value: Any) -> dt.date:
    if not isinstance(value, str):
        raise TypeError
    text = value.strip()
    if len(text) > 10:  # a datetime is a date if it is midnight, as in pydantic
        moment = dt.datetime.fromisoformat(text)
        if moment.timetz() != dt.time(tzinfo=moment.tzinfo):
            raise ValueError("the time of day is not zero")
        return moment.date()
    return dt.date.fromisoformat(text)


CONVERTERS: dict[type, Converter] = {
    uuid.UUID: Converter(
        _uuid,
        ("uuid_type", "UUID input should be a string, bytes or UUID object"),
        ("uuid_parsing", "Input should be a valid UUID, {}"),
    ),
    decimal.Decimal: Converter(
        _decimal,
        ("decimal_type", "Decimal input should be an integer, float, string or Decimal object"),
        ("decimal_parsing", "Input should be a valid decimal"),
    ),
    dt.datetime: Converter(
        _iso(dt.datetime),
        ("datetime_type", "Input should be a valid datetime"),
        ("datetime_from_date_parsing", "Input should be a valid datetime or date, {}"),
    ),
    dt.date: Converter(
        _date,
        ("date_type", "Input should be a valid date"),
        ("date_from_datetime_parsing", "Input should be a valid date or datetime, {}"),
    ),
    dt.time: Converter(
        _iso(dt.time),
        ("time_type", "Input should be a valid time"),
        ("time_parsing", "Input should be in a valid time format, {}"),
    ),
}
