"""Path and query parameters: every kind of annotation, and what is said about a bad value."""

# ruff: noqa: UP007, UP045 (the older spellings are tested too)

import datetime as dt
import decimal
import enum
import uuid
from typing import Annotated, Any, Literal, Optional, Union

import pytest
from turbo import App, ConfigurationError
from turbo.testing import Client


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Tolerant(enum.Enum):
    A = "a"

    @classmethod
    def _missing_(cls, value: object) -> "Tolerant | None":
        return cls.A if value == "alpha" else None


type Count = int
UID = "12345678-1234-5678-1234-567812345678"


def client_for(annotation: Any, default: Any = ..., path: str = "/q") -> Client:
    """A client of a handler that tells the repr of its parameter `x`."""
    app = App()
    if default is ...:

        def handler(x: annotation) -> str:
            return repr(x)
    else:

        def handler(x: annotation = default) -> str:
            return repr(x)

    app.get(path)(handler)
    return Client(app)


ACCEPTED = [
    (int, "7", 7),
    (int, "-7", -7),
    (int, "%2B7", 7),
    (int, "%207%20", 7),
    (int, "1_000", 1000),
    (int, "7.00", 7),
    (int, "0007", 7),
    (int, "9223372036854775808", 9223372036854775808),
    (int, "-" + "9" * 60, -int("9" * 60)),
    (Count, "7", 7),
    (Annotated[int, "a note"], "7", 7),
    (float, "1.5", 1.5),
    (float, "1e3", 1000.0),
    (float, "-0", -0.0),
    (float, "7", 7.0),
    (float, "inf", float("inf")),
    (float, "%2B1.5", 1.5),
    (bool, "true", True),
    (bool, "TRUE", True),
    (bool, "t", True),
    (bool, "yes", True),
    (bool, "Y", True),
    (bool, "on", True),
    (bool, "1", True),
    (bool, "false", False),
    (bool, "f", False),
    (bool, "No", False),
    (bool, "n", False),
    (bool, "OFF", False),
    (bool, "0", False),
    (str, "", ""),
    (str, "a+b%20c", "a b c"),
    (str, "%E2%82%AC%F0%9F%98%80", "\u20ac\U0001f600"),
    (str, "%zz%4", "%zz%4"),
    (str, "a=b", "a=b"),
    (Any, "x", "x"),
    (Optional[int], "7", 7),
    (int | None, "7", 7),
    (Union[int, str], "7", "7"),
    (Union[int, float], "1.5", 1.5),
    (Literal["a", "b"], "b", "b"),
    (Literal[1, 2], "2", 2),
    (Literal[True, "maybe"], "yes", True),
    (Literal[Color.RED], "red", Color.RED),
    (Color, "blue", Color.BLUE),
    (Level, "2", Level.HIGH),
    (Tolerant, "alpha", Tolerant.A),
    (uuid.UUID, UID, uuid.UUID(UID)),
    (uuid.UUID, UID.replace("-", ""), uuid.UUID(UID)),
    (uuid.UUID, f"urn:uuid:{UID}", uuid.UUID(UID)),
    (uuid.UUID, f"%7B{UID}%7D", uuid.UUID(UID)),
    (decimal.Decimal, "1.50", decimal.Decimal("1.50")),
    (dt.date, "2024-02-29", dt.date(2024, 2, 29)),
    (dt.datetime, "2024-02-29T01:02:03Z", dt.datetime(2024, 2, 29, 1, 2, 3, tzinfo=dt.UTC)),
    (dt.time, "01:02", dt.time(1, 2)),
]


@pytest.mark.parametrize(("annotation", "text", "value"), ACCEPTED)
def test_query_values(annotation, text, value):
    answer = client_for(annotation).get(f"/q?x={text}")
    assert (answer.status, answer.text) == (200, repr(value))


@pytest.mark.parametrize(("annotation", "text", "value"), [a for a in ACCEPTED if a[1]])
def test_path_values(annotation, text, value):
    # In a path '+' stands for itself.
    text = text.replace("+", "%20").replace("%zz%4", "%25zz%254")
    answer = client_for(annotation, path="/p/{x}").get(f"/p/{text}")
    assert (answer.status, answer.text) == (200, repr(value))


INT = "Input should be a valid integer, unable to parse string as an integer"
FLOAT = "Input should be a valid number, unable to parse string as a number"
BOOL = "Input should be a valid boolean, unable to interpret input"
UNICODE = "Input should be a valid string, unable to parse raw data as a unicode string"

