"""An application for tests of turbo run: says which process, thread and interpreter served."""

import os
import sys
import threading
import time

from turbo import App, Request

app = App()
application = app  # the same under another name


@app.get("/")
def root():
    return {"message": "Hello, World!"}


@app.get("/where")
def where():
    return {
        "pid": os.getpid(),
        "thread": threading.get_ident(),
        "gil": getattr(sys, "_is_gil_enabled", lambda: True)(),
        "version": ".".join(map(str, sys.version_info[:3])),
        "executable": sys.executable,
        "prefix": sys.prefix,
        "base_prefix": sys.base_prefix,
        "path": sys.path,
        "argv": sys.argv,
        "cwd": os.getcwd(),
    }


@app.get("/sleep")
def sleep(ms: float = 10.0):
    time.sleep(ms / 1000)
    return {"slept": ms}


@app.get("/fail")
def fail():
    raise RuntimeError("asked to fail")


@app.get("/environment")
def environment(name: str):
    return {"value": os.environ.get(name)}


@app.post("/length")
def length(body: bytes):
    return {"length": len(body)}


@app.get("/peer")
def peer(request: Request):
    return {"client": str(request.client)}
