"""Properties of the binding of arguments: what a client sends is a value or a 422, never a 500."""

import dataclasses
import enum
import json
import math
import uuid
from typing import Any, Literal, NotRequired, TypedDict
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from turbo import App
from turbo.testing import Client, TestResponse

# Text that UTF-8 can carry.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


class Color(enum.Enum):
    RED = "red"
    TWO = 2


class Detail(TypedDict):
    a: int
    b: NotRequired[list[float]]


@dataclasses.dataclass
class Tree:
    name: str
    weight: float | None = None
    color: Color | Literal["none", 7] = "none"
    detail: Detail | dict[int, bool] | None = None
    ids: tuple[uuid.UUID, int] | set[int] | None = None
    children: list["Tree"] = dataclasses.field(default_factory=list)


def tree_like(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Objects that look like a Tree in most of their fields."""
    values = {
        "name": TEXT | JSON,
        "weight": st.floats(allow_nan=False, allow_infinity=False) | JSON,
        "color": st.sampled_from(["red", 2, "none", 7]) | JSON,
        "detail": st.fixed_dictionaries({}, optional={"a": JSON, "b": JSON, "1": JSON}),
        "ids": st.lists(st.uuids().map(str) | st.integers() | JSON, max_size=3),
        "children": st.lists(inner, max_size=2),
    }
    return st.fixed_dictionaries({}, optional=values)


TREES = st.recursive(tree_like(JSON), tree_like, max_leaves=4)

app = App()


@app.post("/tree")
def take_tree(tree: Tree) -> dict[str, Any]:
    return {"name": tree.name, "depth": depth(tree)}


def depth(tree: Tree) -> int:
    assert type(tree) is Tree
    assert type(tree.name) is str
    assert tree.weight is None or type(tree.weight) is float
    assert isinstance(tree.color, Color) or tree.color in ("none", 7)
    assert tree.ids is None or type(tree.ids) in (tuple, set)
    return 1 + max((depth(child) for child in tree.children), default=0)


@app.post("/raw")
def take_json(value: dict | list) -> Any:
    return {"value": value}


@app.get("/text")
def take_text(x: str, l: list[str] | None = None) -> list[Any]:  # noqa: E741
    return [x, l]


@app.get("/numbers/{i}/{f}")
def take_numbers(i: int, f: float, b: bool, j: int = 0) -> list[Any]:
    return [str(i), repr(f), b, j]


@app.get("/fuzz/{p}")
def take_anything(
    p: int | uuid.UUID,
    a: int | None = None,
    b: bool = False,
    c: Color | None = None,
    d: list[int] | None = None,
    e: Literal["x", 1, True] = "x",
    f: float = 0.0,
    s: str = "",
) -> str:
    return "bound"


@pytest.fixture(scope="module")
def client() -> Client:
    return Client(app)


def is_answer_or_refusal(answer: TestResponse) -> bool:
    if answer.status == 200:
        return True
    assert answer.status == 422, answer.text
    for error in answer.json()["detail"]:
        assert set(error) == {"loc", "msg", "type"}
        assert error["loc"][0] in ("path", "query", "body")
        assert all(type(part) in (str, int) for part in error["loc"])
        assert error["msg"]
        assert error["type"].replace("_", "a").isalpha()
    return False


@settings(deadline=None, max_examples=150)
@given(TREES)
def test_any_object_is_a_tree_or_refused(client: Client, value: Any) -> None:
    answer = client.post("/tree", json=value)
    if is_answer_or_refusal(answer):
        assert answer.json()["name"] == value["name"]


@settings(deadline=None, max_examples=100)
@given(JSON)
def test_json_passes_through_unchanged(client: Client, value: Any) -> None:
    answer = client.post("/raw", content=json.dumps(value))
    if is_answer_or_refusal(answer):
        assert answer.json() == {"value": value}
    else:
        assert not isinstance(value, (dict, list))


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=60))
def test_any_bytes_are_json_or_refused(client: Client, body: bytes) -> None:
    is_answer_or_refusal(client.post("/tree", content=body))


@settings(deadline=None, max_examples=100)
@given(TEXT, st.lists(TEXT, max_size=4))
def test_text_comes_through_the_query(client: Client, x: str, values: list[str]) -> None:
    answer = client.get("/text", params={"x": x, "l": values})
    assert answer.json() == [x, values or None]


@settings(deadline=None, max_examples=100)
@given(st.integers(), st.floats(), st.booleans(), st.integers(-(10**9), 10**9))
def test_numbers_come_through_path_and_query(
    client: Client, i: int, f: float, b: bool, j: int
) -> None:
    answer = client.get(f"/numbers/{i}/{f!r}", params={"b": b, "j": f" {j} "})
    assert answer.status == 200, answer.text
    assert answer.json() == [str(i), repr(f), b, j] or math.isnan(f)


@settings(deadline=None, max_examples=200)
@given(
    st.binary(min_size=1, max_size=12),
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b", "c", "d", "e", "f", "s", "z"]),
            st.binary(max_size=10) | st.sampled_from([b"1", b"true", b"red", b"x", b"1e400"]),
        ),
        max_size=6,
    ),
    st.booleans(),
)
def test_any_path_and_query_is_bound_or_refused(
    client: Client, path: bytes, pairs: list[tuple[str, bytes]], raw: bool
) -> None:
    def text(value: bytes) -> str:
        # Undecodable and broken escapes too: everything that a request line may hold.
        if raw:
            return "".join(chr(c) for c in value if 0x21 <= c < 0x7F and c not in b"#?/")
        return quote(value, safe="")

    query = "&".join(f"{name}={text(value)}" for name, value in pairs)
    target = f"/fuzz/{text(path)}?{query}"
    answer = client.get(target)
    if answer.status not in (400, 404, 307):
        is_answer_or_refusal(answer)
