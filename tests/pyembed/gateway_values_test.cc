// What handlers return, as responses.
#include <Python.h>

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "gateway_test_util.h"

namespace turbo::pyembed::testing {
namespace {

bool Has(const std::string& response, const std::string& line) {
  return response.find("\r\n" + line + "\r\n") != std::string::npos;
}

TEST_CASE("NativeGateway answers with each kind of plain value", "[gateway]") {
  ServedApp app(R"(
import dataclasses, collections, typing
@dataclasses.dataclass
class Point:
    x: int
    y: float
class Pair(typing.NamedTuple):
    a: int
    b: str
VALUES = {"dict": {"a": [1, None, True]}, "list": [1, 2], "str": "h\u00e9", "bytes": b"\x00\xff",
          "bytearray": bytearray(b"xy"), "int": 7, "float": 1.5, "bool": False, "point": Point(1, 2.0),
          "pair": Pair(1, "b"), "ordered": collections.OrderedDict(z=1), "big": 10 ** 30}
@app.get("/{name}")
def value(name: str):
    return VALUES[name]
)");
  struct Case {
    std::string name, type, body;
  };
  const std::string json = "application/json";
  for (const Case& c : {Case{"dict", json, R"({"a":[1,null,true]})"}, Case{"list", json, "[1,2]"},
                        Case{"str", "text/plain; charset=utf-8", "h\xC3\xA9"},
                        Case{"bytes", "application/octet-stream", std::string("\x00\xFF", 2)},
                        Case{"bytearray", "application/octet-stream", "xy"}, Case{"int", json, "7"},
                        Case{"float", json, "1.5"}, Case{"bool", json, "false"},
                        Case{"point", json, R"({"x":1,"y":2.0})"}, Case{"pair", json, R"([1,"b"])"},
                        Case{"ordered", json, R"({"z":1})"},
                        Case{"big", json, "1000000000000000000000000000000"}}) {
    INFO(c.name);
    const std::string response = app.Get("/" + c.name);
    CHECK(response.starts_with("HTTP/1.1 200 "));
    CHECK(Has(response, "Content-Type: " + c.type));
    CHECK(Has(response, "Content-Length: " + std::to_string(c.body.size())));
    CHECK(Body(response) == c.body);
  }
}

TEST_CASE("NativeGateway answers None with 204 unless a status is given", "[gateway]") {
  ServedApp app(R"(
@app.get("/none")
def none(): return None
@app.get("/created", status=201)
def created(): return None
@app.get("/explicit")
def explicit(): return None, 200
)");
  CHECK(app.Status("/none") == 204);
  CHECK(app.Get("/none").find("Content-Type") == std::string::npos);
  CHECK(app.Status("/created") == 201);
  CHECK(app.Status("/explicit") == 200);
}

TEST_CASE("NativeGateway takes status and headers from a tuple, without losing any", "[gateway]") {
  ServedApp app(R"(
@app.get("/status", status=202)
def status(): return {"a": 1}, 418
@app.get("/mapping")
def mapping(): return "x", 200, {"X-One": "1", "Content-Type": "text/csv"}
@app.get("/pairs")
def pairs(): return {"a": 1}, 201, [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]
@app.get("/response")
def response(): return Response("x", headers={"X-Two": "2"}), 203, {"X-One": "1"}
@app.get("/latin")
def latin(): return "x", 200, {"X-Name": "M\u00fcller", "X-Euro": "\u20ac"}
)");
  CHECK(app.Get("/status").starts_with("HTTP/1.1 418 "));
  const std::string mapping = app.Get("/mapping");
  CHECK(Has(mapping, "X-One: 1"));
  CHECK(Has(mapping, "Content-Type: text/csv"));
  CHECK(mapping.find("text/plain") == std::string::npos);
  const std::string pairs = app.Get("/pairs");
  CHECK(Has(pairs, "Set-Cookie: a=1"));
  CHECK(Has(pairs, "Set-Cookie: b=2"));
  CHECK(Has(pairs, "Content-Type: application/json"));
  const std::string response = app.Get("/response");
  CHECK(response.starts_with("HTTP/1.1 203 "));
  CHECK(Has(response, "X-One: 1"));
  CHECK(Has(response, "X-Two: 2"));
  const std::string latin = app.Get("/latin");
  CHECK(Has(latin, "X-Name: M\xFCller"));
  CHECK(Has(latin, "X-Euro: \xE2\x82\xAC"));
}

TEST_CASE("NativeGateway answers with turbo's response classes", "[gateway]") {
  ServedApp app(R"(
@app.get("/json")
def json(): return JSONResponse([1], 201, {"X-A": "1"}, "application/problem+json")
@app.get("/html")
def html(): return HTMLResponse("<p>")
@app.get("/redirect")
def redirect(): return RedirectResponse("/a b")
@app.get("/cookie")
def cookie():
    response = PlainTextResponse("x")
    response.set_cookie("a", "1")
    response.set_cookie("b", "2")
    return response
class Mine(Response):
    default_media_type = "text/x-mine"
@app.get("/mine")
def mine(): return Mine("x")
)");
  const std::string json = app.Get("/json");
  CHECK(json.starts_with("HTTP/1.1 201 "));
  CHECK(Has(json, "Content-Type: application/problem+json"));
  CHECK(Has(json, "X-A: 1"));
  CHECK(Body(json) == "[1]");
  CHECK(Has(app.Get("/html"), "Content-Type: text/html; charset=utf-8"));
  const std::string redirect = app.Get("/redirect");
  CHECK(redirect.starts_with("HTTP/1.1 307 "));
  CHECK(redirect.find("ocation: /a%20b\r\n") != std::string::npos);
  const std::string cookie = app.Get("/cookie");
  CHECK(cookie.find("a=1;") != std::string::npos);
  CHECK(cookie.find("b=2;") != std::string::npos);
  CHECK(Has(app.Get("/mine"), "Content-Type: text/x-mine"));
}

TEST_CASE("NativeGateway refuses what may not be sent and names it in the log", "[gateway]") {
  ServedApp app(R"(
@app.get("/value")
def value(): return "x", 200, {"X-Evil": "a\r\nSet-Cookie: b"}
@app.get("/nul")
def nul(): return "x", 200, {"X-Nul": "a\x00"}
@app.get("/name")
def name(): return "x", 200, {"X Evil": "a"}
@app.get("/int")
def int_(): return "x", 200, {"X-Int": 5}
@app.get("/notpairs")
def notpairs(): return "x", 200, ["ab"]
@app.get("/media")
def media():
    response = Response("x")
    response.media_type = "a\r\nb: c"
    return response
@app.get("/smuggled")
def smuggled():
    response = Response("x")
    response._headers.append(("X-Direct", "a\nb"))
    return response
@app.get("/s99")
def s99(): return "x", 99
@app.get("/s600")
def s600(): return "x", 600
@app.get("/s101")
def s101(): return "x", 101
@app.get("/sbig")
def sbig(): return "x", 2 ** 70
@app.get("/sbool")
def sbool(): return "x", True
@app.get("/sstr")
def sstr(): return "x", "200"
@app.get("/tuple1")
def tuple1(): return ("x",)
@app.get("/object")
def object_(): return object()
@app.get("/generator")
def generator(): return (i for i in [1])
@app.get("/nan")
def nan(): return {"a": float("nan")}
@app.get("/set")
def set_(): return {"a": {1}}
@app.get("/surrogate")
def surrogate(): return "\ud800"
)");
  struct Case {
    std::string path, logged;
  };
  for (const Case& c :
       {Case{"/value", "ValueError: header 'X-Evil'"}, Case{"/nul", "ValueError: header 'X-Nul'"},
        Case{"/name", "ValueError: 'X Evil'"}, Case{"/int", "TypeError: header 'X-Int'"},
        Case{"/notpairs", "TypeError: headers are"},
        Case{"/media", "ValueError: header 'media_type'"},
        Case{"/smuggled", "ValueError: header 'X-Direct'"}, Case{"/s99", "ValueError: the status"},
        Case{"/s600", "ValueError: the status"}, Case{"/s101", "ValueError: the status"},
        Case{"/sbig", "ValueError: the status"}, Case{"/sbool", "TypeError: the status"},
        Case{"/sstr", "TypeError: the status"},
        Case{"/tuple1", "TypeError: the handler of /tuple1"},
        Case{"/object", "TypeError: the handler of /object returned object"},
        Case{"/generator", "TypeError: the handler of /generator returned generator"},
        Case{"/nan", "ValueError"}, Case{"/set", "TypeError"},
        Case{"/surrogate", "UnicodeEncodeError"}}) {
    INFO(c.path);
    const LogCapture log;
    const std::string response = app.Get(c.path);
    CHECK(response.starts_with("HTTP/1.1 500 "));
    CHECK(Body(response) == R"({"detail":"Internal Server Error"})");
    CHECK(response.find("Evil") == std::string::npos);
    INFO(log.text());
    CHECK(log.Count(c.logged) == 1);
    CHECK(log.Count("GET " + c.path) == 1);
  }
  CHECK(app.Status("/value") == 500);  // the connection has survived all of it
}

}  // namespace
}  // namespace turbo::pyembed::testing
