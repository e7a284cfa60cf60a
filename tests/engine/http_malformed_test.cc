// Requests that are refused: syntax, smuggling, versions, methods. Each is cut at every byte.
#include <catch2/catch_test_macros.hpp>
#include <string>

#include "tests/engine/http_test_support.h"

namespace turbo::engine::test {
namespace {

struct Case {
  int status;
  std::string_view bytes;
};

void CheckRefused(std::span<const Case> cases) {
  for (const Case& c : cases) {
    CAPTURE(c.bytes);
    Conversation conversation;
    REQUIRE_NOTHROW(conversation = ConverseAnyway(c.bytes));
    CHECK(conversation.ends);
    CHECK(Statuses(conversation.output) == std::vector{c.status});
    CHECK(conversation.output.find("\r\nConnection: close\r\n") != std::string::npos);
  }
}

}  // namespace

TEST_CASE("HttpSession refuses malformed request lines", "[http]") {
  const Case cases[] = {
      {400, " GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {400, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {400, "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"},
      {400, "GET /  HTTP/1.1\r\nHost: a\r\n\r\n"},
      {400, "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"},
      {400, "GET / HTTP/1.1\nHost: a\n\n"},
      {400, "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n"},
      {400, "GET / HTTP/1.1\rHost: a\r\n\r\n"},
      {400, "GET / HTTP/11\r\nHost: a\r\n\r\n"},
      {400, "GET / HTTP/1.\r\nHost: a\r\n\r\n"},
      {400, "GET / HTTP/.1\r\nHost: a\r\n\r\n"},
      {400, "GET / HTTP/1,1\r\nHost: a\r\n\r\n"},
      {400, "GET / HTTP/x.y\r\nHost: a\r\n\r\n"},
      {400, "GET / HTTP/1.1x\r\nHost: a\r\n\r\n"},
      {400, "GET / http/1.1\r\nHost: a\r\n\r\n"},
      {400, "GET / HTTPS/1.1\r\nHost: a\r\n\r\n"},
      {400, "GET / HTP/1.1\r\nHost: a\r\n\r\n"},
      {400, "GET /\r\n\r\n"},
      {400, "GET / \r\n\r\n"},
      {400, "GET\r\n\r\n"},
      {400, "GET \r\n\r\n"},
      {400, "GET HTTP/1.1\r\nHost: a\r\n\r\n"},
      {400, "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"},
      {400, "GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n"},
      {400, "GET /\x7F HTTP/1.1\r\nHost: a\r\n\r\n"},
      {400, "GET /\xC3\xA9 HTTP/1.1\r\nHost: a\r\n\r\n"},
      {400, {"GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", 29}},
      {400, "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {400, "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {400, "\r\n\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {400, "\x16\x03\x01\x02"},  // a TLS client hello
  };
  CheckRefused(cases);
}

TEST_CASE("HttpSession refuses targets of other forms", "[http]") {
  const Case cases[] = {
      {400, "GET * HTTP/1.1\r\nHost: a\r\n\r\n"},
      {400, "POST * HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx"},
      {400, "OPTIONS *x HTTP/1.1\r\nHost: a\r\n\r\n"},
      {400, "GET x HTTP/1.1\r\nHost: a\r\n\r\n"},
      {400, "GET users/1 HTTP/1.1\r\nHost: a\r\n\r\n"},
      {400, "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n"},
      {400, "GET http:/// HTTP/1.1\r\nHost: a\r\n\r\n"},
      {400, "GET http:a HTTP/1.1\r\nHost: a\r\n\r\n"},
      {400, "GET ?a HTTP/1.1\r\nHost: a\r\n\r\n"},
      {501, "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n"},
      {501, "CONNECT /a HTTP/1.1\r\nHost: a\r\n\r\n"},
  };
  CheckRefused(cases);
}

TEST_CASE("HttpSession refuses versions other than 1.0 and 1.1", "[http]") {
  const Case cases[] = {
      {505, "GET / HTTP/0.9\r\nHost: a\r\n\r\n"}, {505, "GET / HTTP/1.2\r\nHost: a\r\n\r\n"},
      {505, "GET / HTTP/1.9\r\nHost: a\r\n\r\n"}, {505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"},
      {505, "GET / HTTP/3.0\r\nHost: a\r\n\r\n"}, {505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
  };
  CheckRefused(cases);
}

TEST_CASE("HttpSession tells unknown methods from what is no method", "[http]") {
  const Case cases[] = {
      {501, "FOO / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {501, "get / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {501, "GETX / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {501, "GE / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {501, "X-Y_z!#$%&'*+.^`|~9 / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {501, "DESCRIBE / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {501, "SOURCE / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {400, "F(O / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {400, "F\x01O / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {400, "FOO\r\n\r\n"},
      {400, "F\xC3\xA9 / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {400, "{\"a\":1}\r\n"},
      {400, "DESCRIBE rtsp://a/b RTSP/1.0\r\n\r\n"},
      {400, "OPTIONS / RTSP/1.0\r\nHost: a\r\n\r\n"},
      {400, "SOURCE /a ICE/1.0\r\nHost: a\r\n\r\n"},
      {400, "GET /a ICE/1.0\r\nHost: a\r\n\r\n"},
  };
  CheckRefused(cases);
}

TEST_CASE("HttpSession refuses malformed header fields", "[http]") {
  const Case cases[] = {
      {400, "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n folded\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\tfolded\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\n X: b\r\nHost: a\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost : a\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: a\r\nX\t: b\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: a\r\nX Y: b\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: a\r\nX(: b\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: a\r\nX\xC3\xA9: b\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: a\r\nX: b\rc\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: a\r\nX: b\nY: c\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\nY: c\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: a\r\nX: b\x01\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: a\r\nX: b\x7F\r\n\r\n"},
      {400, {"GET / HTTP/1.1\r\nHost: a\r\nX: b\0\r\n\r\n", 34}},
      {400, {"GET / HTTP/1.1\r\nHost: a\r\nX\0: b\r\n\r\n", 34}},
      {400, "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: a\r\n\rX"},
  };
  CheckRefused(cases);
}

TEST_CASE("HttpSession wants exactly one valid Host", "[http]") {
  const Case cases[] = {
      {400, "GET / HTTP/1.1\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: a\r\nhOsT: b\r\n\r\n"},
      {400, "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: user@a\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: a?\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: \"a\"\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: \xC3\xA9\r\n\r\n"},
      {400, "GET http://a/ HTTP/1.1\r\n\r\n"},
  };
  CheckRefused(cases);
  for (const std::string_view host : {"", "a", "a:80", "[::1]:8000", "127.0.0.1",
                                      "xn--e1afmkfd.example", "a_b.example", "a%41"}) {
    CAPTURE(host);
    CHECK(ConverseAnyway("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n").output ==
          TextAnswer("hello"));
  }
}

TEST_CASE("HttpSession refuses doubtful message lengths", "[http]") {
  const Case cases[] = {
      {400,
       "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: "
       "chunked\r\n\r\n0\r\n\r\n"},
      {400,
       "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: "
       "5\r\n\r\n0\r\n\r\n"},
      {400,
       "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello"},
      {400,
       "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"},
      {400, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\nhello"},
      {400, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5,\r\n\r\nhello"},
      {400, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello"},
      {400, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\nhello"},
      {400, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\nhello"},
      {400, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5e0\r\n\r\nhello"},
      {400, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5.0\r\n\r\nhello"},
      {400, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1 2\r\n\r\nhello"},
      {400, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\nhello"},
      {400, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: five\r\n\r\nhello"},
      {400, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551616\r\n\r\nx"},
      {400, "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n"},
      {400, "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n"},
      {400, "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"},
      {400, "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n"},
      {400, "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"},
      {400, "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"},
      {400,
       "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"},
      {400,
       "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
       "chunked\r\n\r\n0\r\n\r\n"},
      {400,
       "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
       "gzip\r\n\r\n0\r\n\r\n"},
      {400, "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n0\r\n\r\n"},
      {400, "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\nContent-Length: 3\r\n\r\nabc"},
      {400, "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {400,
       "GET / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {501, "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
      {501,
       "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: "
       "chunked\r\n\r\n0\r\n\r\n"},
  };
  CheckRefused(cases);
}

TEST_CASE("HttpSession refuses malformed chunks", "[http]") {
  const std::string head = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string_view body : {
           "5\nhello\r\n0\r\n\r\n",
           "5\r\nhelloX\r\n0\r\n\r\n",
           "5\r\nhello\n0\r\n\r\n",
           "5\r\nhello\rX0\r\n\r\n",
           " 5\r\nhello\r\n0\r\n\r\n",
           "5 \r\nhello\r\n0\r\n\r\n",
           "5 ;a=b\r\nhello\r\n0\r\n\r\n",
           "5;;\r\nhello\r\n0\r\n\r\n",
           "0x5\r\nhello\r\n0\r\n\r\n",
           "-1\r\n",
           "+5\r\nhello\r\n0\r\n\r\n",
           "\r\n",
           "x\r\n",
           "fffffffffffffffff\r\n",
           "5\r\nhello\r\n0\r\nX : b\r\n\r\n",
           "5\r\nhello\r\n0\r\nX: b\r\n c\r\n\r\n",
           "5\r\nhello\r\n0\r\nX\r\n\r\n",
           "5\r\nhello\r\n0\n\r\n",
           "5\rhello\r\n0\r\n\r\n",
           "5;a=\x01\r\nhello\r\n0\r\n\r\n",
           "5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n",
           "5;a\nb\r\nhello\r\n0\r\n\r\n",
       }) {
    CAPTURE(body);
    Conversation conversation;
    REQUIRE_NOTHROW(conversation = ConverseAnyway(head + std::string(body)));
    CHECK(conversation.output == ErrorAnswer(400, "Bad Request", true));
    CHECK(conversation.ends);
  }
}

TEST_CASE("HttpSession answers what came before a malformed request", "[http]") {
  const Conversation conversation =
      ConverseAnyway("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET  / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(conversation.output == TextAnswer("hello") + ErrorAnswer(400, "Bad Request", true));
  CHECK(conversation.ends);
}

TEST_CASE("HttpSession does not take smuggled requests out of a refused message", "[http]") {
  TestServer server;
  TestConnection connection(server);
  connection.Send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
      "0\r\n\r\nGET /users/1 HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(server.gateway.handled == 0);
  CHECK(connection.state == SessionState::kLingering);
  // What comes later is dropped.
  connection.state = SessionState::kReading;
  connection.Send("GET /users/1 HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(server.gateway.handled == 0);
}

TEST_CASE("HttpSession answers 400 to a path that cannot be decoded and stays", "[http]") {
  const Conversation conversation = ConverseAnyway("GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(conversation.output == ErrorAnswer(400, "Bad Request", false));
  CHECK_FALSE(conversation.ends);
}

}  // namespace turbo::engine::test
