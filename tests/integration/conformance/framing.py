"""Cases about bodies, chunked coding, pipelining, keep-alive, interim responses and responses."""

from __future__ import annotations

from .model import Case, Expect, chunked, get, post
from .requests import ROOT, bad, good

ECHO = Expect(200, body=b"hello")


def length(size: int) -> Expect:
    """The answer of /length to a body of this size."""
    return Expect(200, json={"length": size})


def closing(name: str, send: bytes, *expect: Expect) -> Case:
    """Well-formed, answered, and then closed by the server."""
    return Case(name, send, expect or (ROOT,), closes=True)


CONTENT_LENGTH = [
    good("body", post("/echo", b"hello"), ECHO),
    good("empty body", post("/echo", b""), Expect(200, body=b"")),
    good("body in pieces", post("/echo", b"hello"), ECHO),
    Case(
        "body after a pause", (post("/echo", b"hello")[:-5], b"hel", b"lo"), (ECHO,), closes=False
    ),
    good("binary body", post("/echo", bytes(range(256))), Expect(200, body=bytes(range(256)))),
    good(
        "body that looks like a request",
        post("/echo", get("/missing")),
        Expect(200, body=get("/missing")),
    ),
    good("1 MiB", post("/length", b"a" * 1048576), length(1048576)),
    good("body of just the read buffer", post("/length", b"a" * 2048), length(2048)),
    good("body of 64 KiB and one", post("/length", b"a" * 65537), length(65537)),
    good(
        "leading zeros in the length",
        get("/echo", "Content-Length: 0005", method="POST") + b"hello",
        ECHO,
    ),
    bad("negative length", get("/echo", "Content-Length: -1", method="POST")),
    bad("length with a sign", get("/echo", "Content-Length: +5", method="POST") + b"hello"),
    bad("length in hexadecimal", get("/echo", "Content-Length: 0x5", method="POST") + b"hello"),
    bad("length is a word", get("/echo", "Content-Length: five", method="POST")),
    bad("empty length", get("/echo", "Content-Length:", method="POST")),
    bad(
        "two lengths that differ",
        get("/echo", "Content-Length: 5", "Content-Length: 6", method="POST") + b"hello",
    ),
    bad(
        "two equal lengths",
        get("/echo", "Content-Length: 5", "Content-Length: 5", method="POST") + b"hello",
    ),
    bad("a list of lengths", get("/echo", "Content-Length: 5, 5", method="POST") + b"hello"),
    bad(
        "length with a space in it",
        get("/echo", "Content-Length: 1 0", method="POST") + b"0123456789",
    ),
    bad(
        "length beyond 64 bits",
        get("/echo", "Content-Length: 99999999999999999999", method="POST"),
        (400, 413),
    ),
    bad("length past the limit", get("/echo", "Content-Length: 17000000", method="POST"), 413),
    bad(
        "length past the limit, some body sent",
        get("/echo", "Content-Length: 17000000", method="POST") + b"a" * 100000,
        413,
    ),
    bad(
        "length and chunked",
        get("/echo", "Content-Length: 5", "Transfer-Encoding: chunked", method="POST")
        + b"0\r\n\r\n",
    ),
    bad(
        "chunked and length",
        get("/echo", "Transfer-Encoding: chunked", "Content-Length: 5", method="POST")
        + b"0\r\n\r\n",
    ),
]

