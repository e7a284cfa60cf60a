// Requests and answers of well-behaved clients: versions, keep-alive, pipelining, methods, targets.
#include "engine/http/http_session.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <string>

#include "engine/base/unique_fd.h"
#include "engine/loop/access_log.h"
#include "tests/engine/http_test_support.h"

namespace turbo::engine::test {
namespace {

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

std::string Get(std::string_view target, std::string_view fields = {}) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n";
}

}  // namespace

TEST_CASE("HttpSession answers a request and stays open", "[http]") {
  TestServer server;
  TestConnection connection(server);
  CHECK(connection.session->idle());
  connection.Send(kGet);
  CHECK(connection.output == TextAnswer("hello"));
  CHECK(connection.state == SessionState::kReading);
  CHECK(connection.session->idle());
}

TEST_CASE("HttpSession gives the same answer however a request is cut", "[http]") {
  CHECK(ConverseAnyway(kGet).output == TextAnswer("hello"));
  CHECK(ConverseAnyway(Get("/users/123")).output == TextAnswer("user 123"));
}

TEST_CASE("HttpSession hands the request over as it was received", "[http]") {
  const Conversation conversation =
      ConverseAnyway(Get("/describe?a=%20b&c",
                         "X-One:  two words \t \r\nEmpty:\r\nx-one: again\r\nBytes: \xC3\xA9\r\n"));
  CHECK(conversation.output ==
        TextAnswer("GET 1.1 keep|/describe?a=%20b&c|/describe|a=%20b&c\n"
                   "Host=a\nX-One=two words\nEmpty=\nx-one=again\nBytes=\xC3\xA9\n[]"));
}

TEST_CASE("HttpSession drops a fragment from the target", "[http]") {
  CHECK(ConverseAnyway(Get("/describe?a#b?c")).output ==
        TextAnswer("GET 1.1 keep|/describe?a#b?c|/describe|a\nHost=a\n[]"));
  CHECK(ConverseAnyway(Get("/describe#b?c")).output ==
        TextAnswer("GET 1.1 keep|/describe#b?c|/describe|\nHost=a\n[]"));
}

TEST_CASE("HttpSession finds header fields case-insensitively", "[http]") {
  TestServer server;
  std::string found;
  bool absent_is_null = false;
  bool empty_is_null = true;
  server.gateway.Add({Method::kGet}, "/h", [&](Exchange& exchange) {
    found = exchange.request().Header("CONTENT-type");
    absent_is_null = exchange.request().Header("x-absent").data() == nullptr;
    empty_is_null = exchange.request().Header("x-empty").data() == nullptr;
    Text(exchange, "");
  });
  TestConnection(server).Send(Get("/h", "Content-Type: a/b\r\ncontent-type: c/d\r\nX-Empty:\r\n"));
  CHECK(found == "a/b");
  CHECK(absent_is_null);
  CHECK_FALSE(empty_is_null);
}

TEST_CASE("HttpSession answers pipelined requests in order and in one output", "[http]") {
  const std::string requests =
      Get("/users/1") + Get("/") + Get("/users/2") + Get("/none") + Get("/users/3");
  const std::string answers = TextAnswer("user 1") + TextAnswer("hello") + TextAnswer("user 2") +
                              ErrorAnswer(404, "Not Found", false) + TextAnswer("user 3");
  TestServer server;
  TestConnection connection(server);
  connection.Send(requests);
  CHECK(connection.largest == answers.size());
  CHECK(ConverseAnyway(requests).output == answers);
}

