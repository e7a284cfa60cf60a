// Limits and deadlines.
#include <catch2/catch_test_macros.hpp>
#include <string>

#include "tests/engine/http_test_support.h"

namespace turbo::engine::test {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr std::string_view kChunkedHead =
    "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

Conversation WithLimits(std::string_view bytes, const HttpLimits& limits) {
  return ConverseAnyway(bytes, [&](TestServer& server) { server.limits = limits; });
}

/// A request whose line is `size` bytes long, CRLF included.
std::string WithLine(std::size_t size) {
  std::string line = "GET /describe?";
  const std::string_view end = " HTTP/1.1\r\n";
  line.append(size - line.size() - end.size(), 'q').append(end);
  return line + "Host: a\r\n\r\n";
}

/// A request whose header block is `size` bytes long, the empty line included.
std::string WithBlock(std::size_t size) {
  std::string block = "Host: a\r\nX: ";
  block.append(size - block.size() - 4, 'x').append("\r\n\r\n");
  return "GET / HTTP/1.1\r\n" + block;
}

}  // namespace

TEST_CASE("HttpSession limits the request line", "[http]") {
  const HttpLimits limits{.max_request_line = 60};
  CHECK(Statuses(WithLimits(WithLine(60), limits).output) == std::vector{200});
  for (const std::size_t size : {61UL, 62UL, 70UL, 3000UL}) {
    CAPTURE(size);
    const Conversation conversation = WithLimits(WithLine(size), limits);
    CHECK(conversation.output == ErrorAnswer(414, "URI Too Long", true));
    CHECK(conversation.ends);
  }
}

TEST_CASE("HttpSession limits the request line by default to 8 KiB", "[http]") {
  TestServer server;
  TestConnection fits(server);
  fits.Send(WithLine(8 * 1024));
  CHECK(Statuses(fits.output) == std::vector{200});
  TestConnection exceeds(server);
  exceeds.Send(WithLine(8 * 1024 + 1));
  CHECK(Statuses(exceeds.output) == std::vector{414});
  TestConnection endless(server);
  endless.Send("GET /" + std::string(1'000'000, 'a'));
  CHECK(Statuses(endless.output) == std::vector{414});
  CHECK(endless.unsent > 900'000);
}

TEST_CASE("HttpSession puts the request line's limit before what stands beyond it", "[http]") {
  const HttpLimits limits{.max_request_line = 60};
  std::string bad = WithLine(90);
  bad[70] = '\x01';
  CHECK(Statuses(WithLimits(bad, limits).output) == std::vector{414});
  bad[50] = '\x01';
  CHECK(Statuses(WithLimits(bad, limits).output) == std::vector{400});
  const std::string method(100, 'M');
  CHECK(Statuses(WithLimits(method + " / HTTP/1.1\r\n", limits).output) == std::vector{414});
  CHECK(Statuses(WithLimits(method.substr(0, 59) + " / HTTP/1.1\r\n", limits).output) ==
        std::vector{501});
}

TEST_CASE("HttpSession limits the header block", "[http]") {
  for (const std::size_t line_limit : {20UL, 8192UL}) {
    CAPTURE(line_limit);
    const HttpLimits limits{.max_request_line = line_limit, .max_header_block = 100};
    CHECK(Statuses(WithLimits(WithBlock(100), limits).output) == std::vector{200});
    for (const std::size_t size : {101UL, 102UL, 130UL, 3000UL}) {
      CAPTURE(size);
      const Conversation conversation = WithLimits(WithBlock(size), limits);
      CHECK(conversation.output == ErrorAnswer(431, "Request Header Fields Too Large", true));
      CHECK(conversation.ends);
    }
    std::string bad = WithBlock(130);
    bad[16 + 110] = '\x01';
    CHECK(Statuses(WithLimits(bad, limits).output) == std::vector{431});
    bad[16 + 50] = '\x01';
    CHECK(Statuses(WithLimits(bad, limits).output) == std::vector{400});
  }
}

TEST_CASE("HttpSession limits the header block by default to 32 KiB", "[http]") {
  TestServer server;
  TestConnection fits(server);
  fits.Send(WithBlock(32 * 1024) + std::string(kGet));
  CHECK(Statuses(fits.output) == std::vector{200, 200});
  TestConnection exceeds(server);
  exceeds.Send(WithBlock(32 * 1024 + 1));
  CHECK(Statuses(exceeds.output) == std::vector{431});
}

TEST_CASE("HttpSession takes a head as long as both limits, byte for byte", "[http]") {
  TestServer server;
  TestConnection connection(server);
  std::string request = WithLine(8 * 1024);
  std::string block;
  for (int i = 0; i < 90; ++i) {
    block += "X-" + std::to_string(i) + ": " + std::string(350, static_cast<char>('a' + i % 26)) +
             "\r\n";
  }
  request.insert(request.find("\r\n") + 2, block);
  connection.SendEachByte(request);
  REQUIRE(Statuses(connection.output) == std::vector{200});
  for (const int i : {0, 45, 89}) {
    const std::string field =
        "X-" + std::to_string(i) + "=" + std::string(350, static_cast<char>('a' + i % 26)) + "\n";
    CHECK(connection.output.find(field) != std::string::npos);
  }
  CHECK(connection.session->ReadSpace().size() == HttpSession::kInlineBuffer);
}

TEST_CASE("HttpSession limits the number of header fields", "[http]") {
  const auto with_fields = [](int count) {
    std::string request = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (int i = 1; i < count; ++i) request += "X: y\r\n";
    return request + "\r\n";
  };
  CHECK(ConverseAnyway(with_fields(100)).output == TextAnswer("hello"));
  const Conversation conversation = ConverseAnyway(with_fields(101));
  CHECK(conversation.output == ErrorAnswer(431, "Request Header Fields Too Large", true));
  CHECK(conversation.ends);
}

TEST_CASE("HttpSession refuses a body that is announced too large without reading it", "[http]") {
  TestServer server;
  server.limits.max_body = 10;
  TestConnection fits(server);
  fits.Send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789");
  CHECK(fits.output == TextAnswer("0123456789"));
  TestConnection exceeds(server);
  exceeds.Send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n");
  CHECK(exceeds.output == ErrorAnswer(413, "Content Too Large", true));
  CHECK(exceeds.state == SessionState::kLingering);
  TestConnection huge(server);
  huge.Send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n\r\n");
  CHECK(Statuses(huge.output) == std::vector{413});
}

TEST_CASE("HttpSession sends no body with the 413 of HEAD", "[http]") {
  TestServer server;
  server.limits.max_body = 10;
  TestConnection connection(server);
  connection.Send("HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n");
  const std::string whole = ErrorAnswer(413, "Content Too Large", true);
  CHECK(connection.output == whole.substr(0, whole.find("\r\n\r\n") + 4));
}

TEST_CASE("HttpSession limits chunked bodies by count", "[http]") {
  const HttpLimits limits{.max_body = 10};
  const std::string head(kChunkedHead);
  CHECK(WithLimits(head + "5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n", limits).output ==
        TextAnswer("0123456789"));
  const Conversation conversation =
      WithLimits(head + "5\r\n01234\r\n6\r\n56789a\r\n0\r\n\r\n", limits);
  CHECK(conversation.output == ErrorAnswer(413, "Content Too Large", true));
  CHECK(conversation.ends);
}

TEST_CASE("HttpSession limits bodies that it discards", "[http]") {
  const HttpLimits limits{.max_body = 10};
  const std::string head = "POST /none HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  CHECK(Statuses(WithLimits(head + "b\r\n0123456789a\r\n0\r\n\r\n", limits).output) ==
        std::vector{413});
}

