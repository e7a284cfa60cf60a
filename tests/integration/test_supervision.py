"""Workers that die, and stops: nothing is lost that need not be."""

from __future__ import annotations

import os
import random
import signal
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from integration import harness
from integration.conformance.model import get
from integration.conformance.wire import Connection, ProtocolError

APP = harness.APPS / "conformance_app.py"
LIFECYCLE = harness.APPS / "lifecycle_app.py"

Start = Callable[..., harness.Server]


@dataclass
class Tally:
    """What the clients of the kill test saw."""

    answered: int = 0
    cut: list[tuple[float, float]] = field(default_factory=list)  # connected, ended
    refused: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


def client(server: harness.Server, end: float, tally: Tally) -> None:
    """Connects, asks twice, closes; again and again."""
    while time.monotonic() < end:
        try:
            connection = Connection(server.host, server.port, timeout=20)
        except OSError:
            with tally.lock:
                tally.refused += 1
            continue
        begun = time.monotonic()
        with connection:
            try:
                for _ in range(2):
                    connection.send(get("/users/1"))
                    assert connection.read_response().status == 200
                    with tally.lock:
                        tally.answered += 1
            except (ProtocolError, OSError):
                with tally.lock:
                    tally.cut.append((begun, time.monotonic()))


@pytest.mark.timeout(180)
def test_kill_9_every_200_ms_costs_only_what_the_killed_worker_had_open(
    start_server: Start,
) -> None:
    server = start_server(APP, "--mode", "procs", "-w", "2")
    tally = Tally()
    duration = 8.0
    end = time.monotonic() + duration
    clients = [threading.Thread(target=client, args=(server, end, tally)) for _ in range(8)]
    for thread in clients:
        thread.start()
    kills: list[float] = []
    while time.monotonic() < end - 0.5:
        time.sleep(0.2)
        pids = server.worker_pids()
        if pids:
            kills.append(time.monotonic())
            os.kill(random.choice(pids), signal.SIGKILL)
    for thread in clients:
        thread.join()
    assert len(kills) >= 20
    assert tally.answered > 200
    assert tally.refused == 0
    # A connection that ended early had been open on a worker when that was killed.
    for connected, ended in tally.cut:
        assert any(connected - 0.05 <= kill <= ended and ended - kill < 0.5 for kill in kills), (
            connected,
            ended,
        )
    # Clients have at most one connection each, so a kill ends at most all of theirs.
    assert len(tally.cut) <= len(kills) * len(clients)
    assert server.stderr.text.count("SIGKILL") >= len(kills) // 2


def test_what_is_queued_when_the_worker_dies_is_served_by_the_next(start_server: Start) -> None:
    server = start_server(APP, "--mode", "procs", "-w", "1")
    (pid,) = server.worker_pids()
    os.kill(pid, signal.SIGSTOP)
    waiting = [Connection(server.host, server.port, timeout=20) for _ in range(20)]
    for connection in waiting:
        connection.send(get("/users/5"))
    os.kill(pid, signal.SIGKILL)
    for connection in waiting:
        assert connection.read_response().body == b'{"user_id":5}'
        connection.sock.close()


def test_a_worker_told_to_end_is_replaced(start_server: Start) -> None:
    server = start_server(APP, "--mode", "procs", "-w", "2")
    before = server.worker_pids()
    os.kill(before[0], signal.SIGTERM)
    harness.wait_until(
        lambda: len(server.worker_pids()) == 2 and server.worker_pids() != before,
        what="a new worker",
    )
    assert server.get("/").status == 200


def test_a_stop_finishes_what_is_in_flight(combination_options: tuple[str, ...]) -> None:
    with harness.Server(LIFECYCLE, *combination_options) as server:
        connections = [Connection(server.host, server.port) for _ in range(2)]
        for connection in connections:
            connection.send(get("/sleep/1"))
            time.sleep(0.2)
        server.send_signal(signal.SIGTERM)
        for connection in connections:
            response = connection.read_response()
            assert response.status == 200
            connection.sock.close()
        assert server.wait() == 0


