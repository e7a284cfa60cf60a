"""Runs wrk and reads what it measured, as numbers rather than as its prose."""

import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

_DONE = """
done = function(summary, latency, requests)
   local e = summary.errors
   io.write(string.format(
      'RESULT {"requests":%d,"duration_us":%d,"bytes":%d,"connect":%d,"read":%d,"write":%d,' ..
      '"status":%d,"timeout":%d,"p50_us":%d,"p99_us":%d,"max_us":%d}\\n',
      summary.requests, summary.duration, summary.bytes,
      e.connect, e.read, e.write, e.status, e.timeout,
      latency:percentile(50), latency:percentile(99), latency.max))
end
"""

# N requests are sent as one string, and N answers are awaited. In place of wrk's own request, not
# by a `request` function, which would cost the client a call of Lua for each batch.
_PIPELINE = """
init = function(args)
   local batch = string.rep(wrk.format("GET", wrk.path), {depth})
   wrk.format = function() return batch end
end
"""


@dataclass(frozen=True)
class Load:
    """What to send."""

    url: str
    connections: int
    duration: float
    pipeline: int = 1
    threads: int = 1


@dataclass(frozen=True)
class Outcome:
    """What came back. Errors and statuses other than 2xx and 3xx are in `errors`."""

    requests: int
    seconds: float
    rate: float
    p50_us: int
    p99_us: int
    max_us: int
    errors: int


class LoadError(Exception):
    """wrk is not there or could not run; the message is for the user."""


def run(load: Load, cores: set[int] | None = None) -> Outcome:
    """Sends `load` from the given cores and waits for the end of it."""
    program = shutil.which("wrk")
    if program is None:
        raise LoadError("wrk is not installed: scripts/bootstrap bench brings it")
    with tempfile.TemporaryDirectory(prefix="turbo-bench-") as folder:
        script = Path(folder) / "load.lua"
        script.write_text(
            (_PIPELINE.format(depth=load.pipeline) if load.pipeline > 1 else "") + _DONE
        )
        command = [
            program, f"-t{load.threads}", f"-c{load.connections}",
            f"-d{max(1, round(load.duration))}s",
            "--timeout", "10s", "-s", str(script), load.url,
        ]  # fmt: skip
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=None if cores is None else lambda: os.sched_setaffinity(0, cores),
        )
    for line in done.stdout.splitlines():
        if line.startswith("RESULT "):
            return _outcome(json.loads(line.removeprefix("RESULT ")))
    raise LoadError(f"wrk failed on {load.url}: {(done.stderr or done.stdout).strip()}")


def _outcome(raw: dict[str, int]) -> Outcome:
    seconds = raw["duration_us"] / 1e6
    return Outcome(
        requests=raw["requests"],
        seconds=seconds,
        rate=raw["requests"] / seconds,
        p50_us=raw["p50_us"],
        p99_us=raw["p99_us"],
        max_us=raw["max_us"],
        errors=sum(raw[kind] for kind in ("connect", "read", "write", "status", "timeout")),
    )