TEST_CASE("HttpSession limits trailers and chunk extensions as it does header fields", "[http]") {
  const HttpLimits limits{.max_header_block = 100, .max_header_fields = 4};
  const std::string head(kChunkedHead);
  const auto statuses = [&](const std::string& body) {
    return Statuses(WithLimits(head + body, limits).output);
  };
  const std::string many = "A: b\r\nA: b\r\nA: b\r\nA: b\r\n";
  CHECK(statuses("0\r\n" + many + "\r\n") == std::vector{200});
  CHECK(statuses("0\r\n" + many + "A: b\r\n\r\n") == std::vector{431});
  CHECK(statuses("0\r\n" + many + "A b\r\n\r\n") == std::vector{400});
  const std::string x(60, 'x');
  CHECK(statuses("0\r\nA: " + x + "\r\n\r\n") == std::vector{200});
  CHECK(statuses("0\r\nA: " + x + x + "\r\n\r\n") == std::vector{431});
  CHECK(statuses("0\r\nA: " + x + x + "\x01\r\n\r\n") == std::vector{431});
  CHECK(statuses("0\r\nA:" + std::string(200, ' ')) == std::vector{431});
  CHECK(statuses("1;" + x + "\r\na\r\n0\r\n\r\n") == std::vector{200});
  CHECK(statuses("1;" + x + x + "\r\na\r\n0\r\n\r\n") == std::vector{431});
  CHECK(statuses("1;" + x + "\r\na\r\n1;" + x + x + "\r\na\r\n0\r\n\r\n") == std::vector{431});
  CHECK(statuses(std::string(200, '0') + "\r\n\r\n") == std::vector{431});
  std::string many_chunks;
  for (int i = 0; i < 100; ++i) many_chunks += "1\r\na\r\n";
  CHECK(statuses(many_chunks + "0\r\n\r\n") == std::vector{200});
  // The head does not count.
  const std::string line = "POST /echo?" + std::string(300, 'q') + " HTTP/1.1\r\n";
  CHECK(
      Statuses(WithLimits(line + head.substr(head.find('\n') + 1) + "0\r\n\r\n", limits).output) ==
      std::vector{200});
}

