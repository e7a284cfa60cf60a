// Request bodies: Content-Length, chunked, large ones, Expect.
#include <catch2/catch_test_macros.hpp>
#include <string>

#include "tests/engine/http_test_support.h"

namespace turbo::engine::test {
namespace {

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr std::string_view kChunkedHead =
    "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string Post(std::string_view body, std::string_view fields = {}) {
  return "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n" + std::string(fields) + "\r\n" + std::string(body);
}

/// Bytes that differ from their neighbours, so that a misplaced piece shows.
std::string Pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + (i * 7 + i / 251) % 26);
  return text;
}

std::string Chunked(std::string_view body, std::size_t chunk) {
  std::string text(kChunkedHead);
  for (std::size_t at = 0; at < body.size(); at += chunk) {
    const std::string_view piece = body.substr(at, chunk);
    char size[32];
    std::snprintf(size, sizeof(size), "%zx\r\n", piece.size());
    text.append(size).append(piece).append("\r\n");
  }
  return text + "0\r\n\r\n";
}

}  // namespace

TEST_CASE("HttpSession reads a body of Content-Length", "[http]") {
  CHECK(ConverseAnyway(Post("hello") + std::string(kGet)).output ==
        TextAnswer("hello") + TextAnswer("hello"));
  CHECK(ConverseAnyway(Post("")).output == TextAnswer(""));
  CHECK(ConverseAnyway(Post("GET / HTTP/1.1\r\nHost: a\r\n\r\n")).output ==
        TextAnswer("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
}

TEST_CASE("HttpSession reads a body of a method that seldom has one", "[http]") {
  CHECK(ConverseAnyway("GET /describe HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" +
                       std::string(kGet))
            .output ==
        TextAnswer("GET 1.1 keep|/describe|/describe|\nHost=a\nContent-Length=3\n[abc]") +
            TextAnswer("hello"));
}

TEST_CASE("HttpSession reads pipelined bodies", "[http]") {
  std::string requests;
  std::string answers;
  for (int i = 0; i < 20; ++i) {
    const std::string body = Pattern(static_cast<std::size_t>(i) * 3);
    requests += i % 2 == 0 ? Post(body) : Chunked(body, 5);
    answers += TextAnswer(body);
  }
  CHECK(ConverseAnyway(requests).output == answers);
}

TEST_CASE("HttpSession reads bodies of every size around its buffer's", "[http]") {
  for (std::size_t size = HttpSession::kInlineBuffer - 120; size < HttpSession::kInlineBuffer + 20;
       ++size) {
    CAPTURE(size);
    const std::string body = Pattern(size);
    TestServer server;
    TestConnection connection(server);
    connection.Send(Post(body) + std::string(kGet));
    REQUIRE(connection.output == TextAnswer(body) + TextAnswer("hello"));
    connection.TakeOutput();
    connection.Send(Chunked(body, 700) + std::string(kGet));
    REQUIRE(connection.output == TextAnswer(body) + TextAnswer("hello"));
  }
}

TEST_CASE("HttpSession reads a large body straight into its place", "[http]") {
  const std::string body = Pattern(3'000'000);
  TestServer server;
  const char* body_at = nullptr;
  server.gateway.Add({Method::kPost}, "/where", [&](Exchange& exchange) {
    body_at = exchange.request().body.data();
    Text(exchange, exchange.request().body);
  });
  TestConnection connection(server);
  const std::string head = "POST /where HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n";
  connection.Send(head + body.substr(0, 100));
  // All that is missing, and not a byte more, is read where it stays.
  const std::span<char> space = connection.session->ReadSpace();
  CHECK(space.size() == body.size() - 100);
  connection.Send(body.substr(100) + std::string(kGet));
  CHECK(body_at == space.data() - 100);
  CHECK(connection.output == TextAnswer(body) + TextAnswer("hello"));
  CHECK(connection.session->idle());
  CHECK(connection.session->ReadSpace().size() == HttpSession::kInlineBuffer);
}

TEST_CASE("HttpSession reads a large body however it comes", "[http]") {
  const std::string body = Pattern(200'000);
  const std::string plain = Post(body) + std::string(kGet);
  const std::string chunked = Chunked(body, 1000) + std::string(kGet);
  for (const std::size_t piece : {1UL, 2UL, 999UL, 4096UL, 65536UL}) {
    CAPTURE(piece);
    TestServer server;
    TestConnection connection(server);
    for (const std::string& bytes : {plain, chunked}) {
      connection.TakeOutput();
      for (std::size_t at = 0; at < bytes.size(); at += piece) {
        connection.Send(std::string_view(bytes).substr(at, piece));
      }
      REQUIRE(connection.output == TextAnswer(body) + TextAnswer("hello"));
    }
  }
}

TEST_CASE("HttpSession decodes chunks", "[http]") {
  const auto echo = [](std::string_view body) {
    return ConverseAnyway(std::string(kChunkedHead) + std::string(body) + std::string(kGet)).output;
  };
  const std::string then = TextAnswer("hello");
  CHECK(echo("0\r\n\r\n") == TextAnswer("") + then);
  CHECK(echo("5\r\nhello\r\n0\r\n\r\n") == TextAnswer("hello") + then);
  CHECK(echo("1\r\nh\r\n1\r\ne\r\n3\r\nllo\r\n0\r\n\r\n") == TextAnswer("hello") + then);
  CHECK(echo("0005\r\nhello\r\n000\r\n\r\n") == TextAnswer("hello") + then);
  CHECK(echo("A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n") ==
        TextAnswer("01234567890123456789") + then);
  CHECK(echo("2\r\n\r\n\r\n0\r\n\r\n") == TextAnswer("\r\n") + then);
}

TEST_CASE("HttpSession ignores chunk extensions and trailers", "[http]") {
  const auto echo = [](std::string_view body) {
    return ConverseAnyway(std::string(kChunkedHead) + std::string(body) + std::string(kGet)).output;
  };
  const std::string answers = TextAnswer("hello") + TextAnswer("hello");
  CHECK(echo("5;name=value\r\nhello\r\n0\r\n\r\n") == answers);
  CHECK(echo("5;name\r\nhello\r\n0;last\r\n\r\n") == answers);
  CHECK(echo("5;a=\"b;\\\"c\";d=e\r\nhello\r\n0\r\n\r\n") == answers);
  CHECK(echo("5\r\nhello\r\n0\r\nTrailer: one\r\nOther: two\r\n\r\n") == answers);
  CHECK(echo("5\r\nhello\r\n0\r\nHost: b\r\nConnection: close\r\n\r\n") == answers);
}

TEST_CASE("HttpSession takes the coding's name in any case", "[http]") {
  CHECK(ConverseAnyway("POST /echo HTTP/1.1\r\nHost: a\r\ntransfer-encoding: Chunked\r\n\r\n"
                       "2\r\nok\r\n0\r\n\r\n")
            .output == TextAnswer("ok"));
}

TEST_CASE("HttpSession discards the body of a request that no route takes", "[http]") {
  const std::string body = Pattern(300'000);
  const std::string answers = ErrorAnswer(404, "Not Found", false) + TextAnswer("hello");
  for (const bool chunked : {false, true}) {
    CAPTURE(chunked);
    std::string request = chunked ? Chunked(body, 5000) : Post(body);
    request.replace(request.find("/echo"), 5, "/none");
    TestServer server;
    TestConnection connection(server);
    connection.Send(request + std::string(kGet));
    CHECK(connection.output == answers);
    CHECK(connection.state == SessionState::kReading);
    CHECK(connection.session->ReadSpace().size() == HttpSession::kInlineBuffer);
  }
  CHECK(ConverseAnyway("POST /none HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" +
                       std::string(kGet))
            .output == answers);
}

TEST_CASE("HttpSession keeps path values valid while a body arrives", "[http]") {
  const auto configure = [](TestServer& server) {
    server.gateway.Add({Method::kPost}, "/named/{name}", [](Exchange& exchange) {
      Text(exchange, std::string(exchange.path_values()[0].text) + ":" +
                         std::string(exchange.request().body) + ":" +
                         std::string(exchange.request().Header("x")));
    });
  };
  CHECK(ConverseAnyway("POST /named/joe%20x HTTP/1.1\r\nHost: a\r\nX: y\r\nTransfer-Encoding: "
                       "chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
                       configure)
            .output == TextAnswer("joe x:abc:y"));
  TestServer server;
  configure(server);
  TestConnection connection(server);
  const std::string body = Pattern(100'000);
  const std::string head(1500, 'h');
  for (const bool chunked : {false, true}) {
    connection.TakeOutput();
    std::string request = chunked ? Chunked(body, 3000) : Post(body);
    request.replace(request.find("/echo"), 5, "/named/joe");
    request.insert(request.find("\r\n") + 2, "X: " + head + "\r\n");
    connection.Send(request);
    CHECK(connection.output == TextAnswer("joe:" + body + ":" + head));
  }
}

TEST_CASE("HttpSession asks for the body that a client holds back", "[http]") {
  TestServer server;
  TestConnection connection(server);
  connection.Send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-Continue\r\n\r\n");
  CHECK(connection.TakeOutput() == "HTTP/1.1 100 Continue\r\n\r\n");
  CHECK(connection.state == SessionState::kReading);
  connection.Send("abc");
  CHECK(connection.TakeOutput() == TextAnswer("abc"));
  connection.Send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: "
      "100-continue\r\n\r\n");
  CHECK(connection.TakeOutput() == "HTTP/1.1 100 Continue\r\n\r\n");
  connection.Send("3\r\nabc\r\n0\r\n\r\n");
  CHECK(connection.TakeOutput() == TextAnswer("abc"));
}

TEST_CASE("HttpSession does not ask for a body that is there or that there is none of", "[http]") {
  TestServer server;
  TestConnection connection(server);
  connection.Send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\na");
  CHECK(connection.TakeOutput().empty());
  connection.Send("bc");
  CHECK(connection.TakeOutput() == TextAnswer("abc"));
  connection.Send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nExpect: 100-continue\r\n\r\n");
  CHECK(connection.TakeOutput() == TextAnswer(""));
}

TEST_CASE("HttpSession ignores Expect in HTTP/1.0", "[http]") {
  TestServer server;
  TestConnection connection(server);
  connection.Send("POST /echo HTTP/1.0\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  CHECK(connection.output.empty());
  connection.Send("abc");
  CHECK(connection.output == TextAnswer("abc", "Connection: close\r\n"));
}

TEST_CASE("HttpSession gives its final answer to an expectation where it is known", "[http]") {
  const std::string fields = "Host: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
  TestServer server;
  TestConnection not_found(server);
  not_found.Send("POST /none HTTP/1.1\r\n" + fields);
  CHECK(not_found.output == ErrorAnswer(404, "Not Found", true));
  CHECK(not_found.state == SessionState::kLingering);

  TestConnection not_allowed(server);
  not_allowed.Send("DELETE /echo HTTP/1.1\r\n" + fields);
  CHECK(Statuses(not_allowed.output) == std::vector{405});
  CHECK(not_allowed.state == SessionState::kLingering);

  server.limits.max_body = 2;
  TestConnection too_large(server);
  too_large.Send("POST /echo HTTP/1.1\r\n" + fields);
  CHECK(too_large.output == ErrorAnswer(413, "Content Too Large", true));
  CHECK(server.gateway.handled == 0);
}

TEST_CASE("HttpSession refuses expectations that it does not know", "[http]") {
  for (const std::string_view expectation :
       {"200-ok", "100-continue, other", "100-continued", "x=\"y\""}) {
    CAPTURE(expectation);
    const Conversation conversation =
        ConverseAnyway("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: " +
                       std::string(expectation) + "\r\n\r\n");
    CHECK(conversation.output == ErrorAnswer(417, "Expectation Failed", true));
    CHECK(conversation.ends);
  }
}

}  // namespace turbo::engine::test