REFUSED = [
    (int, "x", "int_parsing", INT),
    (int, "", "int_parsing", INT),
    (int, "1.5", "int_parsing", INT),
    (int, "1__0", "int_parsing", INT),
    (int, "_1", "int_parsing", INT),
    (int, "1_", "int_parsing", INT),
    (int, "--1", "int_parsing", INT),
    (int, "0x10", "int_parsing", INT),
    (int, "%00", "int_parsing", INT),
    (int, "1%00", "int_parsing", INT),
    (
        int,
        "9" * 5000,
        "int_parsing_size",
        "Unable to parse input string as an integer, exceeded maximum size",
    ),
    (int, "%ff", "int_parsing", INT),
    (float, "x", "float_parsing", FLOAT),
    (float, "", "float_parsing", FLOAT),
    (float, "1.5.2", "float_parsing", FLOAT),
    (float, "%ff", "float_parsing", FLOAT),
    (bool, "maybe", "bool_parsing", BOOL),
    (bool, "", "bool_parsing", BOOL),
    (bool, "2", "bool_parsing", BOOL),
    (str, "%ff", "string_unicode", UNICODE),
    (Optional[int], "x", "int_parsing", INT),
    (Literal["a"], "b", "literal_error", "Input should be 'a'"),
    (Literal["a", "b", 3], "c", "literal_error", "Input should be 'a', 'b' or 3"),
    (Color, "green", "enum", "Input should be 'red' or 'blue'"),
    (Level, "3", "enum", "Input should be 1 or 2"),
    (Tolerant, "beta", "enum", "Input should be 'a'"),
    (
        uuid.UUID,
        "xyz",
        "uuid_parsing",
        "Input should be a valid UUID, invalid character: found `x` at 0",
    ),
    (
        uuid.UUID,
        "12",
        "uuid_parsing",
        "Input should be a valid UUID, invalid length: found 2",
    ),
    (
        uuid.UUID,
        UID + "-",
        "uuid_parsing",
        "Input should be a valid UUID, invalid group count: expected 5, found 6",
    ),
    (
        uuid.UUID,
        UID[1:],
        "uuid_parsing",
        "Input should be a valid UUID, invalid group length in group 0: expected 8, found 7",
    ),
    (decimal.Decimal, "x", "decimal_parsing", "Input should be a valid decimal"),
]


@pytest.mark.parametrize(("annotation", "text", "kind", "message"), REFUSED)
def test_bad_query_values(annotation, text, kind, message):
    answer = client_for(annotation).get(f"/q?x={text}")
    assert answer.status == 422
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"detail": [{"loc": ["query", "x"], "msg": message, "type": kind}]}


@pytest.mark.parametrize(
    ("annotation", "text", "kind"),
    [(int, "x", "int_parsing"), (bool, "2", "bool_parsing"), (Color, "green", "enum")],
)
def test_bad_path_values(annotation, text, kind):
    answer = client_for(annotation, path="/p/{x}").get(f"/p/{text}")
    assert answer.status == 422
    (error,) = answer.json()["detail"]
    assert (error["loc"], error["type"]) == (["path", "x"], kind)


def test_the_last_of_several_values_counts_for_a_scalar():
    assert client_for(int).get("/q?x=1&x=2&y=5&x=3").text == "3"


@pytest.mark.parametrize("annotation", [int, str, list[int], Optional[int], dt.date])
def test_a_required_parameter_that_is_missing(annotation):
    answer = client_for(annotation).get("/q?y=1")
    assert answer.status == 422
    assert answer.json() == {
        "detail": [{"loc": ["query", "x"], "msg": "Field required", "type": "missing"}]
    }


@pytest.mark.parametrize(
    ("annotation", "default"),
    [(int, 10), (str, "d"), (Optional[int], None), (list[int], [4]), (Color, Color.RED)],
)
def test_defaults_are_used_as_they_are(annotation, default):
    assert client_for(annotation, default).get("/q").text == repr(default)


@pytest.mark.parametrize(
    ("annotation", "query", "value"),
    [
        (list[int], "x=1&x=2&x=3", [1, 2, 3]),
        (list[str], "x=a&y=b&x=c+d", ["a", "c d"]),
        (list[str], "x=", [""]),
        (list[int] | None, "x=1", [1]),
        (set[int], "x=1&x=1", {1}),
        (frozenset[str], "x=a", frozenset({"a"})),
        (tuple[int, ...], "x=1&x=2", (1, 2)),
        (tuple[int, str], "x=1&x=2", (1, "2")),
        (list[Color], "x=red&x=blue", [Color.RED, Color.BLUE]),
        (list[bool], "x=on&x=off", [True, False]),
    ],
)
def test_several_values_of_a_name(annotation, query, value):
    answer = client_for(annotation).get(f"/q?{query}")
    assert (answer.status, answer.text) == (200, repr(value))


