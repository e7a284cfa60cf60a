// Dispatcher: the same engine, in process.
#include <Python.h>

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "gateway_test_util.h"

namespace turbo::pyembed::testing {
namespace {

constexpr const char* kDispatched = R"(
import threading, contextvars
from _turbo import Dispatcher
var = contextvars.ContextVar("var", default="unset")
inner = []
@app.get("/n/{n}")
def number(n: int): return n
@app.get("/stream")
def stream(): return StreamingResponse([b"x" * 100000, b"y" * 100000])
@app.get("/cut")
def cut():
    def body():
        yield b"some"
        raise ValueError
    return StreamingResponse(body())
@app.get("/nested")
def nested():
    try:
        inner[0].request_bytes(get("/n/1"))
    except RuntimeError as error:
        return str(error)
@app.get("/var")
def var_(): return var.get()
def get(path, extra=""):
    return f"GET {path} HTTP/1.1\r\nHost: t\r\n{extra}\r\n".encode()
d = Dispatcher(app)
inner.append(d)
def send(*args): return d.request_bytes(get(*args)).decode()
def status(*args): return send(*args).split()[1]
def threads():
    wrong = []
    def run(n):
        for _ in range(50):
            if not send(f"/n/{n}").endswith(f"\r\n\r\n{n}"): wrong.append(n)
    all = [threading.Thread(target=run, args=(n,)) for n in range(4)]
    for t in all: t.start()
    for t in all: t.join()
    return wrong
def within():
    token = var.set("of the test")
    try:
        return send("/var")
    finally:
        var.reset(token)
def raises(kind, call):
    try:
        call()
    except kind:
        return True
    return False
)";

TEST_CASE("Dispatcher answers, keeps the connection and begins a new one", "[gateway]") {
  ServedApp app(kDispatched);
  CHECK(app.Text("status('/n/1'), status('/n/2')") == "('200', '200')");
  CHECK(app.Text("d.request_bytes(get('/n/1') + get('/n/2')).count(b'HTTP/1.1 200')") == "2");
  // A request in pieces, across calls.
  CHECK(app.Text("d.request_bytes(get('/n/7')[:9])") == "b''");
  CHECK(app.Text("d.request_bytes(get('/n/7')[9:]).decode()[-5:]") == "\r\n\r\n7");
  CHECK(app.Text("send('/n/3', 'Connection: close\\r\\n').count('Connection: close')") == "1");
  CHECK(app.Text("d.request_bytes(b'nonsense\\r\\n\\r\\n').split()[1]") == "b'400'");
  CHECK(app.Text("status('/n/4')") == "200");
  CHECK(app.Text("len(send('/stream')) > 200000, status('/n/5')") == "(True, '200')");
}

TEST_CASE("Dispatcher gives what was sent of a body that failed", "[gateway]") {
  ServedApp app(kDispatched);
  const LogCapture log;
  CHECK(app.Text("'some' in send('/cut'), send('/cut').endswith('0\\r\\n\\r\\n')") ==
        "(True, False)");
  CHECK(app.Text("status('/n/1')") == "200");
}

TEST_CASE("Dispatcher may be used by several threads, but not by its own handlers", "[gateway]") {
  ServedApp app(kDispatched);
  CHECK(app.Text("threads()") == "[]");
  CHECK(app.Text("send('/nested').split('\\r\\n\\r\\n')[1]").find("use another one") !=
        std::string::npos);
}

TEST_CASE("Dispatcher runs handlers apart from the caller's context", "[gateway]") {
  ServedApp app(kDispatched);
  CHECK(app.Text("within().endswith('unset')") == "True");
}

TEST_CASE("Dispatcher refuses what is no application", "[gateway]") {
  ServedApp app(kDispatched);
  CHECK(app.Text("raises(Exception, lambda: Dispatcher(3))") == "True");
  CHECK(app.Text("raises(TypeError, lambda: Dispatcher())") == "True");
  CHECK(app.Text("raises(TypeError, lambda: d.request_bytes('text'))") == "True");
}

TEST_CASE("_turbo encodes and decodes JSON", "[gateway]") {
  ServedApp app("from _turbo import json_encode, json_decode");
  CHECK(app.Text(R"(json_encode({"a": ["é", 1.5, None]}))") == R"(b'{"a":["\xc3\xa9",1.5,null]}')");
  CHECK(app.Text(R"(json_decode('{"a": 1}'), json_decode(b'[1]'), json_decode(bytearray(b'2')))") ==
        "({'a': 1}, [1], 2)");
}

}  // namespace
}  // namespace turbo::pyembed::testing
