"""Cases about the request line, header fields, methods and routing."""

from __future__ import annotations

from .model import Case, Expect, get, post

ROOT = Expect(200, json={"message": "root"})
BAD = Expect(400, fields={"connection": "close"})


def bad(name: str, send: bytes, status: int | tuple[int, ...] = 400) -> Case:
    """Malformed: one answer, then the connection is closed."""
    return Case(name, send, (Expect(status, fields={"connection": "close"}),), closes=True)


def good(name: str, send: bytes, *expect: Expect) -> Case:
    """Well-formed: answered, and the connection lives on."""
    return Case(name, send, expect or (ROOT,), closes=False)


REQUEST_LINE = [
    good("origin form", get("/")),
    good("one empty line before the request line", b"\r\n" + get("/")),
    good("several empty lines before the request line", b"\r\n\r\n\r\n" + get("/")),
    good("absolute form", get("http://t/users/7"), Expect(200, json={"user_id": 7})),
    good("absolute form without a path", get("http://t"), ROOT),
    good(
        "absolute form with a query",
        get("http://t/search?q=a"),
        Expect(200, json={"q": "a", "limit": 10}),
    ),
    good("asterisk form with OPTIONS", get("*", method="OPTIONS"), Expect((200, 204))),
    bad("asterisk form with GET", get("*"), (400, 404)),
    bad("lower-case method", b"get / HTTP/1.1\r\nHost: t\r\n\r\n", (400, 501)),
    bad("unknown method token", b"BREW / HTTP/1.1\r\nHost: t\r\n\r\n", (400, 501)),
    bad("garbage", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    bad("no version", b"GET /\r\nHost: t\r\n\r\n"),
    bad("HTTP/0.9 version", b"GET / HTTP/0.9\r\nHost: t\r\n\r\n", (400, 505)),
    bad("HTTP/2.0 version", b"GET / HTTP/2.0\r\nHost: t\r\n\r\n", (400, 505)),
    bad("HTTP/1.2 version", b"GET / HTTP/1.2\r\nHost: t\r\n\r\n", (400, 505)),
    bad("HTTP/3.1 version", b"GET / HTTP/3.1\r\nHost: t\r\n\r\n", (400, 505)),
    bad("version without a minor", b"GET / HTTP/1\r\nHost: t\r\n\r\n"),
    bad("version with two digits", b"GET / HTTP/1.10\r\nHost: t\r\n\r\n"),
    bad("lower-case http", b"GET / http/1.1\r\nHost: t\r\n\r\n"),
    bad("other protocol", b"GET / ICY/1.0\r\nHost: t\r\n\r\n"),
    bad("HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, 505)),
    bad("space in the target", b"GET /a b HTTP/1.1\r\nHost: t\r\n\r\n"),
    bad("trailing word", b"GET / HTTP/1.1 x\r\nHost: t\r\n\r\n"),
    bad("tab for a space", b"GET\t/ HTTP/1.1\r\nHost: t\r\n\r\n"),
    bad("empty target", b"GET  HTTP/1.1\r\nHost: t\r\n\r\n"),
    bad("relative target", b"GET users HTTP/1.1\r\nHost: t\r\n\r\n"),
    bad("control character in the target", b"GET /\x01 HTTP/1.1\r\nHost: t\r\n\r\n"),
    bad("NUL in the target", b"GET /\x00 HTTP/1.1\r\nHost: t\r\n\r\n"),
    bad("DEL in the target", b"GET /\x7f HTTP/1.1\r\nHost: t\r\n\r\n"),
    bad("bare LF after the request line", b"GET / HTTP/1.1\nHost: t\r\n\r\n"),
    bad("bare CR in the request line", b"GET / HTTP/1.1\rHost: t\r\n\r\n"),
    bad("leading space", b" GET / HTTP/1.1\r\nHost: t\r\n\r\n"),
    bad("request line too long", get("/" + "a" * 9000), 414),
    bad("request line without an end", b"GET /" + b"a" * 20000, 414),
    bad("CONNECT", b"CONNECT t:80 HTTP/1.1\r\nHost: t:80\r\n\r\n", (400, 405, 501)),
    good(
        "target at the limit", get("/files/" + "a" * 8000), Expect(200, json={"rest": "a" * 8000})
    ),
    good(
        "fragment is no part of a route",
        get("/search?q=1"),
        Expect(200, json={"q": "1", "limit": 10}),
    ),
]

HEADERS = [
    good(
        "value with white space around it",
        get("/header-values", "X-Test: \t a b \t "),
        Expect(200, json={"x": ["a b"]}),
    ),
    good("empty value", get("/header-values", "X-Test:"), Expect(200, json={"x": [""]})),
    good(
        "no space after the colon",
        get("/header-values", "X-Test:v"),
        Expect(200, json={"x": ["v"]}),
    ),
    good(
        "several fields of one name",
        get("/header-values", "X-Test: 1", "x-test: 2"),
        Expect(200, json={"x": ["1", "2"]}),
    ),
    good(
        "colon in the value", get("/header-values", "X-Test: a:b"), Expect(200, json={"x": ["a:b"]})
    ),
    good("obs-text in the value", get("/header-values", "X-Test: \xe9"), Expect(200)),
    good("every token character in the name", get("/", "!#$%&'*+-.^_`|~09azAZ: v")),
    good("HOST in capitals", b"GET / HTTP/1.1\r\nHOST: t\r\n\r\n"),
    good("Host with a port", b"GET / HTTP/1.1\r\nHost: t:8000\r\n\r\n"),
    good("Host with an IPv6 literal", b"GET / HTTP/1.1\r\nHost: [::1]:8000\r\n\r\n"),
    good("empty Host", b"GET / HTTP/1.1\r\nHost:\r\n\r\n"),
    bad("no Host in 1.1", b"GET / HTTP/1.1\r\n\r\n"),
    bad("no Host in 1.1, other fields", b"GET / HTTP/1.1\r\nX-Test: 1\r\n\r\n"),
    bad("two Host fields", b"GET / HTTP/1.1\r\nHost: t\r\nHost: u\r\n\r\n"),
    bad("two equal Host fields", b"GET / HTTP/1.1\r\nHost: t\r\nHost: t\r\n\r\n"),
    bad("space before the colon", b"GET / HTTP/1.1\r\nHost : t\r\n\r\n"),
    bad("space before the colon of another field", get("/", "X-Test : 1")),
    bad("space in the name", get("/", "X Test: 1")),
    bad("empty name", get("/", ": 1")),
    bad("no colon", get("/", "nonsense")),
    bad("obsolete line folding", b"GET / HTTP/1.1\r\nHost: t\r\nX-Test: a\r\n b\r\n\r\n"),
    bad("folding with a tab", b"GET / HTTP/1.1\r\nHost: t\r\nX-Test: a\r\n\tb\r\n\r\n"),
    bad("white space before the first field", b"GET / HTTP/1.1\r\n Host: t\r\n\r\n"),
    bad("NUL in a value", b"GET / HTTP/1.1\r\nHost: t\r\nX-Test: a\x00b\r\n\r\n"),
    bad("control character in a value", b"GET / HTTP/1.1\r\nHost: t\r\nX-Test: a\x01b\r\n\r\n"),
    bad("bare CR in a value", b"GET / HTTP/1.1\r\nHost: t\r\nX-Test: a\rb\r\n\r\n"),
    bad("bare LF at the end of a field", b"GET / HTTP/1.1\r\nHost: t\nX-Test: a\r\n\r\n"),
    bad("bare LF at the end of the block", b"GET / HTTP/1.1\r\nHost: t\r\n\n"),
    bad("obs-text in a name", b"GET / HTTP/1.1\r\nHost: t\r\nX-\xe9: 1\r\n\r\n"),
    bad("parenthesis in a name", get("/", "X(Test): 1")),
    bad("one value too long", get("/", "X-Test: " + "a" * 40000), 431),
    bad("block too long", get("/", *(f"X-{i}: " + "a" * 1000 for i in range(40))), 431),
    bad("too many fields", get("/", *(f"X-{i}: 1" for i in range(101))), 431),
    bad("a name without an end", b"GET / HTTP/1.1\r\nHost: t\r\n" + b"a" * 50000, 431),
    good("as many fields as allowed", get("/", *(f"X-{i}: 1" for i in range(99)))),
    good("a large block", get("/", *(f"X-{i}: " + "a" * 1000 for i in range(28)))),
    good("Upgrade is ignored", get("/", "Connection: Upgrade", "Upgrade: h2c"), ROOT),
    good(
        "Upgrade to websocket is ignored",
        get("/", "Connection: Upgrade", "Upgrade: websocket"),
        ROOT,
    ),
]

METHODS = [
    *(
        good(
            f"{method} reaches its handler",
            get("/any", method=method),
            Expect(200, json={"method": method}),
        )
        for method in ("GET", "DELETE")
    ),
    *(
        good(
            f"{method} with an empty body",
            get("/any", "Content-Length: 0", method=method),
            Expect(200, json={"method": method}),
        )
        for method in ("POST", "PUT", "PATCH")
    ),
    *(
        good(
            f"{method} without a length has no body",
            get("/any", method=method),
            Expect(200, json={"method": method}),
        )
        for method in ("POST", "PUT", "PATCH")
    ),
    good(
        "HEAD has GET's length and no body",
        get("/", method="HEAD"),
        Expect(200, method="HEAD", body=b"", fields={"content-length": "18"}),
    ),
    good(
        "HEAD of a missing path",
        get("/missing", method="HEAD"),
        Expect(404, method="HEAD", body=b""),
    ),
    good("HEAD of a stream", get("/stream/3", method="HEAD"), Expect(200, method="HEAD", body=b"")),
    good("HEAD of 204", get("/empty", method="HEAD"), Expect(204, method="HEAD")),
    good(
        "HEAD of a large body",
        get("/big/500000", method="HEAD"),
        Expect(200, method="HEAD", fields={"content-length": "500000"}),
    ),
    good("GET with a body", get("/", "Content-Length: 5") + b"hello", ROOT),
    good("405 names what is allowed", get("/echo"), Expect(405, fields={"allow": "POST, OPTIONS"})),
    good("405 for POST", post("/", b"x"), Expect(405, fields={"allow": "GET, HEAD, OPTIONS"})),
    good("405 on a path with a parameter", get("/users/1", method="DELETE"), Expect(405)),
    good(
        "OPTIONS names what is allowed",
        get("/echo", method="OPTIONS"),
        Expect(204, fields={"allow": "POST, OPTIONS"}),
    ),
    good("OPTIONS of a missing path", get("/missing", method="OPTIONS"), Expect(404)),
    good("TRACE is not echoed", get("/", method="TRACE"), Expect((405, 501))),
    good("an extension method", get("/", method="PROPFIND"), Expect(405)),
]

ROUTING = [
    good("404", get("/missing"), Expect(404, json={"detail": "Not Found"})),
    good("404 below a route", get("/users/1/x"), Expect(404)),
    good("static before parameter", get("/users/me"), Expect(200, json={"user": "me"})),
    good("parameter", get("/users/42"), Expect(200, json={"user_id": 42})),
    good("negative parameter", get("/users/-42"), Expect(200, json={"user_id": -42})),
    good(
        "parameter beyond 64 bits",
        get("/users/123456789012345678901"),
        Expect(200, json={"user_id": 123456789012345678901}),
    ),
    good("parameter of the wrong type", get("/users/abc"), Expect(422)),
    good("typed pattern does not match", get("/big/abc"), Expect(404)),
    good("empty parameter", get("/users/"), Expect((307, 404))),
    good("escaped text", get("/names/caf%C3%A9"), Expect(200, json={"name": "caf\u00e9"})),
    good("escaped space", get("/names/a%20b"), Expect(200, json={"name": "a b"})),
    good("plus is not a space in a path", get("/names/a+b"), Expect(200, json={"name": "a+b"})),
    good(
        "escaped slash stays in its segment", get("/names/a%2Fb"), Expect(200, json={"name": "a/b"})
    ),
    good("lower-case escaped slash", get("/names/a%2fb"), Expect(200, json={"name": "a/b"})),
    good("no double decoding", get("/names/a%252Fb"), Expect(200, json={"name": "a%2Fb"})),
    good("escaped question mark", get("/names/a%3Fb"), Expect(200, json={"name": "a?b"})),
    good("escaped percent", get("/names/100%25"), Expect(200, json={"name": "100%"})),
    good("escaped letters of a static path", get("/%75sers/7"), Expect(200, json={"user_id": 7})),
    good("static path outside ASCII", get("/caf%C3%A9"), Expect(200, json={"place": "caf\u00e9"})),
    good("rest of the path", get("/files/a/b/c.txt"), Expect(200, json={"rest": "a/b/c.txt"})),
    good("rest with escapes", get("/files/a%20b/c"), Expect(200, json={"rest": "a b/c"})),
    good("empty rest", get("/files/"), Expect(200, json={"rest": ""})),
    good("broken escape", get("/names/a%zz"), Expect(400)),
    good("cut escape", get("/names/a%2"), Expect(400)),
    good("escape at the end", get("/names/a%"), Expect(400)),
    good("escaped NUL", get("/names/a%00b"), Expect(400)),
    good("not UTF-8", get("/names/%ff"), Expect(400)),
    good("overlong UTF-8", get("/names/%c0%af"), Expect(400)),
    good(
        "trailing slash redirects", get("/users/me/"), Expect(307, fields={"location": "/users/me"})
    ),
    good("missing slash redirects", get("/dir"), Expect(307, fields={"location": "/dir/"})),
    good(
        "redirect keeps the query", get("/dir?a=1"), Expect(307, fields={"location": "/dir/?a=1"})
    ),
    good("double slash is another path", get("//users/me"), Expect((307, 404))),
    good("dot segments are not resolved", get("/users/../"), Expect((307, 404, 422))),
    good("query", get("/search?q=a%20b+c&limit=5"), Expect(200, json={"q": "a b c", "limit": 5})),
    good("empty query", get("/search?"), Expect(200, json={"q": "", "limit": 10})),
    good(
        "question mark in the query",
        get("/search?q=a?b"),
        Expect(200, json={"q": "a?b", "limit": 10}),
    ),
    good(
        "query value without a name",
        get("/search?&&=x&q=1"),
        Expect(200, json={"q": "1", "limit": 10}),
    ),
    good("bad query value", get("/search?limit=ten"), Expect(422)),
    good("raw path stays raw", get("/raw?x=%20"), Expect(200)),
    good("case matters in a path", get("/USERS/me"), Expect(404)),
]