TEST_CASE("HttpSession stops answering when much output has gathered, and goes on", "[http]") {
  TestServer server;
  const std::string big(100'000, 'x');
  server.gateway.Add({Method::kGet}, "/big", [&](Exchange& exchange) { Text(exchange, big); });
  std::string requests;
  for (int i = 0; i < 10; ++i) requests += Get("/big");
  TestConnection connection(server);
  connection.Send(requests);
  std::string answers;
  for (int i = 0; i < 10; ++i) answers += TextAnswer(big);
  CHECK(connection.output == answers);
  CHECK(connection.blocked == 3);
  CHECK(connection.largest < 400'000);
  CHECK(connection.state == SessionState::kReading);
}

TEST_CASE("HttpSession reads long pipelines with a bigger buffer", "[http]") {
  TestServer server;
  std::string requests;
  std::string answers;
  for (int i = 0; i < 300; ++i) {
    requests += Get("/users/" + std::to_string(i));
    answers += TextAnswer("user " + std::to_string(i));
  }
  TestConnection connection(server);
  for (int round = 0; round < 3; ++round) {
    connection.output.clear();
    connection.Send(requests);
    CHECK(connection.output == answers);
  }
  CHECK(connection.session->ReadSpace().size() > HttpSession::kInlineBuffer);
  // A client that stops pipelining gives it back.
  connection.Send(kGet);
  CHECK(connection.session->ReadSpace().size() == HttpSession::kInlineBuffer);
}

TEST_CASE("HttpSession tolerates empty lines before a request", "[http]") {
  CHECK(ConverseAnyway("\r\n\r\n" + std::string(kGet) + "\r\n" + std::string(kGet)).output ==
        TextAnswer("hello") + TextAnswer("hello"));
}

TEST_CASE("HttpSession stays idle when only empty lines come", "[http]") {
  TestServer server;
  TestConnection connection(server);
  for (int i = 0; i < 10'000; ++i) connection.Send("\r\n");
  CHECK(connection.state == SessionState::kReading);
  CHECK(connection.session->idle());
  connection.Send(
      std::string(HttpSession::kInlineBuffer - 1, '\r').replace(1, 1, "\n").substr(0, 2));
  CHECK(connection.session->idle());
}

TEST_CASE("HttpSession keeps room after a lone CR at the end of its buffer", "[http]") {
  TestServer server;
  TestConnection connection(server);
  std::string lines;
  while (lines.size() + 2 < HttpSession::kInlineBuffer) lines += "\r\n";
  connection.Send(lines);
  connection.Send("\r");
  CHECK_FALSE(connection.session->ReadSpace().empty());
  connection.Send("\n" + std::string(kGet));
  CHECK(connection.output == TextAnswer("hello"));
}

TEST_CASE("HttpSession decides on keep-alive as version and Connection ask", "[http]") {
  struct Case {
    std::string_view version;
    std::string_view fields;
    bool stays;
  };
  const Case cases[] = {
      {"1.1", "", true},
      {"1.1", "Connection: keep-alive\r\n", true},
      {"1.1", "Connection: close\r\n", false},
      {"1.1", "Connection: CLOSE\r\n", false},
      {"1.1", "Connection: close \t\r\n", false},
      {"1.1", "Connection: foo, close\r\n", false},
      {"1.1", "Connection: close, keep-alive\r\n", false},
      {"1.1", "Connection: keep-alive, close\r\n", false},
      {"1.1", "Connection: keep-alive\r\nConnection: close\r\n", false},
      {"1.1", "Connection: close\r\nConnection: keep-alive\r\n", false},
      {"1.1", "connection:\tclose\r\n", false},
      {"1.1", "Connection: closed\r\n", true},
      {"1.1", "Connection: te, upgrade\r\nUpgrade: h2c\r\n", true},
      {"1.1", "Connection: upgrade, close\r\nUpgrade: websocket\r\n", false},
      {"1.0", "", false},
      {"1.0", "Connection: close\r\n", false},
      {"1.0", "Connection: keep-alive\r\n", true},
      {"1.0", "Connection: Keep-Alive\r\n", true},
      {"1.0", "Connection: foo,keep-alive\r\n", true},
      {"1.0", "Connection: keep-alive, close\r\n", false},
      {"1.0", "Keep-Alive: 300\r\n", false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.version, c.fields);
    const std::string request =
        "GET / HTTP/" + std::string(c.version) + "\r\nHost: a\r\n" + std::string(c.fields) + "\r\n";
    const Conversation conversation = ConverseAnyway(request);
    CHECK(conversation.ends == !c.stays);
    const std::string_view connection = !c.stays             ? "Connection: close\r\n"
                                        : c.version == "1.0" ? "Connection: keep-alive\r\n"
                                                             : "";
    CHECK(conversation.output == TextAnswer("hello", connection));
    const bool second = ConverseAnyway(request + Get("/users/7")).output.ends_with("user 7");
    CHECK(second == c.stays);
  }
}

TEST_CASE("HttpSession ignores what follows a request that closes", "[http]") {
  const std::string closing = Get("/", "Connection: close\r\n");
  TestServer server;
  TestConnection connection(server);
  connection.Send(closing + Get("/users/1"));
  CHECK(connection.output == TextAnswer("hello", "Connection: close\r\n"));
  CHECK(connection.state == SessionState::kLingering);
  CHECK(server.gateway.handled == 1);

  TestConnection quiet(server);
  quiet.Send(closing);
  CHECK(quiet.state == SessionState::kClosing);
}

TEST_CASE("HttpSession answers HTTP/1.0 without Host", "[http]") {
  CHECK(ConverseAnyway("GET / HTTP/1.0\r\n\r\n").output ==
        TextAnswer("hello", "Connection: close\r\n"));
}

TEST_CASE("HttpSession answers HEAD with the head that GET has", "[http]") {
  const Conversation conversation =
      ConverseAnyway("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + std::string(kGet));
  const std::string get = TextAnswer("hello");
  CHECK(conversation.output == get.substr(0, get.size() - 5) + get);
}

TEST_CASE("HttpSession sends no body with the errors of HEAD", "[http]") {
  const std::string whole = ErrorAnswer(404, "Not Found", false);
  CHECK(ConverseAnyway("HEAD /none HTTP/1.1\r\nHost: a\r\n\r\n").output ==
        whole.substr(0, whole.find("\r\n\r\n") + 4));
}

TEST_CASE("HttpSession answers 404 and 405 and stays", "[http]") {
  const Conversation not_found = ConverseAnyway(Get("/none"));
  CHECK(not_found.output == ErrorAnswer(404, "Not Found", false));
  CHECK_FALSE(not_found.ends);
  const Conversation not_allowed = ConverseAnyway("DELETE /echo HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(not_allowed.output ==
        ErrorAnswer(405, "Method Not Allowed", false, "Allow: POST, PUT, OPTIONS\r\n"));
  CHECK_FALSE(not_allowed.ends);
}

TEST_CASE("HttpSession answers OPTIONS itself where no route does", "[http]") {
  CHECK(ConverseAnyway("OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n").output ==
        "HTTP/1.1 204 No Content\r\n" + std::string(kDateAndServer) +
            "Allow: GET, HEAD, OPTIONS\r\n\r\n");
  CHECK(ConverseAnyway("OPTIONS /describe HTTP/1.1\r\nHost: a\r\n\r\n")
            .output.ends_with("OPTIONS 1.1 keep|/describe|/describe|\nHost=a\n[]"));
  CHECK(ConverseAnyway("OPTIONS /none HTTP/1.1\r\nHost: a\r\n\r\n").output ==
        ErrorAnswer(404, "Not Found", false));
}

TEST_CASE("HttpSession answers OPTIONS * for the server as a whole", "[http]") {
  const Conversation conversation = ConverseAnyway("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(conversation.output.starts_with("HTTP/1.1 204 No Content\r\n"));
  CHECK(conversation.output.find("\r\nAllow: ") != std::string::npos);
  CHECK_FALSE(conversation.ends);
}

TEST_CASE("HttpSession redirects with 307 and keeps the query", "[http]") {
  const auto configure = [](TestServer& server) {
    server.gateway.Add({Method::kGet}, "/slash/", [](Exchange& exchange) { Text(exchange, "s"); });
    server.gateway.mutable_router().SetTrailingSlash(TrailingSlash::kRedirect);
  };
  CHECK(ConverseAnyway(Get("/slash"), configure).output ==
        "HTTP/1.1 307 Temporary Redirect\r\n" + std::string(kDateAndServer) +
            "Location: /slash/\r\nContent-Length: 0\r\n\r\n");
  CHECK(ConverseAnyway(Get("/slash?a=b&c"), configure)
            .output.find("\r\nLocation: /slash/?a=b&c\r\n") != std::string::npos);
}

TEST_CASE("HttpSession takes targets in absolute form", "[http]") {
  CHECK(ConverseAnyway(Get("http://example.org:80/describe?q=1")).output ==
        TextAnswer("GET 1.1 keep|http://example.org:80/describe?q=1|/describe|q=1\nHost=a\n[]"));
  CHECK(ConverseAnyway(Get("HTTPS://example.org/users/4")).output == TextAnswer("user 4"));
  CHECK(ConverseAnyway(Get("http://example.org")).output == TextAnswer("hello"));
  CHECK(ConverseAnyway(Get("http://example.org?x=/users/4")).output == TextAnswer("hello"));
}

TEST_CASE("HttpSession answers requests that ask for an upgrade as any other", "[http]") {
  const std::string upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
  CHECK(ConverseAnyway(Get("/", upgrade) + Get("/users/1")).output ==
        TextAnswer("hello") + TextAnswer("user 1"));
  CHECK(ConverseAnyway("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n" + upgrade +
                       "\r\nabc" + Get("/users/1"))
            .output == TextAnswer("abc") + TextAnswer("user 1"));
  CHECK(ConverseAnyway("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n" +
                       upgrade + "\r\n3\r\nabc\r\n0\r\n\r\n" + Get("/users/1"))
            .output == TextAnswer("abc") + TextAnswer("user 1"));
}

TEST_CASE("HttpSession closes after the answer while it drains", "[http]") {
  TestServer server;
  TestConnection connection(server);
  connection.Send(kGet);
  server.context.draining = true;
  connection.TakeOutput();
  connection.Send(kGet);
  CHECK(connection.output == TextAnswer("hello", "Connection: close\r\n"));
  CHECK(connection.state == SessionState::kClosing);
}

TEST_CASE("HttpSession closes after each answer if keep-alive is off", "[http]") {
  const auto configure = [](TestServer& server) {
    server.timeouts.keep_alive = std::chrono::milliseconds(0);
  };
  const Conversation conversation = ConverseAnyway(kGet, configure);
  CHECK(conversation.output == TextAnswer("hello", "Connection: close\r\n"));
  CHECK(conversation.ends);
}

TEST_CASE("HttpSession takes the end of file between requests as the end", "[http]") {
  TestServer server;
  TestConnection fresh(server);
  CHECK(fresh.Eof().state == SessionState::kClosing);
  TestConnection used(server);
  used.Send(kGet).TakeOutput();
  CHECK(used.Eof().state == SessionState::kClosing);
  CHECK(used.output.empty());
}

TEST_CASE("HttpSession ends without an answer when a request is cut short", "[http]") {
  const std::string_view cut_short[] = {
      "G",
      "GET / HTTP/1.1\r\nHost",
      "FOO",
      "\r",
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc",
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n"};
  for (const std::string_view bytes : cut_short) {
    CAPTURE(bytes);
    TestServer server;
    TestConnection connection(server);
    connection.Send(bytes).Eof();
    CHECK(connection.state == SessionState::kClosing);
    CHECK(connection.output.empty());
    CHECK(server.gateway.handled == 0);
    CHECK(server.counters.in_flight.value() == 0);
  }
}

TEST_CASE("HttpSession counts requests, answers and what is in flight", "[http]") {
  TestServer server;
  std::uint64_t during = 0;
  server.gateway.Add({Method::kGet}, "/now", [&](Exchange& exchange) {
    during = server.counters.in_flight.value();
    exchange.Respond({.status = 500, .content_type = {}, .headers = {}}, "");
  });
  TestConnection connection(server);
  connection.Send(Get("/now") + Get("/") + Get("/none") + "OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n");
  connection.Send("bad\r\n");
  CHECK(during == 1);
  CHECK(server.counters.in_flight.value() == 0);
  CHECK(server.counters.requests.value() == 4);
  CHECK(server.counters.responses[2].value() == 2);
  CHECK(server.counters.responses[4].value() == 2);
  CHECK(server.counters.responses[5].value() == 1);
}

TEST_CASE("HttpSession refuses requests beyond the limit in flight", "[http]") {
  TestServer server;
  std::atomic<std::uint64_t> inflight{0};
  InflightGate gate(inflight, 1);
  server.context.inflight_gate = &gate;
  Exchange* kept = nullptr;
  server.gateway.Add({Method::kGet}, "/later", [&](Exchange& exchange) { kept = &exchange; });
  TestConnection first(server);
  first.Send(Get("/later"));
  CHECK(inflight == 1);

  TestConnection second(server);
  second.Send(Get("/") + Get("/none"));
  CHECK(second.output == ErrorAnswer(503, "Service Unavailable", false, "Retry-After: 1\r\n") +
                             ErrorAnswer(404, "Not Found", false));
  CHECK(second.state == SessionState::kReading);
  CHECK(inflight == 1);

  Text(*kept, "late");
  first.Resume();
  CHECK(inflight == 0);
  second.TakeOutput();
  second.Send(kGet);
  CHECK(second.output == TextAnswer("hello"));
  CHECK(inflight == 0);
}

TEST_CASE("HttpSession frees its place in flight when it is destroyed", "[http]") {
  TestServer server;
  std::atomic<std::uint64_t> inflight{0};
  InflightGate gate(inflight, 1);
  server.context.inflight_gate = &gate;
  server.gateway.Add({Method::kGet}, "/never", [](Exchange&) {});
  {
    TestConnection connection(server);
    connection.Send(Get("/never"));
    CHECK(inflight == 1);
  }
  CHECK(inflight == 0);
  CHECK(server.counters.in_flight.value() == 0);
}

TEST_CASE("HttpSession logs what was answered", "[http]") {
  TestServer server;
  const UniqueFd file(::memfd_create("access-log", MFD_CLOEXEC));
  REQUIRE(file.valid());
  AccessLog log(file.get(), AccessLog::Format::kText);
  server.context.access_log = &log;
  TestConnection connection(server);
  connection.Send(Get("/users/1") + Get("/none"));
  connection.Send("GET /refused HTTP/1.1\r\n\r\n");
  log.Flush();
  std::string text(4096, '\0');
  text.resize(static_cast<std::size_t>(
      std::max<ssize_t>(::pread(file.get(), text.data(), text.size(), 0), 0)));
  CHECK(text.find("\"GET /users/1 HTTP/1.1\" 200 6 ") != std::string::npos);
  CHECK(text.find("\"GET /none HTTP/1.1\" 404 22 ") != std::string::npos);
  CHECK(text.find("\"GET /refused HTTP/1.1\" 400 24 ") != std::string::npos);
}

TEST_CASE("HttpSession is small while it is idle", "[http]") { CHECK(sizeof(HttpSession) < 2560); }

}  // namespace turbo::engine::test
