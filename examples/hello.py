"""The smallest application.

turbo run examples/hello.py
curl http://127.0.0.1:8000/
"""

from turbo import App

app = App()


@app.get("/")
def hello() -> dict[str, str]:
    return {"message": "Hello, World!"}
