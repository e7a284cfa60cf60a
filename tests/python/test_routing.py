"""What an application may register, and what is refused while it is loaded."""

from __future__ import annotations

import functools
import uuid
from typing import TYPE_CHECKING, Any

import pytest
import turbo
from turbo import App, ConfigurationError, Request, Router
from turbo._compile import compile_routes
from turbo.testing import Client

if TYPE_CHECKING:
    from nowhere import OnlyForTypeCheckers


def compiled(app: App):
    return compile_routes(app).routes


def refusal(handler: Any, path: str = "/x") -> str:
    app = App()
    app.get(path)(handler)
    with pytest.raises(ConfigurationError) as caught:
        compile_routes(app)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_every_decorator_registers_its_method():
    app = App()
    for method in ("get", "post", "put", "patch", "delete", "head", "options"):

        @getattr(app, method)(f"/{method}")
        def handler() -> None: ...

        assert handler() is None  # given back unchanged
    assert [spec.method_names for spec in compiled(app)] == [
        ("GET",),
        ("POST",),
        ("PUT",),
        ("PATCH",),
        ("DELETE",),
        ("HEAD",),
        ("OPTIONS",),
    ]


def test_methods_status_and_name_reach_the_route():
    app = App()

    @app.route("/a", methods=["get", "POST", "get"], status=202, name="first")
    def handler() -> None: ...

    (spec,) = compiled(app)
    assert (spec.method_names, spec.status, spec.name) == (("GET", "POST"), 202, "first")
    assert spec.handler is handler


@pytest.mark.parametrize(
    ("register", "words"),
    [
        (lambda app: app.get("users"), "begins with '/'"),
        (lambda app: app.route("/", methods=[]), "methods is empty"),
        (lambda app: app.route("/", methods="GET"), "list of names"),
        (lambda app: app.route("/", methods=["BREW"]), "BREW"),
        (lambda app: app.get("/", status=99), "200 to 599"),
        (lambda app: app.get("/", status=True), "200 to 599"),
        (lambda app: app.get("/")(3), "a handler is a function"),
        (lambda app: app.include(Router(), prefix="x"), "begin it with '/'"),
        (lambda app: app.include(Router(), prefix="/x/"), "leave out"),
        (lambda app: app.include(App()), "takes a turbo.Router, not App"),
        (lambda app: app.include("router"), "takes a turbo.Router"),
        (lambda app: app.exception_handler(404), "class of exceptions"),
        (lambda app: app.on_startup(None), "without parentheses"),
        (lambda app: App(trailing_slash="maybe"), "trailing_slash"),
    ],
)
def test_malformed_registrations_are_refused_at_once(register, words):
    with pytest.raises(ConfigurationError, match=words):
        register(App())


def test_routers_nest_and_later_routes_count():
    app, users, admin = App(), Router(prefix="/users"), Router()
    app.include(users, prefix="/v1")
    users.include(admin, prefix="/admin")

    @users.get("")
    def everybody() -> None: ...

    @users.get("/{user_id}")
    def one(user_id: int) -> None: ...

    @admin.post("/{user_id}/ban")
    def ban(user_id: int) -> None: ...

    assert sorted(spec.pattern for spec in compiled(app)) == [
        "/v1/users",
        "/v1/users/admin/{user_id}/ban",
        "/v1/users/{user_id}",
    ]


def test_a_router_may_be_included_twice():
    app, router = App(), Router()
    router.get("/x")(lambda: None)
    app.include(router, prefix="/a")
    app.include(router, prefix="/b")
    assert [spec.pattern for spec in compiled(app)] == ["/a/x", "/b/x"]


def test_routers_cannot_go_in_circles():
    outer, inner = Router(), Router()
    outer.include(inner)
    with pytest.raises(ConfigurationError, match="into itself"):
        inner.include(outer)


def test_a_route_without_path_or_prefix_is_refused():
    assert "path is empty" in refusal(lambda: None, "")


