"""Turbo's JSON beside the standard library's, on values and texts that hypothesis makes up."""

import collections
import dataclasses
import enum
import json
import math
import typing

import pytest
from _turbo import json_decode, json_encode
from hypothesis import example, given, settings
from hypothesis import strategies as st

# No lone surrogates: json.dumps gives text that cannot be encoded. They have tests of their own.
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
INTEGERS = st.integers() | st.integers(-(2**66), 2**66) | st.integers(-(10**300), 10**300)
FLOATS = st.floats(allow_nan=False, allow_infinity=False) | st.decimals(
    -(10**9), 10**9, places=4
).map(float)
SCALARS = st.none() | st.booleans() | INTEGERS | FLOATS | TEXT
KEYS = TEXT | INTEGERS | FLOATS | st.booleans() | st.none()


class Colour(enum.IntEnum):
    RED = 1
    BLUE = 2**70


class Name(enum.StrEnum):
    PLAIN = "plain"
    QUOTED = 'a "b" \n é'


class Pair(typing.NamedTuple):
    first: object
    second: object


VALUES = st.recursive(
    SCALARS | st.sampled_from([*Colour, *Name]),
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(KEYS, inner)
        | st.dictionaries(TEXT, inner).map(collections.OrderedDict)
        | st.builds(Pair, inner, inner)
    ),
    max_leaves=40,
)

# What JSON text can say and json.loads gives back.
DECODED = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=40
)


def dumps(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def refuse_constant(name):
    raise ValueError(name)


REFUSED = object()


def same(left, right):
    """Equality that tells 1 from 1.0 and True, and 0.0 from -0.0, and minds the order of keys."""
    return repr(left) == repr(right)


def has_surrogate(value):
    if isinstance(value, str):
        return any("\ud800" <= c <= "\udfff" for c in value)
    if isinstance(value, list | tuple):
        return any(map(has_surrogate, value))
    if isinstance(value, dict):
        return any(has_surrogate(k) or has_surrogate(v) for k, v in value.items())
    return False


@settings(max_examples=200, deadline=None)
@given(VALUES)
def test_encodes_as_dumps(value):
    assert json_encode(value) == dumps(value)


@settings(max_examples=200, deadline=None)
@given(TEXT)
def test_encodes_text_as_dumps(text):
    assert json_encode(text) == dumps(text)


@settings(max_examples=500, deadline=None)
@given(st.floats())
@example(2.0**-44)
@example(5e-324)
def test_encodes_floats_as_dumps(number):
    if math.isfinite(number):
        assert json_encode(number) == repr(number).encode()
        assert json_encode({number: number}) == dumps({number: number})
    else:
        with pytest.raises(ValueError, match="Out of range float values"):
            json_encode(number)
        with pytest.raises(ValueError, match="Out of range float values"):
            json_encode({number: 1})


@given(st.text(st.characters() | st.characters(categories=["Cs"])))
def test_encodes_lone_surrogates_as_escapes(text):
    encoded = json_encode(text)
    assert json.loads(encoded) == json.loads(json.dumps(text))
    assert (
        encoded
        == "".join(json.dumps(c, ensure_ascii=has_surrogate(c))[1:-1] for c in text)
        .join('""')
        .encode()
    )


@given(st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), DECODED, min_size=1))
def test_encodes_dataclasses_as_their_fields(fields):
    names = [f"f_{name}" for name in fields]
    made = dataclasses.make_dataclass("Made", names)
    assert json_encode([made(*fields.values())]) == dumps(
        [dict(zip(names, fields.values(), strict=True))]
    )


@settings(max_examples=200, deadline=None)
@given(DECODED, st.booleans(), st.sampled_from([None, 0, 3]))
def test_decodes_as_loads(value, ensure_ascii, indent):
    text = json.dumps(value, ensure_ascii=ensure_ascii, indent=indent)
    assert same(json_decode(text.encode()), json.loads(text))


@settings(max_examples=200, deadline=None)
@given(DECODED)
def test_decodes_what_it_encodes(value):
    assert same(json_decode(json_encode(value)), json.loads(dumps(value)))


@settings(max_examples=500, deadline=None)
@given(
    st.text('[]{}",:.0123456789eE+-\\u \t\ntruefalsn\ud7ffé')
    | st.lists(
        st.sampled_from(
            [
                *'[]{},:"',
                "1",
                "-0",
                "1e400",
                "0.1",
                '"a"',
                "null",
                "true",
                "\\ud83d",
                "\\ude00",
                " ",
            ]
        )
    ).map("".join)
)
@example('"\\ud83d\\ude00"')
@example('"\\ud83d"')
@example("[1,]")
@example("NaN")
@example("-Infinity")
def test_accepts_what_loads_accepts(text):
    strings = []

    def keep(pairs):
        strings.extend(pairs)  # those too that a duplicate key hides
        return dict(pairs)

    try:
        expected = json.loads(text, parse_constant=refuse_constant, object_pairs_hook=keep)
    except ValueError:
        expected = REFUSED
    if has_surrogate(expected) or any(map(has_surrogate, strings)):
        expected = REFUSED
    if expected is REFUSED:
        with pytest.raises(ValueError, match=r"at byte|set_int_max_str_digits"):
            json_decode(text.encode())
    else:
        assert same(json_decode(text.encode()), expected)


@settings(max_examples=200, deadline=None)
@given(st.binary())
def test_bytes_give_a_value_or_an_error(data):
    try:
        text = data.decode()
        expected = json.loads(text, parse_constant=refuse_constant)
    except ValueError:
        with pytest.raises(ValueError, match=r"."):
            json_decode(data)
    else:
        assert same(json_decode(data), expected)
