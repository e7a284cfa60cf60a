"""A ``turbo run`` for the time of a test; public through :mod:`turbo.testing`."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from turbo import _run

__all__ = ["Server", "serve"]


class Server:
    """A running ``turbo run``.

    Args:
        target: What to serve, as ``turbo run`` takes it.
        start_timeout: Seconds until it must be ready.
        **options: Options of ``turbo run``, with underscores: ``mode="procs", workers=2``. Host and
            port are a free one on the loopback interface unless they are given; the interpreter is
            this one unless ``python`` is given.

    Raises:
        RuntimeError: It did not become ready; the message has its output.

    Attributes:
        url: ``http://127.0.0.1:43210``.
        host: The address.
        port: The port.
        process: The supervisor.
    """

    def __init__(self, target: str, *, start_timeout: float = 30.0, **options: Any) -> None:
        chosen = {"host": "127.0.0.1", "port": 0}
        if options.get("python") is None:
            chosen["python"] = sys.executable
        chosen.update(options)
        arguments = _run.option_arguments(
            {name.replace("_", "-"): value for name, value in chosen.items()}
        )
        self.process = subprocess.Popen(  # noqa: S603
            [_run.find_turbo(), "run", *arguments, target],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self._lines: list[str] = []
        self._changed = threading.Condition()
        self._ended = False
        threading.Thread(target=self._read_output, daemon=True).start()
        self.url = self._wait_until_ready(time.monotonic() + start_timeout)
        parts = urlsplit(self.url)
        self.host, self.port = parts.hostname or "127.0.0.1", parts.port or 80

    @property
    def output(self) -> str:
        """All that the server has printed so far."""
        with self._changed:
            return "".join(self._lines)

    def stop(self, timeout: float = 35.0) -> int:
        """Stop the server gracefully; kill it if that takes longer than ``timeout`` seconds.

        Returns:
            Its exit code.
        """
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def _read_output(self) -> None:
        stream = self.process.stdout
        if stream is not None:  # it is a pipe
            for line in stream:
                with self._changed:
                    self._lines.append(line)
                    self._changed.notify_all()
            stream.close()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _wait_until_ready(self, deadline: float) -> str:
        url = ""
        seen = 0
        with self._changed:
            while True:
                for line in self._lines[seen:]:
                    found = re.search(r'(?:^\s*address:?\s+|"url":")(http://[^\s"]+)', line)
                    url = found[1] if found else url
                    if url and re.search(r'^\s*ready\b|"event":"ready"', line):
                        return url
                seen = len(self._lines)
                rest = deadline - time.monotonic()
                if self._ended or rest <= 0 or not self._changed.wait(rest):
                    break
            output = "".join(self._lines)
        what = "ended before it was ready" if self._ended else "did not become ready in time"
        self.stop(timeout=5.0)
        raise RuntimeError(f"turbo run {what}; it printed:\n{output}")


@contextmanager
def serve(target: str, **options: Any) -> Iterator[Server]:
    """Run ``turbo run target`` for the time of a ``with`` block.

    Args:
        target: What to serve.
        **options: As for :class:`Server`.

    Yields:
        The running server.

    Raises:
        RuntimeError: It did not become ready; the message has its output.
    """
    server = Server(target, **options)
    try:
        yield server
    finally:
        server.stop()
