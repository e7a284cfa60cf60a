"""For the tests of supervision: slow handlers, start-up and shutdown hooks, deaths on demand."""

import os
import sys
import time
import uuid
from pathlib import Path

from turbo import App

app = App()
started = False

if count := os.environ.get("COUNT"):
    (Path(count) / f"start-{uuid.uuid4().hex}").touch()
if (flag := os.environ.get("DIE_IF")) and Path(flag).exists():
    os._exit(9)


@app.on_startup
def start() -> None:
    global started
    started = True


@app.on_shutdown
def stop() -> None:
    print("shut down cleanly", file=sys.stderr, flush=True)


@app.get("/")
def root() -> dict[str, int]:
    return {"pid": os.getpid()}


@app.get("/started")
def is_started() -> dict[str, bool]:
    return {"started": started}


@app.get("/sleep/{seconds}")
def sleep(seconds: float) -> dict[str, float]:
    time.sleep(seconds)
    return {"slept": seconds}
