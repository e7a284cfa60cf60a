// Request: its parts, and its life after the response.
#include <Python.h>

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "gateway_test_util.h"
#include "pyembed/argument_binder.h"

namespace turbo::pyembed::testing {
namespace {

constexpr const char* kKeeping = R"(
import threading, uuid
kept = []
@app.post("/keep/{name}/{number:int}/{id:uuid}")
def keep(request: Request):
    kept.append(request)
    return "kept"
@app.post("/drop")
def drop(request: Request):
    return request.text()
)";

const std::string kId = "12345678-1234-5678-1234-567812345678";

std::string Post(const std::string& target, const std::string& body) {
  return "POST " + target +
         " HTTP/1.1\r\nHost: test\r\nCookie: a=1; b=\"two\"\r\nX-Twice: 1\r\nx-twice: 2\r\n" +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

TEST_CASE("Request that is kept answers everything after the response", "[gateway]") {
  ServedApp app(kKeeping);
  app.Send(Post("/keep/a%20b/7/" + kId + "?q=1&q=%C3%A9&e=", R"({"k":[1]})"));
  for (int i = 0; i < 3; ++i)
    app.Send(Post("/drop", std::string(2000, 'x')));  // the buffers are used again
  CHECK(app.Text("kept[0].method") == "POST");
  CHECK(app.Text("kept[0].path") == "/keep/a b/7/" + kId);
  CHECK(app.Text("kept[0].raw_path") == "b'/keep/a%20b/7/" + kId + "'");
  CHECK(app.Text("kept[0].query_string") == "b'q=1&q=%C3%A9&e='");
  CHECK(app.Text("kept[0].query.getlist('q')") == "['1', 'é']");
  CHECK(app.Text("kept[0].query['q'], kept[0].query['e'], kept[0].query.get('x', 9)") ==
        "('é', '', 9)");
  CHECK(app.Text("kept[0].headers['HOST']") == "test");
  CHECK(app.Text("kept[0].headers.getlist('X-Twice'), kept[0].headers['x-twice']") ==
        "(['1', '2'], '1')");
  CHECK(app.Text("kept[0].cookies") == "{'a': '1', 'b': 'two'}");
  CHECK(app.Text("kept[0].client") == "None");
  CHECK(app.Text("kept[0].body") == R"(b'{"k":[1]}')");
  CHECK(app.Text("kept[0].json()") == "{'k': [1]}");
  CHECK(app.Text("kept[0].text()") == R"({"k":[1]})");
  CHECK(app.Text("kept[0].path_params['name'], kept[0].path_params['number']") == "('a b', 7)");
  CHECK(app.Text("kept[0].path_params['id'] == uuid.UUID('" + kId + "')") == "True");
  CHECK(app.Text("repr(kept[0])") == "<Request POST '/keep/a b/7/" + kId + "'>");
}

TEST_CASE("Request gives the same objects each time", "[gateway]") {
  ServedApp app(R"(
@app.get("/")
def same(request: Request):
    request.state.user = "me"
    return [getattr(request, name) is getattr(request, name) for name in
            ("method", "path", "query", "headers", "cookies", "body", "path_params", "state")] + [request.state.user]
)");
  CHECK(Body(app.Get("/")) == R"([true,true,true,true,true,true,true,true,"me"])");
}

TEST_CASE("Request is one object for all that a request reaches, and state is its own",
          "[gateway]") {
  ServedApp app(R"(
seen = []
@app.exception_handler(ValueError)
def on_value(request, error): return {"same": request is seen[-1], "state": vars(request.state)}
@app.get("/")
def index(request: Request, again: Request):
    assert request is again and not vars(request.state)
    seen.append(request)
    request.state.a = 1
    raise ValueError
)");
  CHECK(Body(app.Get("/")) == R"({"same":true,"state":{"a":1}})");
  CHECK(Body(app.Get("/")) == R"({"same":true,"state":{"a":1}})");
}

TEST_CASE("Request that nobody keeps is gone after the response", "[gateway]") {
  ServedApp app(R"(
import weakref, gc
class Marker: pass
markers = []
@app.get("/")
def index(request: Request):
    marker = Marker()
    markers.append(weakref.ref(marker))
    request.state.marker = marker
    return "x"
@app.get("/cycle")
def cycle(request: Request):
    marker = Marker()
    markers.append(weakref.ref(marker))
    request.state.marker = marker
    request.state.request = request
    return "x"
)");
  app.Get("/");
  CHECK(app.Text("markers[0]()") == "None");
  app.Get("/cycle");
  app.Evaluate("gc.collect()");
  CHECK(app.Text("markers[1]()") == "None");
}

TEST_CASE("Request may be read by another thread while its response ends", "[gateway]") {
  ServedApp app(R"(
import threading
threads, wrong = [], []
def read(request, number):
    for _ in range(20):
        if request.headers["x-number"] != number or request.query["n"] != number or request.body != number.encode():
            wrong.append((number, dict(request.headers), dict(request.query), request.body))
@app.post("/")
def index(request: Request, n: str):
    thread = threading.Thread(target=read, args=(request, n))
    threads.append(thread)
    thread.start()
    return "x"
def join():
    for thread in threads: thread.join()
)");
  for (int i = 100; i < 300; ++i) {
    const std::string number = std::to_string(i);
    app.Send("POST /?n=" + number + " HTTP/1.1\r\nHost: t\r\nX-Number: " + number +
             "\r\nContent-Length: 3\r\n\r\n" + number);
  }
  app.Evaluate("join()");
  CHECK(app.Text("len(threads)") == "200");
  CHECK(app.Text("wrong") == "[]");
}

TEST_CASE("Headers and QueryParams are mappings", "[gateway]") {
  ServedApp app(R"(
import collections.abc
kept = []
def raises(kind, call):
    try:
        call()
    except kind:
        return True
    return False
@app.get("/")
def index(request: Request):
    kept.append(request)
    return dict(request.query)
)");
  CHECK(Body(app.Get("/?a=1&b=%zz&a=3&&c&=x&plus=a+b")) ==
        R"({"a":"3","b":"%zz","c":"","":"x","plus":"a b"})");
  CHECK(app.Text("isinstance(kept[0].query, collections.abc.Mapping), isinstance(kept[0].headers, "
                 "collections.abc.Mapping)") == "(True, True)");
  CHECK(app.Text("len(kept[0].query), list(kept[0].query)") == "(5, ['a', 'b', 'c', '', 'plus'])");
  CHECK(app.Text("kept[0].query.multi_items()[:3]") == "[('a', '1'), ('b', '%zz'), ('a', '3')]");
  CHECK(app.Text("'a' in kept[0].query, 'z' in kept[0].query, 1 in kept[0].query") ==
        "(True, False, False)");
  CHECK(app.Text("list(kept[0].headers.items())") == "[('host', 'test')]");
  CHECK(app.Text("list(kept[0].headers.values()), list(kept[0].headers.keys())") ==
        "(['test'], ['host'])");
  CHECK(app.Text("kept[0].headers == {'host': 'test'}, kept[0].headers != kept[0].headers") ==
        "(True, False)");
  CHECK(app.Text("repr(kept[0].headers)") == "Headers([('host', 'test')])");
  CHECK(app.Text("raises(KeyError, lambda: kept[0].query['z'])") == "True");
  CHECK(app.Text("raises(TypeError, lambda: hash(kept[0].query))") == "True");
  CHECK(app.Text("raises(TypeError, lambda: type(kept[0])())") == "True");
  CHECK(app.Text("raises(TypeError, lambda: type(kept[0].query)())") == "True");
  CHECK(app.Text("raises(AttributeError, lambda: setattr(kept[0], 'path', 1))") == "True");
}

TEST_CASE("Request.json and text refuse what is neither", "[gateway]") {
  ServedApp app(R"(
@app.post("/json")
def json(request: Request):
    try:
        return {"value": request.json()}
    except ValueError as error:
        return {"error": type(error).__name__}
@app.post("/text")
def text(request: Request):
    try:
        return request.text()
    except UnicodeDecodeError:
        return "not text"
)");
  CHECK(Body(app.Send(Post("/json", "{"))) == R"({"error":"ValueError"})");
  CHECK(Body(app.Send(Post("/json", "[1]"))) == R"({"value":[1]})");
  CHECK(Body(app.Send(Post("/text", "\xFF"))) == "not text");
}

}  // namespace
}  // namespace turbo::pyembed::testing
