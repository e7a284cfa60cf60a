"""A handler that keeps the interpreter busy: what the modes differ in.

    turbo run examples/cpu_bound.py --mode threads --threads 2 --python 3.14t
    curl 'http://127.0.0.1:8000/cpu?us=1000'

The work is a fixed number of turns of a loop in Python, not a wait until a clock says so: a handler
that only waits for the clock takes as long beside a rival for the GIL as without one, and would
hide what is to be shown. How many turns make a microsecond is measured once, when the application
is loaded, in CPU time of this thread (a neighbour on the machine does not count then), as the
fastest of several tries. CPU_TURNS_PER_US sets it by hand, for comparing interpreters at the same
work rather than at the same time.
"""

import os
import time
from typing import Any

from turbo import App, HTTPError

app = App()

LONGEST_US = 10_000_000


def spin(turns: int) -> int:
    """Pure Python work: no call, no allocation that lasts, nothing shared between threads."""
    value = 0
    for turn in range(turns):
        value = (value * 31 + turn) & 0xFFFF
    return value


def measure_turns_per_us() -> float:
    """How many turns of ``spin`` this thread makes in a microsecond when nothing holds it up."""
    turns = 100_000
    spin(turns)  # the interpreter specialises the loop first
    fastest = float("inf")
    for _ in range(5):
        begin = time.thread_time_ns()
        spin(turns)
        fastest = min(fastest, time.thread_time_ns() - begin)
    return turns * 1000 / max(fastest, 1)


TURNS_PER_US = float(os.environ.get("CPU_TURNS_PER_US") or measure_turns_per_us())


@app.get("/cpu")
def cpu(us: int = 1000) -> dict[str, Any]:
    if not 0 <= us <= LONGEST_US:
        raise HTTPError(422, f"us is 0 to {LONGEST_US}")
    return {"us": us, "value": spin(round(us * TURNS_PER_US))}


@app.get("/calibration")
def calibration() -> dict[str, float]:
    return {"turns_per_us": TURNS_PER_US}
