"""Bodies: bytes, JSON, dataclasses and TypedDicts."""

# ruff: noqa: UP045, PYI061 (the older spellings are tested too)

import dataclasses
import datetime as dt
import enum
import uuid
from typing import (
    Annotated,
    Any,
    Generic,
    Literal,
    NotRequired,
    Optional,
    Required,
    TypedDict,
    TypeVar,
)

import pytest
from turbo import App, ConfigurationError, HTTPError, Request
from turbo._compile import compile_routes
from turbo.testing import Client


class Color(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Tag:
    name: str
    weight: float = 1.0


@dataclasses.dataclass
class Item:
    name: str
    price: float
    description: str | None = None
    tags: list[Tag] = dataclasses.field(default_factory=list)
    parent: "Optional[Item]" = None
    color: Color = Color.RED
    code: int = dataclasses.field(default=0, kw_only=True)
    total: float = dataclasses.field(init=False, default=0.0)


@dataclasses.dataclass(frozen=True, slots=True)
class Checked:
    low: int
    high: int
    scale: dataclasses.InitVar[int] = 1

    def __post_init__(self, scale: int) -> None:
        if self.low > self.high:
            raise ValueError("low is above high")
        assert scale > 0, "scale is not positive"
        if scale == 99:
            raise HTTPError(418, "teapot")


class Point(TypedDict):
    x: int
    y: int
    label: NotRequired[str]


class Partial(TypedDict, total=False):
    a: Required[int]
    b: list[str]
    inner: Point


T = TypeVar("T")


@dataclasses.dataclass
class Page(Generic[T]):  # noqa: UP046
    items: list[T]
    size: int = 10


@dataclasses.dataclass
class NewPage[S]:
    items: dict[str, S]


def client_for(annotation: Any, default: Any = ...) -> Client:
    app = App()
    if default is ...:

        def handler(thing: annotation) -> str:
            return repr(thing)
    else:

        def handler(thing: annotation = default) -> str:
            return repr(thing)

    app.post("/")(handler)
    return Client(app)


@pytest.mark.parametrize(
    ("annotation", "value", "result"),
    [
        (dict, {"a": [1, None]}, {"a": [1, None]}),
        (list, [1, {"b": 2}], [1, {"b": 2}]),
        (dict[str, int], {"a": 1, "b": "2"}, {"a": 1, "b": 2}),
        (dict[int, float], {"1": 2}, {1: 2.0}),
        (list[dict], [{}], [{}]),
        (list[Tag], [{"name": "n"}], [Tag("n")]),
        (list[list[int]], [[1], ["2"]], [[1], [2]]),
        (tuple[int, dict], [1, {}], (1, {})),
        (set[tuple[int, ...]], [[1, 2], [1, 2]], {(1, 2)}),
        (Tag, {"name": "n", "weight": 2, "extra": 1}, Tag("n", 2.0)),
        (Optional[Tag], {"name": "n"}, Tag("n")),
        (Tag | dict, {"other": 1}, {"other": 1}),
        (Tag | Checked, {"low": 1, "high": 2}, Checked(1, 2)),
        (int | dict, 5, 5),
        (
            Item,
            {
                "name": "W",
                "price": 9.99,
                "tags": [{"name": "t"}],
                "parent": {"name": "p", "price": "1"},
                "color": "red",
                "code": 3,
                "total": 77,
            },
            Item("W", 9.99, None, [Tag("t")], Item("p", 1.0), code=3),
        ),
        (Checked, {"low": 1, "high": 2, "scale": 3}, Checked(1, 2)),
        (Point, {"x": 1, "y": 2, "z": 3}, {"x": 1, "y": 2}),
        (Point, {"x": 1, "y": 2, "label": "l"}, {"x": 1, "y": 2, "label": "l"}),
        (Partial, {"a": 1, "inner": {"x": 1, "y": 1}}, {"a": 1, "inner": {"x": 1, "y": 1}}),
        (Page[int], {"items": ["1", 2]}, Page([1, 2])),
        (Page[Tag], {"items": [{"name": "n"}]}, Page([Tag("n")])),
        (Page, {"items": ["1", {}]}, Page(["1", {}])),
        (NewPage[float], {"items": {"k": 1}}, NewPage({"k": 1.0})),
    ],
)
def test_json_bodies(annotation, value, result):
    answer = client_for(annotation).post("/", json=value)
    assert (answer.status, answer.text) == (200, repr(result))


FIELD_VALUES = [
    (int, 1, 1),
    (int, 1.0, 1),
    (int, True, 1),
    (int, "1", 1),
    (int, 1e30, int(1e30)),
    (float, 1, 1.0),
    (float, "1.5", 1.5),
    (float, False, 0.0),
    (bool, True, True),
    (bool, 1, True),
    (bool, 0.0, False),
    (bool, "off", False),
    (str, "s", "s"),
    (str, "", ""),
    (Any, [1], [1]),
    (None, None, None),
    (object, None, None),
    (Annotated[int, "note"], 1, 1),
    (Optional[int], None, None),
    (int | str, "1", "1"),
    (int | str, 1, 1),
    (int | float, 1.0, 1.0),
    (str | list[int], ["1"], [1]),
    (Literal["a", 1], 1, 1),
    (Literal["a", None], None, None),
    (Color, "red", Color.RED),
    (uuid.UUID, "12345678123456781234567812345678", uuid.UUID("12345678123456781234567812345678")),
    (dt.date, "2024-01-02", dt.date(2024, 1, 2)),
    (dt.date, "2024-01-02T00:00:00", dt.date(2024, 1, 2)),
]


@pytest.mark.parametrize(("annotation", "value", "result"), FIELD_VALUES)
def test_values_of_fields(annotation, value, result):
    kind = dataclasses.make_dataclass("Made", [("f", annotation)])
    answer = client_for(kind).post("/", json={"f": value})
    assert (answer.status, answer.text) == (200, repr(kind(result)))


BAD_FIELDS = [
    (
        int,
        1.5,
        "int_from_float",
        "Input should be a valid integer, got a number with a fractional part",
    ),
    (int, None, "int_type", "Input should be a valid integer"),
    (int, [], "int_type", "Input should be a valid integer"),
    (
        int,
        "x",
        "int_parsing",
        "Input should be a valid integer, unable to parse string as an integer",
    ),
    (float, None, "float_type", "Input should be a valid number"),
    (
        float,
        "x",
        "float_parsing",
        "Input should be a valid number, unable to parse string as a number",
    ),
    (bool, None, "bool_type", "Input should be a valid boolean"),
    (bool, 2, "bool_parsing", "Input should be a valid boolean, unable to interpret input"),
    (bool, 10**400, "bool_type", "Input should be a valid boolean"),
    (float, 10**400, "float_type", "Input should be a valid number"),
    (str, 1, "string_type", "Input should be a valid string"),
    (str, None, "string_type", "Input should be a valid string"),
    (None, 1, "none_required", "Input should be None"),
    (list[int], {}, "list_type", "Input should be a valid list"),
    (set[int], 1, "set_type", "Input should be a valid set"),
    (frozenset[int], 1, "frozen_set_type", "Input should be a valid frozenset"),
    (tuple[int, ...], 1, "tuple_type", "Input should be a valid tuple"),
    (
        tuple[int],
        [1, 2],
        "too_long",
        "Tuple should have at most 1 item after validation, not 2",
    ),
    (dict[str, int], [], "dict_type", "Input should be a valid dictionary"),
    (Point, [], "dict_type", "Input should be a valid dictionary"),
    (Tag, [], "dataclass_type", "Input should be a dictionary or an instance of Tag"),
    (Literal[1], True, "literal_error", "Input should be 1"),
    (Literal["a", "b"], "c", "literal_error", "Input should be 'a' or 'b'"),
    (Color, 1, "enum", "Input should be 'red'"),
    (Color, [], "enum", "Input should be 'red'"),
    (uuid.UUID, 1, "uuid_type", "UUID input should be a string, bytes or UUID object"),
    (dt.date, 1, "date_type", "Input should be a valid date"),
]


@pytest.mark.parametrize(("annotation", "value", "kind", "message"), BAD_FIELDS)
def test_bad_values_of_fields(annotation, value, kind, message):
    made = dataclasses.make_dataclass("Made", [("f", annotation)])
    answer = client_for(made).post("/", json={"f": value})
    assert answer.status == 422
    assert answer.json() == {"detail": [{"loc": ["body", "f"], "msg": message, "type": kind}]}


def test_all_errors_of_a_body_with_their_places():
    answer = client_for(Item).post(
        "/",
        json={
            "name": 5,
            "tags": [{"name": "ok"}, {"weight": "x"}, 3],
            "parent": {"name": "p", "price": None},
            "code": "z",
        },
    )
    assert [(error["loc"], error["type"]) for error in answer.json()["detail"]] == [
        (["body", "name"], "string_type"),
        (["body", "price"], "missing"),
        (["body", "tags", 1, "name"], "missing"),
        (["body", "tags", 1, "weight"], "float_parsing"),
        (["body", "tags", 2], "dataclass_type"),
        (["body", "parent", "price"], "float_type"),
        (["body", "code"], "int_parsing"),
    ]


def test_errors_of_keys_and_tuples():
    errors = client_for(dict[int, int]).post("/", json={"k": 1, "2": "v"}).json()["detail"]
    assert [error["loc"] for error in errors] == [["body", "k", "[key]"], ["body", "2"]]
    errors = client_for(tuple[int, dict, int]).post("/", json=["x", {}]).json()["detail"]
    assert [(error["loc"], error["type"]) for error in errors] == [
        (["body", 0], "int_parsing"),
        (["body", 2], "missing"),
    ]


@pytest.mark.parametrize("annotation", [set, set[Any], frozenset[list[int]]])
def test_items_of_sets_must_be_hashable(annotation):
    wrapped = dataclasses.make_dataclass("Made", [("f", annotation)])
    answer = client_for(wrapped).post("/", json={"f": [[1], [2]]})
    assert answer.json() == {
        "detail": [
            {
                "loc": ["body", "f", 0],
                "msg": "Set items should be hashable",
                "type": "set_item_not_hashable",
            }
        ]
    }


def test_typed_dict_errors():
    errors = client_for(Partial).post("/", json={"inner": {"x": "q"}}).json()["detail"]
    assert [(error["loc"], error["type"]) for error in errors] == [
        (["body", "a"], "missing"),
        (["body", "inner", "x"], "int_parsing"),
        (["body", "inner", "y"], "missing"),
    ]


def test_errors_of_a_union_name_its_members():
    errors = client_for(Tag | Checked).post("/", json={}).json()["detail"]
    assert [error["loc"] for error in errors] == [
        ["body", "Tag", "name"],
        ["body", "Checked", "low"],
        ["body", "Checked", "high"],
    ]


def test_what_the_constructor_refuses_is_an_error_of_the_request():
    client = client_for(Checked)
    assert client.post("/", json={"low": 2, "high": 1}).json() == {
        "detail": [
            {"loc": ["body"], "msg": "Value error, low is above high", "type": "value_error"}
        ]
    }
    answer = client.post("/", json={"low": 1, "high": 1, "scale": 0})
    assert answer.json()["detail"][0]["type"] == "assertion_error"
    assert answer.json()["detail"][0]["msg"].startswith("Assertion failed, scale is not positive")
    answer = client.post("/", json={"low": 1, "high": 1, "scale": 99})
    assert (answer.status, answer.json()) == (418, {"detail": "teapot"})


@pytest.mark.parametrize("body", [b"", b"null", b" null "])
def test_no_body(body):
    missing = {"detail": [{"loc": ["body"], "msg": "Field required", "type": "missing"}]}
    headers = {"content-type": "application/json"}
    answer = client_for(Tag).post("/", content=body, headers=headers)
    assert (answer.status, answer.json()) == (422, missing)
    assert client_for(Tag | None, None).post("/", content=body, headers=headers).text == "None"
    assert client_for(dict, {"d": 1}).post("/", content=body, headers=headers).text == "{'d': 1}"


@pytest.mark.parametrize("body", [b"{", b'{"a": 1,}', b"[1] x", b"\xff", b'{"a": NaN}', b"'a'"])
def test_what_is_not_json(body):
    answer = client_for(dict).post("/", content=body, headers={"content-type": "application/json"})
    assert answer.status == 422
    (error,) = answer.json()["detail"]
    assert (error["msg"], error["type"]) == ("JSON decode error", "json_invalid")
    assert error["loc"][0] == "body"
    assert isinstance(error["loc"][1], int)


def test_the_place_of_a_json_error():
    answer = client_for(dict).post("/", content=b'{"a": 1, b}')
    assert answer.json()["detail"][0]["loc"] == ["body", 9]


def test_deep_nesting_is_refused_not_a_crash():
    body = b'{"name":"n","price":1,"parent":' * 20_000
    answer = client_for(Item).post("/", content=body)
    assert answer.status == 422
    deep = b"[" * 100_000 + b"]" * 100_000
    assert client_for(list).post("/", content=deep).status == 422


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        (None, 200),
        ("application/json", 200),
        ("Application/JSON; charset=utf-8", 200),
        ("application/problem+json", 200),
        ("text/plain", 422),
        ("application/jsonx", 422),
        ("application/x-www-form-urlencoded", 422),
        ("application/+json", 422),
    ],
)
def test_content_types_of_json_bodies(content_type, status):
    headers = {} if content_type is None else {"content-type": content_type}
    answer = client_for(dict).post("/", content=b'{"a":1}', headers=headers)
    assert answer.status == status
    if status == 422:
        assert answer.json()["detail"][0]["type"] == "dict_type"