def test_an_error_in_a_list_says_which():
    errors = client_for(list[int]).get("/q?x=1&x=b&x=3&x=d").json()["detail"]
    assert [error["loc"] for error in errors] == [["query", "x", 1], ["query", "x", 3]]


def test_an_error_of_a_union_says_what_was_tried():
    errors = client_for(Union[int, float]).get("/q?x=z").json()["detail"]
    assert [(e["loc"], e["type"]) for e in errors] == [
        (["query", "x", "int"], "int_parsing"),
        (["query", "x", "float"], "float_parsing"),
    ]


def test_all_errors_are_told_and_the_handler_is_not_called():
    app = App()
    called = []

    @app.post("/{a}/{b}")
    def handler(a: int, c: bool, b: float, d: str, body: dict[str, int]) -> None:
        called.append(1)

    answer = Client(app).post("/x/y?c=z", json={"k": "v"})
    assert answer.status == 422
    assert [error["loc"] for error in answer.json()["detail"]] == [
        ["path", "a"],
        ["path", "b"],
        ["query", "c"],
        ["query", "d"],
        ["body", "k"],
    ]
    assert not called


def test_kinds_of_the_pattern_are_404_and_convert_without_annotation():
    app = App()
    app.get("/int/{x:int}")(lambda x: repr(x))
    app.get("/float/{x:float}")(lambda x: repr(x))
    app.get("/uuid/{x:uuid}")(lambda x: repr(x))
    app.get("/path/{x:path}")(lambda x: repr(x))
    app.get("/str/{x}")(lambda x: repr(x))

    @app.get("/text/{x:int}")
    def as_text(x: str) -> str:
        return repr(x)

    client = Client(app)
    assert client.get("/int/7").text == "7"
    assert client.get("/int/" + "9" * 40).text == "9" * 40
    assert client.get("/int/x").status == 404
    assert client.get("/float/1.5").text == "1.5"
    assert client.get("/float/x").status == 404
    assert client.get(f"/uuid/{UID}").text == repr(uuid.UUID(UID))
    assert client.get("/uuid/7").status == 404
    assert client.get("/path/a/b/c").text == "'a/b/c'"
    assert client.get("/str/a%2Fb%20c").text == "'a/b c'"
    assert client.get("/text/007").text == "'007'"


def test_encoded_and_unicode_names():
    app = App()

    @app.get("/q")
    def handler(größe: int, a_b: int = 0) -> list[int]:  # noqa: PLC2401
        return [größe, a_b]

    client = Client(app)
    assert client.get("/q?gr%C3%B6%C3%9Fe=5&a%5Fb=6").json() == [5, 6]
    assert client.get("/q?gr%c3%b6%c3%9fe=5").json() == [5, 0]


def test_a_missing_name_in_an_annotation_is_refused():
    app = App()

    @app.get("/q")
    def handler(x: NoSuchName) -> None: ...  # noqa: F821

    with pytest.raises(ConfigurationError, match=r"cannot be evaluated \(NameError: .*NoSuchName"):
        Client(app)


def test_a_missing_name_in_what_a_handler_returns_does_not_matter():
    app = App()

    @app.get("/q")
    def handler(x: int) -> NoSuchName:  # noqa: F821
        return x

    assert Client(app).get("/q?x=4").text == "4"


def test_many_parameters():
    names = [f"p{i}" for i in range(64)]
    app = App()
    namespace: dict[str, Any] = {}
    exec(
        f"def handler({', '.join(f'{n}: int = {i}' for i, n in enumerate(names))}): "
        f"return [{', '.join(names)}]",
        namespace,
    )
    app.get("/q")(namespace["handler"])
    client = Client(app)
    assert client.get("/q").json() == list(range(64))
    query = "&".join(f"{n}={i * 2}" for i, n in reversed(list(enumerate(names))))
    assert client.get(f"/q?{query}").json() == [i * 2 for i in range(64)]
    errors = client.get("/q?" + query.replace("=", "=x")).json()["detail"]
    assert len(errors) == 64
