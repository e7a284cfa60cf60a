"""Counts the system calls of running processes with strace."""

import contextlib
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

READS = ("read", "readv", "pread64", "recvfrom", "recvmsg", "recvmmsg")
WRITES = ("write", "writev", "pwrite64", "sendto", "sendmsg", "sendmmsg", "sendfile")


class CountError(Exception):
    """strace is not there or may not look; the message is for the user."""


class Counter:
    """Counts while the `with` block runs; slows the processes, so only counts mean something."""

    def __init__(self, pids: Sequence[int]):
        self._pids = pids
        self._counts: dict[str, int] = {}

    def __enter__(self) -> Self:
        program = shutil.which("strace")
        if program is None:
            raise CountError("strace is not installed (apt-get install strace)")
        self._folder = tempfile.TemporaryDirectory(prefix="turbo-bench-")
        self._summary = Path(self._folder.name) / "summary"
        attach = [option for pid in self._pids for option in ("-p", str(pid))]
        self._process = subprocess.Popen(
            [program, "-f", "-c", "-o", str(self._summary), *attach],
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        time.sleep(0.5)  # to attach to all threads
        if self._process.poll() is not None:
            said = self._process.stderr.read() if self._process.stderr else ""
            self._folder.cleanup()
            raise CountError(f"strace could not attach: {said.strip()}")
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGINT)  # detach and write the summary
        self._process.wait(timeout=30)
        for line in self._summary.read_text().splitlines():
            # % time, seconds, usecs/call, calls, errors (or nothing), syscall
            fields = line.split()
            if len(fields) in (5, 6) and fields[3].isdigit() and fields[-1] != "total":
                self._counts[fields[-1]] = int(fields[3])
        self._folder.cleanup()

    def per_request(self, requests: int) -> dict[str, float]:
        """Calls a request, by name, without rare ones; all that read or write as `read+write`."""
        if requests == 0 or not self._counts:
            raise CountError("nothing was counted: no request was answered under strace")
        rates = {name: count / requests for name, count in self._counts.items()}
        both = sum(rates.get(name, 0.0) for name in (*READS, *WRITES))
        return {"read+write": both} | {name: rate for name, rate in rates.items() if rate >= 0.001}