def test_raw_bodies():
    app = App()

    @app.post("/")
    def handler(body: bytes, data: dict, request: Request, n: int = 1) -> list[Any]:
        return [len(body), data, request.method, n]

    @app.put("/raw")
    def raw(anything: bytes) -> bytes:
        return anything[::-1]

    client = Client(app)
    assert client.post("/?n=2", content=b'{"a":1}').json() == [7, {"a": 1}, "POST", 2]
    assert client.put("/raw", content=bytes(range(256))).content == bytes(range(256))[::-1]
    assert client.put("/raw").content == b""
    large = bytes(1_000_000)
    assert client.put("/raw", content=large).content == large


def test_default_factories_are_called_for_each_request():
    app = App()

    @app.post("/")
    def handler(item: Item) -> int:
        item.tags.append(Tag("x"))
        return len(item.tags)

    client = Client(app)
    for _ in range(3):
        assert client.post("/", json={"name": "n", "price": 1}).json() == 1


class Strange:
    pass


@dataclasses.dataclass
class HasStrange:
    inner: list[Strange]


@dataclasses.dataclass(init=False)
class OwnConstructor:
    x: int

    def __init__(self, other: int) -> None:
        self.x = other


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (HasStrange, "has a field inner: .*Strange.* that is not understood"),
        (dict[str, Strange], "is not understood"),
        (OwnConstructor, "a constructor that does not take its fields in order"),
        (complex, "is not understood"),
    ],
)
def test_types_that_are_not_understood(annotation, words):
    app = App()

    @app.post("/")
    def handler(thing: annotation) -> None: ...

    with pytest.raises(ConfigurationError, match=words):
        compile_routes(app)
