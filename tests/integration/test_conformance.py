"""HTTP conformance over raw sockets, in every mode and on every interpreter of this build."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from integration import harness
from integration.conformance import framing, requests
from integration.conformance.model import Case, Expect, get
from integration.conformance.wire import Connection

APP = harness.APPS / "conformance_app.py"
CASES: dict[str, list[Case]] = {
    "request line": requests.REQUEST_LINE,
    "headers": requests.HEADERS,
    "methods": requests.METHODS,
    "routing": requests.ROUTING,
    "content length": framing.CONTENT_LENGTH,
    "chunked": framing.CHUNKED,
    "pipelining": framing.PIPELINING,
    "keep-alive": framing.KEEP_ALIVE,
    "expect": framing.EXPECT_CONTINUE,
    "responses": framing.RESPONSES,
}
ALL = [
    pytest.param(case, id=f"{group}: {case.name}")
    for group, cases in CASES.items()
    for case in cases
]

Shared = Callable[..., harness.Server]


def connect(server: harness.Server) -> Connection:
    return Connection(server.host, server.port)


def test_there_are_two_hundred_cases() -> None:
    assert len({param.id for param in ALL}) == len(ALL) >= 200


@pytest.mark.parametrize("case", ALL)
def test_case(shared_server: Shared, case: Case) -> None:
    with connect(shared_server(APP)) as connection:
        case.run(connection, time.sleep)


@pytest.mark.parametrize(
    ("request_bytes", "expected"),
    [pytest.param(send, expected, id=name) for name, send, expected in framing.SPLITS],
)
def test_cut_in_two_at_every_byte(
    shared_server: Shared, request_bytes: bytes, expected: tuple[Expect, ...]
) -> None:
    server = shared_server(APP)
    with connect(server) as connection:
        for cut in range(1, len(request_bytes)):
            connection.send(request_bytes[:cut])
            # Long enough for the server to have read the first part on its own in most cases; the
            # answers are the same either way. Every cut for certain is the unit tests' business.
            time.sleep(0.001)
            connection.send(request_bytes[cut:])
            for one in expected:
                one.check(connection.read_response(one.method))


@pytest.mark.parametrize(
    ("request_bytes", "expected"),
    [pytest.param(send, expected, id=name) for name, send, expected in framing.SPLITS],
)
def test_byte_by_byte(
    shared_server: Shared, request_bytes: bytes, expected: tuple[Expect, ...]
) -> None:
    with connect(shared_server(APP)) as connection:
        for index in range(len(request_bytes)):
            connection.send(request_bytes[index : index + 1])
            time.sleep(0.0005)
        for one in expected:
            one.check(connection.read_response(one.method))


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [pytest.param(send, status, id=name) for name, send, status in framing.BAD_SPLITS],
)
def test_malformed_is_refused_wherever_it_is_cut(
    shared_server: Shared, request_bytes: bytes, status: int
) -> None:
    server = shared_server(APP)
    for cut in range(1, len(request_bytes), 3):
        with connect(server) as connection:
            connection.send(request_bytes[:cut])
            time.sleep(0.001)
            connection.send(request_bytes[cut:])
            Expect(status, fields={"connection": "close"}).check(connection.read_response())
            assert connection.closed_by_server()


def test_a_body_that_fails_midway_is_cut_so_that_the_client_can_tell(shared_server: Shared) -> None:
    with connect(shared_server(APP)) as connection:
        connection.send(get("/stream-fails"))
        with pytest.raises(AssertionError):  # no last chunk, so the body is not complete
            connection.read_response()


def test_a_client_that_half_closes_gets_its_answer(shared_server: Shared) -> None:
    with connect(shared_server(APP)) as connection:
        connection.send(get("/users/3"))
        connection.sock.shutdown(1)
        Expect(200, json={"user_id": 3}).check(connection.read_response())
        assert connection.closed_by_server()


def test_clients_that_vanish_do_no_harm(shared_server: Shared) -> None:
    server = shared_server(APP)
    for piece in (
        b"",
        b"GET / HT",
        get("/"),
        get("/big/1000000"),
        get("/stream/20000"),
        b"x" * 5000,
    ):
        connection = connect(server)
        connection.sock.setsockopt(1, 13, b"\x01\x00\x00\x00\x00\x00\x00\x00")  # SO_LINGER 0: reset
        connection.send(piece)
        connection.sock.close()
    with connect(server) as connection:
        connection.send(get("/"))
        requests.ROOT.check(connection.read_response())


def test_a_client_that_does_not_read_bounds_what_the_server_holds(shared_server: Shared) -> None:
    server = shared_server(APP)
    with connect(server) as slow:
        slow.send(get("/big/1000000") * 200)
        time.sleep(0.3)
        rss = sum(resident_bytes(pid) for pid in server.worker_pids())
        with connect(server) as other:
            other.send(get("/"))
            requests.ROOT.check(other.read_response())
        for _ in range(200):
            assert len(slow.read_response().body) == 1000000
    assert rss < 100 * 1024 * 1024 * len(server.worker_pids())


def resident_bytes(pid: int) -> int:
    with open(f"/proc/{pid}/statm") as statm:
        return int(statm.read().split()[1]) * 4096


TIGHT = ("--header-timeout", "500ms", "--body-timeout", "500ms", "--keep-alive", "500ms")


class TestTimeouts:
    """With half a second for everything."""

    def server(self, shared_server: Shared) -> harness.Server:
        return shared_server(APP, *TIGHT)

    def refused(self, connection: Connection, begun: float) -> None:
        Expect(408, fields={"connection": "close"}).check(connection.read_response())
        assert connection.closed_by_server()
        assert 0.4 < time.monotonic() - begun < 4

    def test_head_that_stops(self, shared_server: Shared) -> None:
        with connect(self.server(shared_server)) as connection:
            begun = time.monotonic()
            connection.send(b"GET / HTTP/1.1\r\nHost:")
            self.refused(connection, begun)

    def test_head_that_trickles_gets_no_more_time(self, shared_server: Shared) -> None:
        with connect(self.server(shared_server)) as connection:
            begun = time.monotonic()
            connection.send(b"GET / HTTP/1.1\r\nHost: t\r\n")
            for _ in range(20):
                connection.send(b"X: y\r\n")
                time.sleep(0.1)
                if time.monotonic() - begun > 1.5:
                    break
            self.refused(connection, begun)

    def test_body_that_stops(self, shared_server: Shared) -> None:
        with connect(self.server(shared_server)) as connection:
            begun = time.monotonic()
            connection.send(b"POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\nabc")
            self.refused(connection, begun)

    def test_chunked_body_that_stops(self, shared_server: Shared) -> None:
        with connect(self.server(shared_server)) as connection:
            begun = time.monotonic()
            connection.send(
                b"POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"
            )
            self.refused(connection, begun)

    def test_slow_body_that_keeps_coming_is_served(self, shared_server: Shared) -> None:
        with connect(self.server(shared_server)) as connection:
            connection.send(b"POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 8\r\n\r\n")
            for index in range(8):
                time.sleep(0.2)
                connection.send(b"%d" % index)
            Expect(200, body=b"01234567").check(connection.read_response())

    def test_idle_connection_is_closed_silently(self, shared_server: Shared) -> None:
        with connect(self.server(shared_server)) as connection:
            connection.send(get("/"))
            requests.ROOT.check(connection.read_response())
            begun = time.monotonic()
            assert connection.closed_by_server()
            assert 0.3 < time.monotonic() - begun < 4

    def test_used_connection_is_not_closed(self, shared_server: Shared) -> None:
        with connect(self.server(shared_server)) as connection:
            for _ in range(6):
                connection.send(get("/"))
                requests.ROOT.check(connection.read_response())
                time.sleep(0.25)

    def test_connection_that_never_asks(self, shared_server: Shared) -> None:
        with connect(self.server(shared_server)) as connection:
            assert connection.closed_by_server()


class TestLimits:
    """With limits of the command line."""

    def test_body_limit(self, shared_server: Shared) -> None:
        server = shared_server(APP, "--max-body", "10")
        for size, status in ((10, 200), (11, 413)):
            with connect(server) as connection:
                connection.send(
                    b"POST /length HTTP/1.1\r\nHost: t\r\nContent-Length: %d\r\n\r\n" % size
                    + b"a" * size
                )
                Expect(status).check(connection.read_response())

    def test_connection_limit_holds_new_ones_back_and_loses_none(
        self, shared_server: Shared
    ) -> None:
        server = shared_server(APP, "--max-connections", "3")
        first = [connect(server) for _ in range(12)]
        served = 0
        for connection in first:
            connection.send(get("/", "Connection: close"))
        for connection in first:
            requests_done = connection.read_response()
            assert requests_done.status == 200
            served += 1
            connection.sock.close()
        assert served == 12