def test_the_same_route_twice_is_refused_and_both_handlers_named():
    app = App()

    @app.get("/users/{user_id}")
    def first(user_id: int) -> None: ...

    @app.get("/users/{name}")
    def second(name: str) -> None: ...

    with pytest.raises(ConfigurationError, match=r"'second'.*/users/\{user_id\}.*'first'"):
        compile_routes(app)


def test_same_path_with_another_method_or_shape_is_fine():
    app = App()
    app.get("/a/{x}")(lambda x: x)
    app.post("/a/{x}")(lambda x: x)
    app.get("/a/{x:int}")(lambda x: x)
    assert len(compiled(app)) == 3


class Unknown:
    pass


async def coroutine_function() -> None: ...


async def async_generator():
    yield 1


class AsyncCallable:
    async def __call__(self) -> None: ...


@pytest.mark.parametrize(
    ("handler", "words"),
    [
        (
            coroutine_function,
            "'coroutine_function' of GET /x is a coroutine function; asynchronous",
        ),
        (functools.partial(coroutine_function), "make it `def`"),
        (AsyncCallable(), "'AsyncCallable' of GET /x is a coroutine function"),
        (async_generator, "an async generator function"),
        (lambda *rest: None, r"\*rest is not supported"),
        (lambda **rest: None, r"\*\*rest is not supported"),
    ],
)
def test_handlers_that_cannot_be_called_are_refused(handler, words):
    import re

    assert re.search(words if "\\" in words else re.escape(words), refusal(handler))


def test_annotations_that_are_not_understood_are_refused():
    def handler(thing: Unknown) -> None: ...

    message = refusal(handler)
    assert "'handler' of GET /x" in message
    assert "annotation Unknown of 'thing' is not understood" in message


def test_a_missing_name_in_an_annotation_is_refused():
    def handler(thing: NoSuchName) -> None: ...  # noqa: F821

    assert "NoSuchName" in refusal(handler)


def test_what_a_handler_returns_may_be_known_to_type_checkers_only():
    def handler(count: int) -> OnlyForTypeCheckers: ...

    app = App()
    app.get("/x")(handler)
    assert len(compiled(app)) == 1


def test_a_class_of_an_enclosing_function_is_found():
    import dataclasses

    @dataclasses.dataclass
    class Local:
        x: int

    def handler(thing: Local) -> dict[str, int]:
        return {"x": Local(thing.x).x}

    app = App()
    app.post("/x")(handler)
    assert Client(app).post("/x", json={"x": 4}).json() == {"x": 4}


def test_path_and_signature_must_agree():
    assert "'user_id' is not among the handler's (name)" in refusal(lambda name: None, "/{user_id}")
    assert "unknown kind" in refusal(lambda x: None, "/{x:integer}")
    assert "occurs twice" in refusal(lambda x: None, "/{x}/{x}")
    assert "not a parameter name" in refusal(lambda: None, "/{}")
    assert "no partner" in refusal(lambda: None, "/{x")

    def looks_itself(request: Request) -> None: ...

    app = App()
    app.get("/{x}")(looks_itself)
    assert len(compiled(app)) == 1

    def takes_dict(x: dict) -> None: ...

    assert "annotate it with a scalar type" in refusal(takes_dict, "/{x}")

    def takes_request(x: Request) -> None: ...

    assert "rename one" in refusal(takes_request, "/{x}")


def test_two_json_bodies_are_refused():
    def handler(first: dict, second: list) -> None: ...

    assert "both 'first' and 'second' take the JSON body" in refusal(handler)


def test_too_many_arguments_are_refused():
    names = ", ".join(f"a{i}" for i in range(65))
    assert "at most 64" in refusal(eval(f"lambda {names}: None"))


