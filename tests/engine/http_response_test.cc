// Answers: heads, fields of application and engine, bodies that are written in place, answers given
// later.
#include <catch2/catch_test_macros.hpp>
#include <string>

#include "engine/http/status.h"
#include "tests/engine/http_test_support.h"

namespace turbo::engine::test {
namespace {

/// What a server says to `method` on "/" when `handler` answers.
std::string AnswerOf(TestGateway::Handler handler, std::string_view method = "GET",
                     std::string_view version = "1.1", std::string_view fields = {}) {
  TestServer server;
  server.gateway.Add({Method::kGet}, "/x", std::move(handler));
  TestConnection connection(server);
  connection.Send(std::string(method) + " /x HTTP/" + std::string(version) + "\r\nHost: a\r\n" +
                  std::string(fields) + "\r\n");
  return connection.output;
}

std::string AnswerOf(const ResponseHead& head, std::string_view body,
                     std::string_view method = "GET") {
  return AnswerOf([&](Exchange& exchange) { exchange.Respond(head, body); }, method);
}

const std::string kOwn(kDateAndServer);

}  // namespace

TEST_CASE("Exchange writes the application's fields in order and keeps duplicates", "[http]") {
  const HeaderField fields[] = {{"Set-Cookie", "a=1"}, {"X-A", ""}, {"Set-Cookie", "b=2"}};
  CHECK(AnswerOf({.status = 201, .content_type = "a/b", .headers = fields}, "xyz") ==
        "HTTP/1.1 201 Created\r\n" + kOwn +
            "Content-Type: a/b\r\nSet-Cookie: a=1\r\nX-A: \r\nSet-Cookie: b=2\r\nContent-Length: "
            "3\r\n\r\nxyz");
}

TEST_CASE("Exchange leaves Content-Type out if there is none", "[http]") {
  CHECK(AnswerOf({.status = 200, .content_type = {}, .headers = {}}, "x") ==
        "HTTP/1.1 200 OK\r\n" + kOwn + "Content-Length: 1\r\n\r\nx");
}

TEST_CASE("Exchange lets the application replace Date, Server and Content-Type", "[http]") {
  const HeaderField date[] = {{"date", "today"}};
  CHECK(AnswerOf({.status = 200, .content_type = {}, .headers = date}, "") ==
        "HTTP/1.1 200 OK\r\nServer: turbo\r\ndate: today\r\nContent-Length: 0\r\n\r\n");
  const HeaderField server[] = {{"SERVER", "mine"}};
  CHECK(AnswerOf({.status = 200, .content_type = {}, .headers = server}, "") ==
        "HTTP/1.1 200 OK\r\nDate: Thu, 29 Feb 2024 12:34:56 GMT\r\nSERVER: mine\r\nContent-Length: "
        "0\r\n\r\n");
  const HeaderField type[] = {{"content-type", "c/d"}};
  CHECK(AnswerOf({.status = 200, .content_type = "a/b", .headers = type}, "") ==
        "HTTP/1.1 200 OK\r\n" + kOwn + "content-type: c/d\r\nContent-Length: 0\r\n\r\n");
}

TEST_CASE("Exchange keeps the framing fields to the engine", "[http]") {
  const HeaderField fields[] = {{"Content-Length", "99"},
                                {"Transfer-Encoding", "chunked"},
                                {"Connection", "x-hop"},
                                {"X-A", "b"}};
  CHECK(AnswerOf({.status = 200, .content_type = {}, .headers = fields}, "xyz") ==
        "HTTP/1.1 200 OK\r\n" + kOwn + "X-A: b\r\nContent-Length: 3\r\n\r\nxyz");
}

TEST_CASE("Exchange closes when the application asks for it", "[http]") {
  TestServer server;
  const HeaderField fields[] = {{"connection", "x, Close"}};
  server.gateway.Add({Method::kGet}, "/x", [&](Exchange& exchange) {
    exchange.Respond({.status = 200, .content_type = {}, .headers = fields}, "");
  });
  TestConnection connection(server);
  connection.Send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(connection.output ==
        "HTTP/1.1 200 OK\r\n" + kOwn + "Connection: close\r\nContent-Length: 0\r\n\r\n");
  CHECK(connection.state == SessionState::kClosing);
}

TEST_CASE("Exchange sends no body where there is none", "[http]") {
  CHECK(AnswerOf({.status = 204, .content_type = {}, .headers = {}}, "ignored") ==
        "HTTP/1.1 204 No Content\r\n" + kOwn + "\r\n");
  CHECK(AnswerOf({.status = 304, .content_type = {}, .headers = {}}, "") ==
        "HTTP/1.1 304 Not Modified\r\n" + kOwn + "\r\n");
  CHECK(AnswerOf({.status = 304, .content_type = {}, .headers = {}}, "four") ==
        "HTTP/1.1 304 Not Modified\r\n" + kOwn + "Content-Length: 4\r\n\r\n");
  CHECK(AnswerOf({.status = 205, .content_type = {}, .headers = {}}, "ignored") ==
        "HTTP/1.1 205 Reset Content\r\n" + kOwn + "Content-Length: 0\r\n\r\n");
  const HeaderField length[] = {{"Content-Length", "7"}};
  CHECK(AnswerOf({.status = 304, .content_type = {}, .headers = length}, "") ==
        "HTTP/1.1 304 Not Modified\r\n" + kOwn + "Content-Length: 7\r\n\r\n");
  CHECK(AnswerOf({.status = 204, .content_type = {}, .headers = length}, "") ==
        "HTTP/1.1 204 No Content\r\n" + kOwn + "\r\n");
}

TEST_CASE("Exchange gives HEAD the length that GET would have", "[http]") {
  const HeaderField length[] = {{"Content-Length", "7"}};
  CHECK(AnswerOf({.status = 200, .content_type = {}, .headers = length}, "", "HEAD") ==
        "HTTP/1.1 200 OK\r\n" + kOwn + "Content-Length: 7\r\n\r\n");
  CHECK(AnswerOf({.status = 200, .content_type = {}, .headers = length}, "hello", "HEAD") ==
        "HTTP/1.1 200 OK\r\n" + kOwn + "Content-Length: 5\r\n\r\n");
}

TEST_CASE("Exchange writes statuses that are not registered", "[http]") {
  CHECK(AnswerOf({.status = 299, .content_type = {}, .headers = {}}, "") ==
        "HTTP/1.1 299 \r\n" + kOwn + "Content-Length: 0\r\n\r\n");
  CHECK(AnswerOf({.status = 999, .content_type = {}, .headers = {}}, "") ==
        "HTTP/1.1 999 \r\n" + kOwn + "Content-Length: 0\r\n\r\n");
}

TEST_CASE("Exchange writes long fields", "[http]") {
  const std::string value(100'000, 'v');
  const HeaderField fields[] = {{"X-Long", value}};
  CHECK(AnswerOf({.status = 200, .content_type = value, .headers = fields}, value) ==
        "HTTP/1.1 200 OK\r\n" + kOwn + "Content-Type: " + value + "\r\nX-Long: " + value +
            "\r\nContent-Length: 100000\r\n\r\n" + value);
}

TEST_CASE("Exchange fills in the length of a body written in place", "[http]") {
  for (const std::size_t size : {0UL, 1UL, 9UL, 10UL, 99UL, 100UL, 12'345UL, 1'000'000UL}) {
    for (const int guess : {0, 1, 2, 3, 7, 20, 200}) {
      CAPTURE(size, guess);
      auto digits = static_cast<std::uint8_t>(guess);
      const std::string body(size, 'b');
      const std::string answer = AnswerOf([&](Exchange& exchange) {
        OutputBuffer& out = exchange.BeginBody(
            {.status = 200, .content_type = "text/plain", .headers = {}}, digits);
        CHECK_FALSE(exchange.responded());
        out.Append(body);
        exchange.EndBody();
        CHECK(exchange.responded());
      });
      REQUIRE(answer == TextAnswer(body));
      CHECK(digits == std::to_string(size).size());
    }
  }
}

TEST_CASE("Exchange writes bodies in place behind earlier answers", "[http]") {
  TestServer server;
  std::uint8_t digits = 1;
  server.gateway.Add({Method::kGet}, "/n/{n:int}", [&](Exchange& exchange) {
    OutputBuffer& out =
        exchange.BeginBody({.status = 200, .content_type = "text/plain", .headers = {}}, digits);
    out.Append(std::string(static_cast<std::size_t>(exchange.path_values()[0].integer), 'n'));
    exchange.EndBody();
  });
  std::string requests;
  std::string answers;
  for (const int n : {5, 500, 50, 50'000, 0}) {
    requests += "GET /n/" + std::to_string(n) + " HTTP/1.1\r\nHost: a\r\n\r\n";
    answers += TextAnswer(std::string(static_cast<std::size_t>(n), 'n'));
  }
  TestConnection connection(server);
  connection.Send(requests);
  CHECK(connection.output == answers);
}

TEST_CASE("Exchange takes a body written in place back", "[http]") {
  std::uint8_t digits = 3;
  const HeaderField close[] = {{"Connection", "close"}};
  CHECK(AnswerOf([&](Exchange& exchange) {
          exchange.BeginBody({.status = 200, .content_type = "a/b", .headers = close}, digits)
              .Append("half of a bo");
          exchange.AbandonBody();
          CHECK_FALSE(exchange.responded());
          exchange.Respond({.status = 500, .content_type = {}, .headers = {}}, "oh");
        }) == "HTTP/1.1 500 Internal Server Error\r\n" + kOwn + "Content-Length: 2\r\n\r\noh");
}

TEST_CASE("Exchange drops a body written in place where there is none", "[http]") {
  std::uint8_t digits = 1;
  const auto answer = [&](int status, std::string_view method) {
    return AnswerOf(
        [&](Exchange& exchange) {
          exchange.BeginBody({.status = status, .content_type = {}, .headers = {}}, digits)
              .Append("0123456789");
          exchange.EndBody();
        },
        method);
  };
  CHECK(answer(200, "HEAD") == "HTTP/1.1 200 OK\r\n" + kOwn + "Content-Length: 10\r\n\r\n");
  CHECK(answer(204, "GET") == "HTTP/1.1 204 No Content\r\n" + kOwn + "\r\n");
  CHECK(answer(304, "GET") == "HTTP/1.1 304 Not Modified\r\n" + kOwn + "\r\n");
}

TEST_CASE("HttpSession waits for an answer that is given later", "[http]") {
  TestServer server;
  Exchange* kept = nullptr;
  server.gateway.Add({Method::kPost}, "/later", [&](Exchange& exchange) { kept = &exchange; });
  TestConnection connection(server);
  connection.Send(
      "POST /later?q HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
      "GET /users/1 HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(connection.state == SessionState::kAwaitingApp);
  CHECK(connection.output.empty());
  CHECK_FALSE(connection.session->idle());
  CHECK(server.counters.in_flight.value() == 1);

  // More input is kept for later; the request stays as it was.
  connection.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(connection.state == SessionState::kAwaitingApp);
  CHECK(server.gateway.handled == 1);
  CHECK(kept->request().body == "abc");
  CHECK(kept->request().query == "q");

  CHECK(connection.progress == 0);
  Text(*kept, "late");
  CHECK(connection.progress == 1);
  CHECK(kept->request().body == "abc");
  connection.Resume();
  CHECK(connection.output == TextAnswer("late") + TextAnswer("user 1") + TextAnswer("hello"));
  CHECK(connection.state == SessionState::kReading);
  CHECK(server.gateway.abandoned == 0);
  CHECK(server.counters.in_flight.value() == 0);
}

TEST_CASE("HttpSession takes large late answers and those written in place", "[http]") {
  TestServer server;
  Exchange* kept = nullptr;
  server.gateway.Add({Method::kGet}, "/later", [&](Exchange& exchange) { kept = &exchange; });
  TestConnection connection(server);
  const std::string big(1'000'000, 'b');
  for (int round = 0; round < 3; ++round) {
    connection.TakeOutput();
    connection.Send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
    std::uint8_t digits = 1;
    kept->BeginBody({.status = 200, .content_type = "text/plain", .headers = {}}, digits)
        .Append(big);
    kept->EndBody();
    connection.Resume();
    CHECK(connection.output == TextAnswer(big));
  }
  CHECK(connection.progress == 3);
}

TEST_CASE("HttpSession ignores a call to go on before there is an answer", "[http]") {
  TestServer server;
  Exchange* kept = nullptr;
  server.gateway.Add({Method::kGet}, "/later", [&](Exchange& exchange) { kept = &exchange; });
  TestConnection connection(server);
  connection.Send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(connection.Resume().state == SessionState::kAwaitingApp);
  Text(*kept, "late");
  CHECK(connection.Resume().output == TextAnswer("late"));
}

TEST_CASE("HttpSession answers late after the client has finished sending", "[http]") {
  TestServer server;
  Exchange* kept = nullptr;
  server.gateway.Add({Method::kGet}, "/later", [&](Exchange& exchange) { kept = &exchange; });
  TestConnection connection(server);
  connection.Send("GET /later HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\nGET /ha");
  CHECK(connection.Eof().state == SessionState::kAwaitingApp);
  Text(*kept, "late");
  connection.Resume();
  CHECK(connection.output == TextAnswer("late") + TextAnswer("hello"));
  CHECK(connection.state == SessionState::kClosing);
}

TEST_CASE("HttpSession closes after a late answer if it drains meanwhile", "[http]") {
  TestServer server;
  Exchange* kept = nullptr;
  server.gateway.Add({Method::kGet}, "/later", [&](Exchange& exchange) { kept = &exchange; });
  TestConnection connection(server);
  connection.Send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
  server.context.draining = true;
  Text(*kept, "late");
  connection.Resume();
  CHECK(connection.output == TextAnswer("late", "Connection: close\r\n"));
  CHECK(connection.state == SessionState::kClosing);
}

TEST_CASE("HttpSession tells the application that the client went away", "[http]") {
  TestServer server;
  server.gateway.Add({Method::kGet}, "/later", [](Exchange&) {});
  {
    TestConnection connection(server);
    connection.Send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  CHECK(server.gateway.abandoned == 1);
  CHECK(server.counters.in_flight.value() == 0);
}

TEST_CASE("HttpSession does not abandon what was answered", "[http]") {
  TestServer server;
  Exchange* kept = nullptr;
  server.gateway.Add({Method::kGet}, "/later", [&](Exchange& exchange) { kept = &exchange; });
  {
    TestConnection connection(server);
    connection.Send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
    Text(*kept, "late");
  }
  CHECK(server.gateway.abandoned == 0);
  CHECK(server.counters.in_flight.value() == 0);
  CHECK(server.counters.responses[2].value() == 1);
}

TEST_CASE("Exchange starts every request without user data", "[http]") {
  TestServer server;
  int value = 0;
  bool was_null = true;
  server.gateway.Add({Method::kGet}, "/x", [&](Exchange& exchange) {
    was_null &= exchange.user_data == nullptr;
    exchange.user_data = &value;
    Text(exchange, "");
  });
  TestConnection connection(server);
  for (int i = 0; i < 3; ++i) connection.Send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(was_null);
}

TEST_CASE("Field names and values are checked for what would break a head", "[http]") {
  CHECK(IsValidFieldName("X-A_b.1"));
  for (const std::string_view name : {"", "a b", "a:", "a\r", "a\n", "\xC3\xA9", "a(", "a,"}) {
    CAPTURE(name);
    CHECK_FALSE(IsValidFieldName(name));
  }
  CHECK(IsValidFieldValue(""));
  CHECK(IsValidFieldValue("a b\tc \xC3\xA9"));
  for (const std::string_view value :
       {std::string_view("a\r"), std::string_view("a\nb"), std::string_view("a\0b", 3)}) {
    CAPTURE(value);
    CHECK_FALSE(IsValidFieldValue(value));
  }
}

TEST_CASE("Status lines and reason phrases agree", "[http]") {
  for (int status = 0; status < 1100; ++status) {
    const std::string_view line = StatusLine(status);
    const std::string_view reason = ReasonPhrase(status);
    CHECK(line.empty() == reason.empty());
    if (!line.empty()) {
      CHECK(line == "HTTP/1.1 " + std::to_string(status) + " " + std::string(reason) + "\r\n");
    }
  }
  CHECK(ReasonPhrase(200) == "OK");
  CHECK(ReasonPhrase(413) == "Content Too Large");
  CHECK(ReasonPhrase(511) == "Network Authentication Required");
  CHECK(ReasonPhrase(299).empty());
}

}  // namespace turbo::engine::test
