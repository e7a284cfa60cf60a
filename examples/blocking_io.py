"""Handlers that wait: for a timer, and for a file.

    turbo run examples/blocking_io.py --mode threads --threads 8
    curl 'http://127.0.0.1:8000/sleep?ms=50'

A handler that waits holds up the other connections of its loop, so what such a service can do is
the number of its loops divided by the time that a request waits: give it more loops (--threads) or
processes (-w) than cores.
"""

import tempfile
import time
from typing import Any

from turbo import App, HTTPError

app = App()

LONGEST_MS = 60_000
CHUNK = b"x" * 65536


@app.get("/sleep")
def sleep(ms: float = 10.0) -> dict[str, Any]:
    if not 0 <= ms <= LONGEST_MS:
        raise HTTPError(422, f"ms is 0 to {LONGEST_MS}")
    begin = time.perf_counter()
    time.sleep(ms / 1000)  # gives up the GIL, as every wait in the standard library does
    return {"asked_ms": ms, "waited_ms": round((time.perf_counter() - begin) * 1000, 3)}


@app.get("/file")
def file(kib: int = 1024) -> dict[str, int]:
    """Write a temporary file of this size and read it back."""
    if not 0 <= kib <= 65536:
        raise HTTPError(422, "kib is 0 to 65536")
    size = kib * 1024
    with tempfile.TemporaryFile() as scratch:
        for begin in range(0, size, len(CHUNK)):
            scratch.write(CHUNK[: size - begin])
        scratch.seek(0)
        read = 0
        while chunk := scratch.read(len(CHUNK)):
            read += len(chunk)
    return {"bytes": read}