def test_hooks_and_exception_handlers_are_checked():
    app = App()
    app.on_startup(coroutine_function)
    with pytest.raises(ConfigurationError, match="on_startup function 'coroutine_function'"):
        compile_routes(app)
    app = App()
    app.on_shutdown(lambda needed: None)
    with pytest.raises(ConfigurationError, match="called with no arguments"):
        compile_routes(app)
    app = App()
    app.exception_handler(ValueError)(lambda request: None)
    with pytest.raises(ConfigurationError, match="the request and the exception"):
        compile_routes(app)
    app.exception_handler(KeyError)(lambda request, error: None)
    with pytest.raises(ConfigurationError, match="KeyError is handled"):
        app.exception_handler(KeyError)(lambda request, error: None)


def test_hooks_are_kept_in_order():
    app = App()
    first, second, last = (lambda: 1), (lambda: 2), (lambda: 3)
    app.on_startup(first)
    app.on_startup(second)
    app.on_shutdown(last)
    result = compile_routes(app)
    assert result.on_startup == [first, second]
    assert result.on_shutdown == [last]


def test_url_for():
    app = App()
    files = Router()
    app.include(files, prefix="/files")

    @app.get("/users/{user_id:int}", name="user")
    def get_user(user_id: int) -> None: ...

    @files.get("/{path:path}")
    def download(path: str) -> None: ...

    @app.get("/caf\u00e9/{name}")
    def cafe(name: str) -> None: ...

    @app.get("/things/{thing:uuid}")
    def thing(thing: uuid.UUID) -> None: ...

    assert app.url_for("user", user_id=7) == "/users/7"
    assert app.url_for("download", path="a b/c.txt") == "/files/a%20b/c.txt"
    assert app.url_for("cafe", name="x?y%") == "/caf%C3%A9/x%3Fy%25"
    assert app.url_for("thing", thing=uuid.UUID(int=1)).endswith("-000000000001")
    with pytest.raises(LookupError, match="no route named 'nobody'"):
        app.url_for("nobody")
    files.get("/later", name="nobody")(lambda: None)
    assert app.url_for("nobody") == "/files/later"
    with pytest.raises(LookupError, match="does not go with the parameters"):
        app.url_for("user", name=7)
    with pytest.raises(ValueError, match="invalid literal"):
        app.url_for("user", user_id="x")
    with pytest.raises(ValueError, match="one path segment"):
        app.url_for("cafe", name="a/b")


def test_unusual_callables_are_handlers():
    class Service:
        def method(self, x: int) -> dict[str, int]:
            return {"method": x}

        def __call__(self, x: int) -> dict[str, int]:
            return {"call": x}

        @staticmethod
        def static(x: int) -> dict[str, int]:
            return {"static": x}

    def keyword_only(x: int, *, y: int = 2, z: str) -> dict[str, Any]:
        return {"x": x, "y": y, "z": z}

    def positional_only(x: int, /, y: int = 3) -> dict[str, int]:
        return {"x": x, "y": y}

    def generic[T: int](x: int, y: list[T]) -> dict[str, Any]:
        return {"x": x, "y": y}

    app = App()
    app.get("/method/{x}")(Service().method)
    app.get("/call/{x}")(Service())
    app.get("/static/{x}")(Service.static)
    app.get("/keyword/{x}")(keyword_only)
    app.get("/positional/{x}")(positional_only)
    app.get("/generic/{x}")(generic)
    app.get("/partial/{x}")(functools.partial(keyword_only, z="given"))
    client = Client(app)
    assert client.get("/method/1").json() == {"method": 1}
    assert client.get("/call/1").json() == {"call": 1}
    assert client.get("/static/1").json() == {"static": 1}
    assert client.get("/keyword/1?z=q").json() == {"x": 1, "y": 2, "z": "q"}
    assert client.get("/positional/1").json() == {"x": 1, "y": 3}
    assert client.get("/generic/1?y=2&y=3").json() == {"x": 1, "y": [2, 3]}
    assert client.get("/partial/1?y=5").json() == {"x": 1, "y": 5, "z": "given"}


def test_the_package_says_what_it_has():
    for name in turbo.__all__:
        assert getattr(turbo, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        turbo.nothing  # noqa: B018