CHUNKED = [
    good("one chunk", chunked("/echo", b"5\r\nhello\r\n0\r\n\r\n"), ECHO),
    good("several chunks", chunked("/echo", b"2\r\nhe\r\n1\r\nl\r\n2\r\nlo\r\n0\r\n\r\n"), ECHO),
    good("no chunk", chunked("/echo", b"0\r\n\r\n"), Expect(200, body=b"")),
    good("upper-case hexadecimal", chunked("/length", b"A\r\n0123456789\r\n0\r\n\r\n"), length(10)),
    good("lower-case hexadecimal", chunked("/length", b"a\r\n0123456789\r\n0\r\n\r\n"), length(10)),
    good("leading zeros in a size", chunked("/echo", b"0005\r\nhello\r\n000\r\n\r\n"), ECHO),
    good("chunk extension", chunked("/echo", b"5;name=value\r\nhello\r\n0\r\n\r\n"), ECHO),
    good("quoted chunk extension", chunked("/echo", b'5;name="a b"\r\nhello\r\n0\r\n\r\n'), ECHO),
    good("extension of the last chunk", chunked("/echo", b"5\r\nhello\r\n0;x=y\r\n\r\n"), ECHO),
    good("trailer", chunked("/echo", b"5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"), ECHO),
    good(
        "trailers do not become headers",
        chunked("/echo", b"5\r\nhello\r\n0\r\nHost: evil\r\n\r\n"),
        ECHO,
    ),
    good(
        "Transfer-Encoding in capitals",
        get("/echo", "TRANSFER-ENCODING: CHUNKED", method="POST") + b"5\r\nhello\r\n0\r\n\r\n",
        ECHO,
    ),
    good(
        "a large chunk",
        chunked("/length", b"40000\r\n" + b"a" * 0x40000 + b"\r\n0\r\n\r\n"),
        length(0x40000),
    ),
    good(
        "many small chunks", chunked("/length", b"1\r\na\r\n" * 5000 + b"0\r\n\r\n"), length(5000)
    ),
    good(
        "data that looks like a chunk",
        chunked("/echo", b"7\r\n0\r\n\r\n\r\n\r\n0\r\n\r\n"),
        Expect(200, body=b"0\r\n\r\n\r\n"),
    ),
    Case(
        "chunk by chunk",
        (chunked("/echo", b""), b"5\r\n", b"hello", b"\r\n", b"0\r\n", b"\r\n"),
        (ECHO,),
        closes=False,
    ),
    bad("size is no number", chunked("/echo", b"x\r\nhello\r\n0\r\n\r\n")),
    bad("negative size", chunked("/echo", b"-5\r\nhello\r\n0\r\n\r\n")),
    bad("size with 0x", chunked("/echo", b"0x5\r\nhello\r\n0\r\n\r\n")),
    bad("empty size", chunked("/echo", b"\r\nhello\r\n0\r\n\r\n")),
    bad(
        "size past 64 bits",
        chunked("/echo", b"10000000000000000\r\nhello\r\n0\r\n\r\n"),
        (400, 413),
    ),
    bad("chunk longer than its size", chunked("/echo", b"4\r\nhello\r\n0\r\n\r\n")),
    bad("bare LF after the size", chunked("/echo", b"5\nhello\r\n0\r\n\r\n")),
    bad("bare LF after the data", chunked("/echo", b"5\r\nhello\n0\r\n\r\n")),
    bad("space before the size's end", chunked("/echo", b"5 \r\nhello\r\n0\r\n\r\n")),
    bad("space before the size", chunked("/echo", b" 5\r\nhello\r\n0\r\n\r\n")),
    bad("control character in an extension", chunked("/echo", b"5;a\x01b\r\nhello\r\n0\r\n\r\n")),
    bad(
        "unknown transfer coding",
        get("/echo", "Transfer-Encoding: gzip", method="POST"),
        (400, 501),
    ),
    bad(
        "chunked is not last",
        get("/echo", "Transfer-Encoding: chunked, gzip", method="POST") + b"0\r\n\r\n",
        (400, 501),
    ),
    bad(
        "chunked twice",
        get("/echo", "Transfer-Encoding: chunked, chunked", method="POST") + b"0\r\n\r\n",
        (400, 501),
    ),
    bad(
        "two Transfer-Encoding fields",
        get("/echo", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked", method="POST")
        + b"0\r\n\r\n",
        (400, 501),
    ),
    bad("identity", get("/echo", "Transfer-Encoding: identity", method="POST"), (400, 501)),
    bad(
        "misspelt chunked",
        get("/echo", "Transfer-Encoding: xchunked", method="POST") + b"0\r\n\r\n",
        (400, 501),
    ),
    bad(
        "chunked with a vertical tab",
        get("/echo", "Transfer-Encoding: \x0bchunked", method="POST") + b"0\r\n\r\n",
        (400, 501),
    ),
    bad(
        "chunked in 1.0",
        get("/echo", "Transfer-Encoding: chunked", method="POST", version="1.0") + b"0\r\n\r\n",
    ),
    bad(
        "body past the limit in chunks",
        chunked("/echo", b"1000000\r\n" + b"a" * 0x1000000 + b"\r\n1\r\na\r\n0\r\n\r\n"),
        413,
    ),
    bad(
        "a trailer field too long", chunked("/echo", b"0\r\nX-A: " + b"a" * 70000), (400, 413, 431)
    ),
]

PIPELINING = [
    good(
        "two requests in one write",
        get("/users/1") + get("/users/2"),
        *(Expect(200, json={"user_id": i}) for i in (1, 2)),
    ),
    good(
        "sixteen requests",
        b"".join(get(f"/users/{i}") for i in range(16)),
        *(Expect(200, json={"user_id": i}) for i in range(16)),
    ),
    good(
        "a hundred requests",
        b"".join(get(f"/users/{i}") for i in range(100)),
        *(Expect(200, json={"user_id": i}) for i in range(100)),
    ),
    good(
        "answers in order, errors among them",
        get("/users/1") + get("/missing") + get("/users/2"),
        Expect(200),
        Expect(404),
        Expect(200, json={"user_id": 2}),
    ),
    good(
        "bodies between",
        post("/echo", b"hello") + get("/") + post("/echo", b"hello"),
        ECHO,
        ROOT,
        ECHO,
    ),
    good(
        "chunked bodies between",
        chunked("/echo", b"5\r\nhello\r\n0\r\n\r\n") + get("/"),
        ECHO,
        ROOT,
    ),
    good("HEAD among them", get("/", method="HEAD") + get("/"), Expect(200, method="HEAD"), ROOT),
    good(
        "streams among them",
        get("/stream/3") + get("/"),
        Expect(200, body=b"chunk 0;chunk 1;chunk 2;"),
        ROOT,
    ),
    good("204 among them", get("/empty") + get("/"), Expect(204), ROOT),
    good("a failing handler among them", get("/fails") + get("/"), Expect(500), ROOT),
    good(
        "large answers",
        get("/big/300000") * 4,
        *(Expect(200, body=b"x" * 300000) for _ in range(4)),
    ),
    good("empty lines between", get("/") + b"\r\n\r\n" + get("/"), ROOT, ROOT),
    Case(
        "second request cut in two",
        (get("/") + get("/users/2")[:10], get("/users/2")[10:]),
        (ROOT, Expect(200, json={"user_id": 2})),
        closes=False,
    ),
    closing(
        "nothing after Connection: close",
        get("/", "Connection: close") + get("/missing"),
        Expect(200, fields={"connection": "close"}),
    ),
    Case(
        "malformed request after a good one",
        get("/") + b"nonsense\r\n\r\n",
        (ROOT, Expect(400, fields={"connection": "close"})),
        closes=True,
    ),
    Case(
        "smuggled request is not served",
        chunked("/echo", b"5\r\nhello\r\n0\r\n\r\n") + b"GET /\r\n\r\n",
        (ECHO, Expect(400)),
        closes=True,
    ),
]

KEEP_ALIVE = [
    good("1.1 is kept by default", get("/"), Expect(200, absent=("connection",))),
    good("1.1 with keep-alive", get("/", "Connection: keep-alive")),
    closing(
        "1.1 with close", get("/", "Connection: close"), Expect(200, fields={"connection": "close"})
    ),
    closing(
        "close in capitals",
        get("/", "Connection: CLOSE"),
        Expect(200, fields={"connection": "close"}),
    ),
    closing(
        "close in a list",
        get("/", "Connection: foo, close"),
        Expect(200, fields={"connection": "close"}),
    ),
    closing("1.0 is closed by default", get("/", version="1.0"), Expect(200)),
    good(
        "1.0 with keep-alive",
        get("/", "Connection: keep-alive", version="1.0"),
        Expect(200, fields={"connection": "keep-alive"}),
    ),
    good(
        "1.0 with Keep-Alive in capitals",
        get("/", "Connection: Keep-Alive", version="1.0"),
        Expect(200, fields={"connection": "keep-alive"}),
    ),
    closing("1.0 with close", get("/", "Connection: close", version="1.0"), Expect(200)),
    closing(
        "1.0 stream ends with the connection",
        get("/stream/3", version="1.0"),
        Expect(200, body=b"chunk 0;chunk 1;chunk 2;", absent=("transfer-encoding",)),
    ),
    closing(
        "1.0 stream with keep-alive ends with the connection",
        get("/stream/3", "Connection: keep-alive", version="1.0"),
        Expect(200, body=b"chunk 0;chunk 1;chunk 2;"),
    ),
    closing(
        "404 with close",
        get("/missing", "Connection: close"),
        Expect(404, fields={"connection": "close"}),
    ),
    good("an error keeps the connection", get("/missing"), Expect(404)),
    good(
        "a handler's failure keeps the connection",
        get("/fails"),
        Expect(500, json={"detail": "Internal Server Error"}),
    ),
    good("422 keeps the connection", get("/users/x"), Expect(422)),
    good("405 with a body keeps the connection", post("/", b"hello"), Expect(405)),
    good("404 with a body keeps the connection", post("/missing", b"hello"), Expect(404)),
]

EXPECT_CONTINUE = [
    Case(
        "100 before the body",
        (get("/echo", "Content-Length: 5", "Expect: 100-continue", method="POST"), b"hello"),
        (Expect(200, body=b"hello", interim=(100,)),),
        closes=False,
    ),
    Case(
        "100 with a chunked body",
        (
            get("/echo", "Transfer-Encoding: chunked", "Expect: 100-continue", method="POST"),
            b"5\r\nhello\r\n0\r\n\r\n",
        ),
        (Expect(200, body=b"hello", interim=(100,)),),
        closes=False,
    ),
    Case(
        "100-Continue in capitals",
        (get("/echo", "Content-Length: 5", "Expect: 100-Continue", method="POST"), b"hello"),
        (Expect(200, body=b"hello", interim=(100,)),),
        closes=False,
    ),
    bad(
        "too large a body is refused before it is sent",
        get("/echo", "Content-Length: 17000000", "Expect: 100-continue", method="POST"),
        413,
    ),
    Case(
        "404 instead of 100",
        get("/missing", "Content-Length: 5", "Expect: 100-continue", method="POST"),
        (Expect(404),),
    ),
    Case(
        "405 instead of 100",
        get("/", "Content-Length: 5", "Expect: 100-continue", method="POST"),
        (Expect(405),),
    ),
    Case("another expectation", get("/", "Expect: miracle"), (Expect(417),)),
    Case(
        "1.0 gets no 100",
        (
            get("/echo", "Content-Length: 5", "Expect: 100-continue", method="POST", version="1.0"),
            b"hello",
        ),
        (ECHO,),
    ),
    good("no 100 without a body", get("/", "Expect: 100-continue"), ROOT),
]

RESPONSES = [
    good(
        "JSON media type",
        get("/"),
        Expect(200, fields={"content-type": "application/json", "content-length": "18"}),
    ),
    good(
        "bytes media type",
        get("/big/3"),
        Expect(200, body=b"xxx", fields={"content-type": "application/octet-stream"}),
    ),
    good(
        "text media type",
        get("/status/200"),
        Expect(200, body=b"status", fields={"content-type": "text/plain; charset=utf-8"}),
    ),
    good("204 without a body", get("/empty"), Expect(204)),
    good("304 without a body", get("/status/304"), Expect(304, absent=("transfer-encoding",))),
    good("a chosen status", get("/status/299"), Expect(299, body=b"status")),
    good("503 keeps the connection", get("/status/503"), Expect(503, body=b"status")),
    good(
        "HTTPError with fields",
        get("/teapot"),
        Expect(418, json={"detail": "short and stout"}, fields={"x-tea": "earl grey"}),
    ),
    good(
        "fields of the application",
        get("/cookies"),
        Expect(200, body=b"ok", fields={"x-custom": "v", "set-cookie": "a=1"}),
    ),
    good(
        "Server of the application replaces ours",
        get("/own-date"),
        Expect(200, fields={"server": "mine"}),
    ),
    good(
        "split header is refused", get("/bad-header"), Expect(500, absent=("injected", "x-split"))
    ),
    good(
        "stream is chunked",
        get("/stream/3"),
        Expect(
            200,
            body=b"chunk 0;chunk 1;chunk 2;",
            fields={"transfer-encoding": "chunked"},
            absent=("content-length",),
        ),
    ),
    good("empty stream", get("/stream/0"), Expect(200, body=b"")),
    good(
        "long stream",
        get("/stream/20000"),
        Expect(200, body=b"".join(b"chunk %d;" % i for i in range(20000))),
    ),
    good("empty body", get("/big/0"), Expect(200, body=b"", fields={"content-length": "0"})),
    good("10 MB body", get("/big/10000000"), Expect(200, body=b"x" * 10000000)),
]

# Each of these is cut in two at every byte, and sent byte by byte, with the same answers.
SPLITS: list[tuple[str, bytes, tuple[Expect, ...]]] = [
    ("simple", get("/users/1"), (Expect(200, json={"user_id": 1}),)),
    (
        "headers",
        get("/header-values", "X-Test:  a b ", "X-Other: 1"),
        (Expect(200, json={"x": ["a b"]}),),
    ),
    ("escapes", get("/names/caf%C3%A9?x=%20"), (Expect(200, json={"name": "caf\u00e9"}),)),
    ("absolute form", get("http://t/users/1"), (Expect(200, json={"user_id": 1}),)),
    ("body", post("/echo", b"hello"), (ECHO,)),
    ("chunked", chunked("/echo", b"3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nT: 1\r\n\r\n"), (ECHO,)),
    (
        "pipeline",
        get("/users/1") + post("/echo", b"hello") + get("/users/2"),
        (Expect(200), ECHO, Expect(200, json={"user_id": 2})),
    ),
    ("1.0", get("/", "Connection: keep-alive", version="1.0"), (ROOT,)),
    ("HEAD", get("/", method="HEAD"), (Expect(200, method="HEAD"),)),
    ("404", get("/missing"), (Expect(404),)),
]
# The same for malformed requests: one refusal wherever they are cut.
BAD_SPLITS: list[tuple[str, bytes, int]] = [
    ("folded field", b"GET / HTTP/1.1\r\nHost: t\r\nX: a\r\n b\r\n\r\n", 400),
    (
        "length and chunked",
        get("/echo", "Content-Length: 5", "Transfer-Encoding: chunked", method="POST"),
        400,
    ),
    ("bad chunk size", chunked("/echo", b"zz\r\n"), 400),
    ("no Host", b"GET / HTTP/1.1\r\nX: y\r\n\r\n", 400),
]
