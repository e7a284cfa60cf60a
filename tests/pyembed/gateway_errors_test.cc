// What handlers raise, and what happens to a process that meets it.
#include <Python.h>

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "gateway_test_util.h"
#include "pyembed/py_util.h"

namespace turbo::pyembed::testing {
namespace {

TEST_CASE("NativeGateway logs an exception once, with route and traceback", "[gateway]") {
  ServedApp app(R"(
@app.get("/users/{user_id}")
def boom(user_id: int): return 1 // user_id
)");
  const LogCapture log;
  CHECK(app.Status("/users/0") == 500);
  INFO(log.text());
  CHECK(log.Count("GET /users/{user_id}") == 1);
  CHECK(log.Count("Traceback (most recent call last)") == 1);
  CHECK(log.Count("in boom") == 1);
  CHECK(log.Count("ZeroDivisionError") == 1);
  CHECK(app.Status("/users/1") == 200);
}

TEST_CASE("NativeGateway survives SystemExit, KeyboardInterrupt, RecursionError and MemoryError",
          "[gateway]") {
  ServedApp app(R"(
import sys
@app.get("/exit")
def exit_(): sys.exit(3)
@app.get("/interrupt")
def interrupt(): raise KeyboardInterrupt
@app.get("/recursion")
def recursion(): return recursion()
@app.get("/memory")
def memory(): return [None] * (2 ** 62)
class Odd(Exception):
    def __str__(self): raise ValueError("no text")
@app.get("/odd")
def odd(): raise Odd
)");
  for (const char* path : {"/exit", "/interrupt", "/recursion", "/memory", "/odd"}) {
    INFO(path);
    const LogCapture log;
    CHECK(app.Status(path) == 500);
    CHECK(log.Count("raised an exception") == 1);
  }
}

TEST_CASE("NativeGateway answers HTTPError as it says and logs nothing", "[gateway]") {
  ServedApp app(R"(
class Gone(HTTPError):
    def __init__(self): super().__init__(410, {"reason": [1]})
@app.get("/plain")
def plain(): raise HTTPError(404)
@app.get("/headers")
def headers(): raise HTTPError(401, "who?", {"WWW-Authenticate": "Basic"})
@app.get("/gone")
def gone(): raise Gone
@app.get("/bad")
def bad():
    error = HTTPError(400)
    error.status = "400"
    raise error
)");
  {
    const LogCapture log;
    CHECK(Body(app.Get("/plain")) == R"({"detail":"Not Found"})");
    const std::string headers = app.Get("/headers");
    CHECK(headers.starts_with("HTTP/1.1 401 "));
    CHECK(headers.find("WWW-Authenticate: Basic\r\n") != std::string::npos);
    CHECK(Body(headers) == R"({"detail":"who?"})");
    const std::string gone = app.Get("/gone");
    CHECK(gone.starts_with("HTTP/1.1 410 "));
    CHECK(Body(gone) == R"({"detail":{"reason":[1]}})");
    CHECK(log.text().empty());
  }
  const LogCapture log;
  CHECK(app.Status("/bad") == 500);
  CHECK(log.Count("TypeError: the status") == 1);
}

TEST_CASE("NativeGateway chooses the exception handler of the nearest base", "[gateway]") {
  ServedApp app(R"(
class Base(Exception): pass
class Derived(Base): pass
@app.exception_handler(Base)
def on_base(request, error): return {"by": "base", "path": request.path}, 400
@app.exception_handler(Exception)
def on_any(request, error): return {"by": "any", "type": type(error).__name__}, 503
@app.get("/derived")
def derived(): raise Derived
@app.get("/value")
def value(): raise ValueError
@app.get("/http")
def http(): raise HTTPError(404)
@app.get("/exit")
def exit_(): raise SystemExit
)");
  const LogCapture log;
  CHECK(Body(app.Get("/derived")) == R"({"by":"base","path":"/derived"})");
  CHECK(Body(app.Get("/value")) == R"({"by":"any","type":"ValueError"})");
  CHECK(app.Status("/http") == 404);  // nearer to HTTPError than to Exception
  CHECK(log.text().empty());
  CHECK(app.Status("/exit") == 500);
}

TEST_CASE("NativeGateway treats an exception handler that raises like a handler", "[gateway]") {
  ServedApp app(R"(
@app.exception_handler(KeyError)
def reraise(request, error): raise
@app.exception_handler(ValueError)
def other(request, error): raise RuntimeError("worse")
@app.exception_handler(LookupError)
def http(request, error): raise HTTPError(409, str(error))
@app.get("/key")
def key(): raise KeyError("k")
@app.get("/value")
def value(): raise ValueError("v")
@app.get("/index")
def index(): raise IndexError("i")
)");
  {
    const LogCapture log;
    CHECK(app.Status("/key") == 500);
    CHECK(log.Count("KeyError: 'k'") == 1);
  }
  {
    const LogCapture log;
    CHECK(app.Status("/value") == 500);
    INFO(log.text());
    CHECK(log.Count("RuntimeError: worse") == 1);
    CHECK(log.Count("ValueError: v") == 1);  // as its context
  }
  CHECK(Body(app.Get("/index")) == R"({"detail":"i"})");
  CHECK(app.Text("__import__('sys').exception()") == "None");
}

TEST_CASE("NativeGateway answers a bad value with 422 before any handler code", "[gateway]") {
  ServedApp app(R"(
calls = []
@app.get("/users/{user_id}")
def user(user_id: int, limit: int = 10):
    calls.append(user_id)
    return user_id
)");
  const std::string response = app.Get("/users/x?limit=y");
  CHECK(response.starts_with("HTTP/1.1 422 "));
  CHECK(Body(response).find(R"("loc":["path","user_id"])") != std::string::npos);
  CHECK(Body(response).find(R"("loc":["query","limit"])") != std::string::npos);
  CHECK(app.Text("calls") == "[]");
}

TEST_CASE("NativeGateway gives each request the context variables of the start", "[gateway]") {
  ServedApp app(R"(
import contextvars
var = contextvars.ContextVar("var", default="unset")
class Odd:
    def __eq__(self, other): raise RuntimeError("not comparable")
@app.get("/set/{value}")
def set_(value: str):
    before = var.get()
    var.set(value)
    return before
@app.get("/odd")
def odd():
    var.set(Odd())
    return "odd"
@app.get("/stream")
def stream():
    var.set("of the stream")
    def chunks():
        yield var.get()
        var.set("changed")
        yield ", " + var.get()
    return StreamingResponse(chunks())
)");
  CHECK(Body(app.Get("/set/one")) == "unset");
  CHECK(Body(app.Get("/set/two")) == "unset");
  CHECK(Body(app.Get("/odd")) == "odd");
  CHECK(Body(app.Get("/set/three")) == "unset");
  CHECK(Body(app.Get("/stream")).find("of the stream") != std::string::npos);
  CHECK(Body(app.Get("/stream")).find(", changed") != std::string::npos);
  CHECK(Body(app.Get("/set/four")) == "unset");
}

TEST_CASE("NativeGateway::Create raises what is wrong with the routes", "[gateway]") {
  const auto create = [](const char* spec) {
    const std::string source =
        std::string("from types import SimpleNamespace as N\n") +
        "from turbo._compile import RouteSpec\nroutes = [" + spec +
        "]\ncompiled = N(routes=routes, trailing_slash='strict', exception_handlers={})\n";
    const PyRef globals = PyRef::Steal(PyDict_New());
    const PyRef ran =
        PyRef::Steal(PyRun_String(source.c_str(), Py_file_input, globals.get(), globals.get()));
    REQUIRE(ran);
    const auto gateway = NativeGateway::Create(PyDict_GetItemString(globals.get(), "compiled"));
    const std::string raised = TakeRaised();
    CHECK((gateway != nullptr) == raised.empty());
    return raised;
  };
  CHECK(create("RouteSpec(('GET',), '/a', len, [], 200, 'a')").empty());
  CHECK(create("RouteSpec(('GET',), '/a', len, [], 200, 'a'), RouteSpec(('GET',), '/a', len, [], "
               "200, 'b')")
            .find("ConfigurationError") != std::string::npos);
  CHECK(create("RouteSpec(('FETCH',), '/a', len, [], 200, 'a')").find("FETCH") !=
        std::string::npos);
  CHECK(create("RouteSpec(('GET',), 'a', len, [], 200, 'a')").find("ConfigurationError") !=
        std::string::npos);
  CHECK(create("RouteSpec(('GET',), '/a', len, [('nonsense',)], 200, 'a')") != "");
}

}  // namespace
}  // namespace turbo::pyembed::testing