def test_a_stop_closes_idle_connections_and_refuses_new_ones(
    combination_options: tuple[str, ...],
) -> None:
    with harness.Server(LIFECYCLE, *combination_options) as server:
        idle = Connection(server.host, server.port)
        idle.send(get("/"))
        assert idle.read_response().status == 200
        begun = time.monotonic()
        server.send_signal(signal.SIGTERM)
        assert idle.closed_by_server()
        assert server.wait() == 0
        assert time.monotonic() - begun < 5
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((server.host, server.port), timeout=2)


def test_sigint_stops_as_sigterm_does(start_server: Start) -> None:
    start_server(LIFECYCLE, *harness.ONE_LOOP).stop(signal.SIGINT)


def test_a_terminal_that_hangs_up_is_a_graceful_stop(start_server: Start) -> None:
    server = start_server(LIFECYCLE, *harness.ONE_LOOP)
    with Connection(server.host, server.port) as connection:
        connection.send(get("/sleep/1"))
        time.sleep(0.3)
        for pid in [*server.worker_pids(), server.pid]:
            os.kill(pid, signal.SIGHUP)
        assert connection.read_response().status == 200
    assert server.wait() == 0


def test_the_graceful_timeout_cuts(combination_options: tuple[str, ...]) -> None:
    with harness.Server(LIFECYCLE, *combination_options, "--graceful-timeout", "500ms") as server:
        connection = Connection(server.host, server.port)
        connection.send(get("/sleep/30"))
        time.sleep(0.3)
        begun = time.monotonic()
        server.send_signal(signal.SIGTERM)
        server.wait()
        assert time.monotonic() - begun < 8
        assert harness.marked_processes(server.mark) == []


def test_a_second_signal_cuts_at_once(start_server: Start) -> None:
    server = start_server(LIFECYCLE, *harness.ONE_LOOP)
    connection = Connection(server.host, server.port)
    connection.send(get("/sleep/30"))
    time.sleep(0.3)
    begun = time.monotonic()
    server.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    server.send_signal(signal.SIGTERM)
    server.wait()
    assert time.monotonic() - begun < 8
    assert harness.marked_processes(server.mark) == []


def test_workers_stop_when_the_supervisor_dies(combination_options: tuple[str, ...]) -> None:
    with harness.Server(LIFECYCLE, *combination_options) as server:
        assert server.worker_pids()
        os.kill(server.pid, signal.SIGKILL)
        server.process.wait(10)
        harness.wait_until(lambda: not server.worker_pids(), what="the workers' end")
        server.kill()
        server.stop = lambda: None  # type: ignore[method-assign]


def test_start_up_and_shut_down_handlers_run(combination_options: tuple[str, ...]) -> None:
    with harness.Server(LIFECYCLE, *combination_options) as server:
        assert server.get("/started").json() == {"started": True}
        server.send_signal(signal.SIGTERM)
        assert server.wait() == 0
        workers = 2 if "procs" in combination_options else 1
        assert server.stderr.text.count("shut down cleanly") == workers


def test_a_worker_that_dies_at_start_over_and_over_is_not_restarted_without_pause(
    start_server: Start, tmp_path: harness.Path
) -> None:
    flag = tmp_path / "die"
    server = start_server(
        LIFECYCLE, "--mode", "procs", "-w", "2", env={"DIE_IF": str(flag), "COUNT": str(tmp_path)}
    )
    flag.touch()
    for pid in server.worker_pids():
        os.kill(pid, signal.SIGKILL)
    time.sleep(4)
    starts = len(list(tmp_path.glob("start-*")))
    assert starts < 40
    flag.unlink()
    harness.wait_until(lambda: len(server.worker_pids()) == 2, what="both workers")
    assert server.get("/", timeout=20).status == 200
