"""turbo: Python web applications on a C++ engine, as events, threads or processes.

    from turbo import App

    app = App()

    @app.get("/users/{user_id}")
    def get_user(user_id: int):
        return {"user_id": user_id, "name": f"User {user_id}"}

Serve it with ``turbo run app.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from turbo.app import App
from turbo.errors import ConfigurationError, HTTPError
from turbo.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from turbo.routing import Router

if TYPE_CHECKING:
    from turbo._native import Request

__version__ = "0.1.0"

__all__ = [
    "App",
    "ConfigurationError",
    "HTMLResponse",
    "HTTPError",
    "JSONResponse",
    "PlainTextResponse",
    "RedirectResponse",
    "Request",
    "Response",
    "Router",
    "StreamingResponse",
    "__version__",
]


def __getattr__(name: str) -> object:
    # The compiled module is loaded when it is needed: `python app.py` with app.run() needs none of
    # it.
    if name == "Request":
        from turbo._native import Request

        globals()[name] = Request
        return Request
    raise AttributeError(f"module 'turbo' has no attribute {name!r}")
