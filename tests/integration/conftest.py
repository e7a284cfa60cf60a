"""Fixtures of the integration tests; the machinery is in harness.py."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# `import integration.harness` works for every test below, however pytest was started.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from integration import harness


@pytest.fixture(scope="session", autouse=True)
def turbo_program() -> str:
    """The program under test; every test needs it."""
    program = harness.turbo_bin()
    assert Path(program).is_file(), (
        f"{program} is missing: build it with `make build`, or name one in TURBO_BIN"
    )
    return program


@pytest.fixture
def start_server() -> Iterator[Callable[..., harness.Server]]:
    """``start_server(target, *options, env=…, cwd=…, uds=…)``; stopped at the end: exit 0."""
    servers: list[harness.Server] = []

    def start(target: str | Path, *options: str, **more: object) -> harness.Server:
        server = harness.Server(target, *options, **more)  # type: ignore[arg-type]
        servers.append(server)
        return server

    yield start
    try:
        for server in servers:
            if server.process.poll() is None:
                server.stop()
    finally:
        for server in servers:
            server.kill()


@pytest.fixture(scope="session")
def python_ft() -> str:
    """A free-threaded interpreter's path."""
    version = harness.newest(free_threaded=True)
    if version is None:
        pytest.skip("no worker for a free-threaded interpreter in this build")
    return harness.interpreters()[version]


@pytest.fixture(scope="session")
def python_gil() -> str:
    """The path of an interpreter with the GIL."""
    version = harness.newest(free_threaded=False)
    if version is None:
        pytest.skip("no worker for an interpreter with the GIL in this build")
    return harness.interpreters()[version]


@pytest.fixture(scope="module", params=list(harness.combinations()), ids="-".join)
def combination(request: pytest.FixtureRequest) -> tuple[str, str]:
    """(mode, interpreter), each in turn: ("threads", "3.14t")."""
    mode, version = request.param
    return mode, version


@pytest.fixture(scope="module")
def combination_options(combination: tuple[str, str]) -> tuple[str, ...]:
    """The options of ``turbo run`` for the combination."""
    mode, version = combination
    return (*harness.MODES[mode], "--python", harness.interpreters()[version])


@pytest.fixture(scope="module")
def shared_server(combination_options: tuple[str, ...]) -> Iterator[Callable[..., harness.Server]]:
    """As ``start_server``, in the combination at hand; equal arguments share one for the module."""
    servers: dict[tuple[str, ...], harness.Server] = {}

    def get(target: str | Path, *options: str) -> harness.Server:
        key = (str(target), *options)
        if key not in servers or servers[key].process.poll() is not None:
            servers[key] = harness.Server(target, *combination_options, *options)
        return servers[key]

    yield get
    try:
        for server in servers.values():
            server.stop()
    finally:
        for server in servers.values():
            server.kill()