TEST_CASE("HttpSession closes a connection on which nothing comes", "[http]") {
  TestServer server;
  TestConnection connection(server);
  CHECK(connection.session->deadline() == server.context.now + server.timeouts.header);
  server.Advance(milliseconds(9'999));
  CHECK(connection.Deadline().state == SessionState::kReading);
  server.Advance(milliseconds(1));
  CHECK(connection.Deadline().state == SessionState::kClosing);
  CHECK(connection.output.empty());
}

TEST_CASE("HttpSession gives a head a time that its bytes do not extend", "[http]") {
  TestServer server;
  TestConnection connection(server);
  server.Advance(milliseconds(5'000));
  connection.Send("G");
  const TimePoint due = server.context.now + server.timeouts.header;
  CHECK(connection.session->deadline() == due);
  for (const char c : std::string_view("ET / HTTP/1.1\r\nX: ")) {
    server.Advance(milliseconds(500));
    connection.Send({&c, 1});
    CHECK(connection.session->deadline() == due);
  }
  server.context.now = due;
  connection.Deadline();
  CHECK(connection.output == ErrorAnswer(408, "Request Timeout", true));
  CHECK(connection.state == SessionState::kLingering);
}

TEST_CASE("HttpSession times out while it waits to know a method", "[http]") {
  TestServer server;
  TestConnection connection(server);
  connection.Send("FOO");
  server.Advance(server.timeouts.header);
  connection.Deadline();
  CHECK(connection.output == ErrorAnswer(408, "Request Timeout", true));
}

TEST_CASE("HttpSession gives each request a head time of its own", "[http]") {
  TestServer server;
  TestConnection connection(server);
  connection.Send(kGet);
  server.Advance(milliseconds(30'000));
  connection.Send("G");
  CHECK(connection.session->deadline() == server.context.now + server.timeouts.header);
}

TEST_CASE("HttpSession gives a body time from byte to byte", "[http]") {
  TestServer server;
  for (const std::string_view head :
       {std::string_view("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"),
        std::string_view("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n")}) {
    TestConnection connection(server);
    connection.Send(head);
    for (int i = 0; i < 5; ++i) {
      CHECK(connection.session->deadline() == server.context.now + server.timeouts.body);
      server.Advance(milliseconds(29'000));
      connection.Send("x");
    }
    server.Advance(milliseconds(30'000));
    connection.Deadline();
    CHECK(connection.output == ErrorAnswer(408, "Request Timeout", true));
    CHECK(connection.state == SessionState::kLingering);
    CHECK(server.counters.in_flight.value() == 0);
  }
}

TEST_CASE("HttpSession does not extend a body's time for framing", "[http]") {
  TestServer server;
  TestConnection connection(server);
  connection.Send(std::string(kChunkedHead) + "1\r\nx\r\n");
  const TimePoint due = server.context.now + server.timeouts.body;
  for (const char c : std::string_view("000000;a=b")) {
    server.Advance(milliseconds(1'000));
    connection.Send({&c, 1});
    CHECK(connection.session->deadline() == due);
  }
}

TEST_CASE("HttpSession closes an idle connection without a word", "[http]") {
  TestServer server;
  TestConnection connection(server);
  connection.Send(kGet).TakeOutput();
  const TimePoint due = server.context.now + server.timeouts.keep_alive;
  CHECK(connection.session->deadline() == due);
  server.Advance(milliseconds(1'000));
  connection.Send("\r\n");  // no beginning of a request
  CHECK(connection.session->deadline() == due);
  server.context.now = due;
  connection.Deadline();
  CHECK(connection.state == SessionState::kClosing);
  CHECK(connection.output.empty());
}

TEST_CASE("HttpSession has no deadline while the application works", "[http]") {
  TestServer server;
  server.gateway.Add({Method::kGet}, "/later", [](Exchange&) {});
  TestConnection connection(server);
  connection.Send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(connection.session->deadline() == TimePoint::max());
  server.Advance(milliseconds(1'000'000));
  CHECK(connection.Deadline().state == SessionState::kAwaitingApp);
}

TEST_CASE("HttpSession takes zero for no limit on the times of head and body", "[http]") {
  TestServer server;
  server.timeouts.header = server.timeouts.body = milliseconds(0);
  TestConnection connection(server);
  CHECK(connection.session->deadline() == TimePoint::max());
  connection.Send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n");
  CHECK(connection.session->deadline() == TimePoint::max());
}

}  // namespace turbo::engine::test
