// The parser alone: its events and where it stops.
#include "engine/http/http_parser.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

namespace turbo::engine::test {
namespace {

using Event = HttpParser::Event;
using Error = HttpParser::Error;

/// All events of `bytes`, fed as far as the parser goes. The pieces of bodies are gathered.
struct Parsed {
  explicit Parsed(std::string_view bytes) {
    parser.Begin(head);
    for (std::size_t at = 0;
         at < bytes.size() && (events.empty() || events.back() != Event::kError);) {
      events.push_back(parser.Feed(bytes.data() + at, bytes.size() - at));
      body.append(parser.body_piece());
      at = static_cast<std::size_t>(parser.position() - bytes.data());
      if (events.back() == Event::kMessage) {
        ends.push_back(at);
        if (at < bytes.size()) parser.Begin(head);
      }
    }
  }

  HttpLimits limits;
  HttpParser parser{limits};
  RequestHead head;
  std::vector<Event> events;
  std::vector<std::size_t> ends;
  std::string body;
};

Error ErrorOf(std::string_view bytes) {
  const Parsed parsed(bytes);
  REQUIRE(parsed.events.back() == Event::kError);
  return parsed.parser.error();
}

}  // namespace

TEST_CASE("HttpParser makes one event of a request without a body", "[http]") {
  const std::string_view bytes = "GET /a?b HTTP/1.1\r\nHost: c\r\nX:\r\n\r\n";
  Parsed parsed(bytes);
  CHECK(parsed.events == std::vector{Event::kMessage});
  CHECK(parsed.ends == std::vector{bytes.size()});
  CHECK(parsed.head.target == "/a?b");
  REQUIRE(parsed.head.fields().size() == 2);
  CHECK(parsed.head.fields()[0].name == "Host");
  CHECK(parsed.head.fields()[0].value == "c");
  CHECK(parsed.head.fields()[1].value.empty());
  CHECK(parsed.parser.method() == Method::kGet);
  CHECK(parsed.parser.version_minor() == 1);
  CHECK(parsed.parser.keep_alive());
}

TEST_CASE("HttpParser stops behind each message", "[http]") {
  const std::string request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  const Parsed parsed(request + request + "GET");
  CHECK(parsed.events == std::vector{Event::kMessage, Event::kMessage, Event::kNeedMore});
  CHECK(parsed.ends == std::vector{request.size(), 2 * request.size()});
}

TEST_CASE("HttpParser goes on after a message that asks to close", "[http]") {
  const std::string request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  const Parsed parsed(request + request);
  CHECK(parsed.events == std::vector{Event::kMessage, Event::kMessage});
  CHECK_FALSE(parsed.parser.keep_alive());
}

TEST_CASE("HttpParser stops at a head that a body follows", "[http]") {
  const Parsed parsed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET");
  CHECK(parsed.events == std::vector{Event::kHead, Event::kMessage, Event::kNeedMore});
  CHECK(parsed.body == "hello");
}

TEST_CASE("HttpParser tells the length that is to come", "[http]") {
  const Parsed parsed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1234567\r\n\r\nhel");
  CHECK(parsed.events == std::vector{Event::kHead, Event::kNeedMore});
  CHECK(parsed.parser.content_length() == 1'234'567);
  CHECK_FALSE(parsed.parser.chunked());
  CHECK(parsed.body == "hel");
}

TEST_CASE("HttpParser gives chunks piece by piece", "[http]") {
  const Parsed parsed(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: u\r\n\r\n");
  CHECK(parsed.parser.chunked());
  CHECK(parsed.events == std::vector{Event::kHead, Event::kBody, Event::kBody, Event::kMessage});
  CHECK(parsed.body == "abcde");
}

TEST_CASE("HttpParser rejects two Content-Length fields", "[http]") {
  CHECK(ErrorOf("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n") ==
        Error::kSyntax);
}

TEST_CASE("HttpParser tells why it refuses", "[http]") {
  CHECK(ErrorOf("GET / HTTP/1.1\r\nX Y: z\r\n") == Error::kSyntax);
  CHECK(ErrorOf("FOO / HTTP/1.1\r\n") == Error::kUnknownMethod);
  CHECK(ErrorOf("PLAY / HTTP/1.1\r\n") == Error::kUnsupportedMethod);
  CHECK(ErrorOf("GET / HTTP/4.0\r\n") == Error::kVersion);
  CHECK(ErrorOf("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == Error::kVersion);
  std::string fields = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 101; ++i) fields += "X: y\r\n";
  CHECK(ErrorOf(fields) == Error::kTooManyFields);
}

TEST_CASE("HttpParser points at the byte that it refuses", "[http]") {
  const std::string_view bytes = "GET / HTTP/1.1\r\nX Y: z\r\n";
  const Parsed parsed(bytes);
  CHECK(parsed.parser.position() - bytes.data() == 17);
}

}  // namespace turbo::engine::test
