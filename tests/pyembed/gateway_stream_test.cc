// StreamingResponse: bodies made while they are sent.
#include <Python.h>

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "gateway_test_util.h"

namespace turbo::pyembed::testing {
namespace {

constexpr const char* kStreams = R"(
events = []
@app.get("/chunks")
def chunks(): return StreamingResponse(iter([b"ab", "c\u00e9", bytearray(b"d"), b"", memoryview(b"e")]))
@app.get("/typed")
def typed(): return StreamingResponse(["x"], 202, {"X-A": "1"}, "text/csv")
@app.get("/length")
def length(): return StreamingResponse([b"abc", b"de"], headers={"Content-Length": "5"})
@app.get("/raises")
def raises():
    def body():
        yield b"some"
        raise ValueError("mid-stream")
    return StreamingResponse(body())
@app.get("/wrong")
def wrong(): return StreamingResponse([1])
@app.get("/surrogate")
def surrogate(): return StreamingResponse(["\ud800"])
@app.get("/endless")
def endless():
    def body():
        try:
            while True: yield b"x" * 65536
        finally:
            events.append("closed")
    return StreamingResponse(body())
@app.get("/badclose")
def badclose():
    def body():
        try:
            while True: yield b"x" * 65536
        finally:
            raise RuntimeError("in close")
    return StreamingResponse(body())
@app.get("/request")
def request(request: Request, a: str = ""):
    def body():
        yield request.path
        yield request.query["a"]
    return StreamingResponse(body())
)";

TEST_CASE("StreamingResponse sends bytes and strings, chunked", "[gateway]") {
  ServedApp app(kStreams);
  const std::string response = app.Get("/chunks");
  CHECK(response.find("Transfer-Encoding: chunked\r\n") != std::string::npos);
  std::string joined;
  std::string rest = Body(response);
  while (!rest.empty()) {  // RFC 9112 §7.1
    const std::size_t line = rest.find("\r\n");
    REQUIRE(line != std::string::npos);
    const std::size_t size = std::stoul(rest.substr(0, line), nullptr, 16);
    joined += rest.substr(line + 2, size);
    rest.erase(0, line + 2 + size + 2);
  }
  CHECK(joined ==
        "abc\xC3\xA9"
        "de");
  CHECK(app.state() == engine::SessionState::kReading);
  const std::string typed = app.Get("/typed");
  CHECK(typed.starts_with("HTTP/1.1 202 "));
  CHECK(typed.find("Content-Type: text/csv\r\n") != std::string::npos);
  CHECK(typed.find("X-A: 1\r\n") != std::string::npos);
}

TEST_CASE("StreamingResponse with a Content-Length is not chunked", "[gateway]") {
  ServedApp app(kStreams);
  const std::string response = app.Get("/length");
  CHECK(response.find("Transfer-Encoding") == std::string::npos);
  CHECK(response.find("Content-Length: 5\r\n") != std::string::npos);
  CHECK(Body(response) == "abcde");
}

TEST_CASE("StreamingResponse to HTTP/1.0 goes to the end of the connection", "[gateway]") {
  ServedApp app(kStreams);
  const std::string response = app.Send("GET /chunks HTTP/1.0\r\n\r\n");
  CHECK(Body(response) ==
        "abc\xC3\xA9"
        "de");
  CHECK(app.state() == engine::SessionState::kClosing);
}

TEST_CASE("StreamingResponse that fails cuts the connection and is logged once", "[gateway]") {
  ServedApp app(kStreams);
  struct Case {
    std::string path, logged;
  };
  for (const Case& c : {Case{"/raises", "ValueError: mid-stream"},
                        Case{"/wrong", "TypeError: a streamed body yields bytes or str, not int"},
                        Case{"/surrogate", "UnicodeEncodeError"}}) {
    INFO(c.path);
    const LogCapture log;
    const std::string response = app.Get(c.path);
    CHECK_FALSE(response.ends_with("0\r\n\r\n"));
    CHECK(app.state() == engine::SessionState::kAborted);
    CHECK(log.Count(c.logged) == 1);
    CHECK(log.Count("The streamed body of " + c.path) == 1);
  }
}

TEST_CASE("StreamingResponse closes its generator when the client goes away", "[gateway]") {
  ServedApp app(kStreams);
  const std::string response = app.GetAndLeave("/endless");
  CHECK(app.state() == engine::SessionState::kBlocked);
  CHECK(response.size() < 8 * 65536);  // produced only as the client takes it
  CHECK(app.Text("events") == "['closed']");
  const LogCapture log;
  app.GetAndLeave("/badclose");
  CHECK(log.Count("RuntimeError: in close") == 1);
}

TEST_CASE("StreamingResponse to HEAD has no body and closes its generator", "[gateway]") {
  ServedApp app(kStreams);
  const std::string response = app.Send("HEAD /endless HTTP/1.1\r\nHost: test\r\n\r\n");
  CHECK(response.starts_with("HTTP/1.1 200 "));
  CHECK(Body(response).empty());
  CHECK(app.state() == engine::SessionState::kReading);
}

TEST_CASE("StreamingResponse may go on using the request", "[gateway]") {
  ServedApp app(kStreams);
  const std::string body = Body(app.Get("/request?a=value"));
  CHECK(body.find("/request") != std::string::npos);
  CHECK(body.find("value") != std::string::npos);
}

}  // namespace
}  // namespace turbo::pyembed::testing
