"""A small service: paths with parameters, a query, JSON bodies, statuses, errors.

turbo run examples/multi_route_app.py
curl http://127.0.0.1:8000/users/123
curl -d '{"name":"Widget","price":9.99}' http://127.0.0.1:8000/items -H 'content-type:
application/json'
"""

from dataclasses import dataclass
from typing import Any

from turbo import App, HTTPError, PlainTextResponse, Request, Response

app = App()


@dataclass
class Item:
    name: str
    price: float
    description: str | None = None


@app.get("/")
def hello() -> dict[str, str]:
    return {"message": "Hello, World!"}


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok", "engine": "turbo"}


@app.get("/json")
def some_json() -> dict[str, Any]:
    return {"data": [1, 2, 3, 4, 5], "status": "ok", "count": 5}


@app.get("/users/{user_id}")
def get_user(user_id: int) -> dict[str, Any]:
    return {"user_id": user_id, "name": f"User {user_id}"}


@app.post("/items")
def create_item(item: Item) -> dict[str, Any]:
    return {"created": True, "item": item}


@app.get("/status201", status=201)
def created() -> dict[str, bool]:
    return {"created": True}


@app.get("/search")
def search(q: str, limit: int = 10) -> dict[str, Any]:
    results = [f"{q} {number}" for number in range(1, min(limit, 100) + 1)]
    return {"query": q, "limit": limit, "results": results}


@app.get("/plain")
def plain() -> Response:
    return PlainTextResponse("Hello, World!")


@app.get("/files/{path:path}")
def file_name(path: str) -> dict[str, str]:
    return {"path": path}


@app.post("/echo")
def echo(body: bytes, request: Request) -> Response:
    return Response(
        body, media_type=request.headers.get("content-type", "application/octet-stream")
    )


@app.get("/missing")
def missing() -> None:
    raise HTTPError(404, "there is nothing here")


if __name__ == "__main__":
    app.run()
