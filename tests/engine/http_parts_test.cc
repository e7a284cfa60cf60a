// The small parts of the HTTP side: date, buffers, pool, methods, addresses, gate.
#include <arpa/inet.h>
#include <netinet/in.h>

#include <catch2/catch_test_macros.hpp>
#include <cstring>
#include <string>

#include "engine/http/buffer_pool.h"
#include "engine/http/date_cache.h"
#include "engine/http/http_parser.h"
#include "engine/http/inflight_gate.h"
#include "engine/http/method.h"
#include "engine/http/output_buffer.h"
#include "engine/http/request.h"
#include "engine/http/response_writer.h"

namespace turbo::engine::test {
namespace {

std::chrono::system_clock::time_point wall;

std::chrono::system_clock::time_point Wall() { return wall; }

PeerAddress Address(int family, const char* host, std::uint16_t port) {
  PeerAddress peer;
  if (family == AF_INET) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    inet_pton(AF_INET, host, &address.sin_addr);
    std::memcpy(&peer.storage, &address, sizeof(address));
    peer.length = sizeof(address);
  } else {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(port);
    inet_pton(AF_INET6, host, &address.sin6_addr);
    std::memcpy(&peer.storage, &address, sizeof(address));
    peer.length = sizeof(address);
  }
  return peer;
}

}  // namespace

TEST_CASE("DateCache formats the date of the second", "[http]") {
  using std::chrono::milliseconds;
  using std::chrono::seconds;
  wall = std::chrono::system_clock::time_point(seconds(784'111'777) + milliseconds(700));
  std::chrono::steady_clock::time_point now{seconds(5)};
  DateCache date("turbo", &Wall);
  date.Refresh(now);
  CHECK(date.both() == "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nServer: turbo\r\n");
  CHECK(date.date() == "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
  CHECK(date.server() == "Server: turbo\r\n");
  const auto pass = [&](milliseconds time) {
    wall += time;
    now += time;
    date.Refresh(now);
  };
  pass(milliseconds(299));
  CHECK(date.date() == "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
  pass(milliseconds(1));
  CHECK(date.date() == "Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n");
  pass(std::chrono::hours(24 * 365 * 30));
  CHECK(date.date() == "Date: Tue, 29 Oct 2024 08:49:38 GMT\r\n");
}

TEST_CASE("DateCache leaves Server out or writes a long one", "[http]") {
  wall = std::chrono::system_clock::time_point();
  DateCache none("", &Wall);
  none.Refresh({});
  CHECK(none.both() == "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n");
  CHECK(none.server().empty());
  const std::string name(500, 's');
  DateCache long_name(name, &Wall);
  long_name.Refresh({});
  OutputBuffer out;
  WriteHead(out, long_name, {}, {}, {Framing::kLength, ConnectionField::kAbsent, 0});
  CHECK(out.view() == "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nServer: " + name +
                          "\r\nContent-Length: 0\r\n\r\n");
}

TEST_CASE("OutputBuffer keeps its content while it grows and is consumed", "[http]") {
  OutputBuffer out;
  CHECK(out.empty());
  out.Append("");
  std::string expected;
  for (int i = 0; i < 5'000; ++i) {
    const std::string text = std::to_string(i);
    out.Append(text);
    out.Append(',');
    expected += text + ",";
    if (i % 7 == 0) {
      out.Consume(9 % (expected.size() + 1));
      expected.erase(0, 9 % (expected.size() + 1));
    }
    REQUIRE(out.view() == expected);
  }
  const std::size_t capacity = out.capacity();
  OutputBuffer moved = std::move(out);
  CHECK(moved.view() == expected);
  moved.Truncate(3);
  CHECK(moved.view() == expected.substr(0, 3));
  moved.Clear();
  CHECK(moved.empty());
  CHECK(moved.capacity() == capacity);
  moved.Release();
  CHECK(moved.capacity() == 0);
  moved.Append("again");
  out = std::move(moved);
  CHECK(out.view() == "again");
}

TEST_CASE("OutputBuffer reuses what was consumed instead of growing for ever", "[http]") {
  OutputBuffer out;
  const std::string piece(1'000, 'p');
  for (int i = 0; i < 10'000; ++i) {
    out.Append(piece);
    if (i != 0) out.Consume(piece.size());
  }
  CHECK(out.capacity() < 10'000);
}

TEST_CASE("BufferPool hands buffers out again", "[http]") {
  BufferPool pool;
  PooledBuffer first = pool.Acquire(3'000);
  CHECK(first.capacity() == 4'096);
  char* const data = first.data();
  std::memset(data, 'x', first.capacity());
  first.Release();
  CHECK_FALSE(first);
  PooledBuffer again = pool.Acquire(4'096);
  CHECK(again.data() == data);
  const PooledBuffer other = pool.Acquire(10);
  CHECK(other.data() != data);
  const PooledBuffer large = pool.Acquire(1'000'000);
  CHECK(large.capacity() == 1'000'000);
}

TEST_CASE("BufferPool grows a buffer with its content", "[http]") {
  BufferPool pool;
  PooledBuffer buffer;
  std::string expected;
  for (const std::size_t size : {10UL, 5'000UL, 20'000UL, 70'000UL, 300'000UL, 2'000'000UL}) {
    REQUIRE(pool.Grow(buffer, expected.size(), size));
    CHECK(buffer.capacity() >= size);
    CHECK(std::string_view(buffer.data(), expected.size()) == expected);
    expected.resize(size, static_cast<char>('a' + expected.size() % 26));
    std::memcpy(buffer.data(), expected.data(), expected.size());
  }
}

TEST_CASE("PooledBuffer moves", "[http]") {
  BufferPool pool;
  PooledBuffer a = pool.Acquire(100);
  PooledBuffer b = pool.Acquire(100);
  char* const data = a.data();
  b = std::move(a);
  CHECK(b.data() == data);
  CHECK_FALSE(a);  // NOLINT(bugprone-use-after-move)
  const PooledBuffer c(std::move(b));
  CHECK(c.data() == data);
}

TEST_CASE("RequestHead follows its bytes to another buffer", "[http]") {
  const std::string from = "target name value";
  RequestHead head;
  head.target = std::string_view(from).substr(0, 6);
  for (int i = 0; i < 100; ++i) {
    head.Append() = {std::string_view(from).substr(7, 4), std::string_view(from).substr(12)};
  }
  head.Append() = {std::string_view(from).substr(7, 4), {}};
  std::string to = from;
  head.Rebase(from.data(), to.data());
  to.replace(0, 6, "TARGET").replace(7, 4, "NAME").replace(12, 5, "VALUE");
  CHECK(head.target == "TARGET");
  CHECK(head.fields().size() == 101);
  CHECK(head.fields()[57].name == "NAME");
  CHECK(head.fields()[57].value == "VALUE");
  CHECK(head.fields()[100].value.data() == nullptr);
}

TEST_CASE("Methods have names and are found by them", "[http]") {
  CHECK(MethodName(Method::kGet) == "GET");
  CHECK(MethodName(Method::kPatch) == "PATCH");
  CHECK(MethodName(static_cast<Method>(46)) == "QUERY");
  CHECK(MethodName(static_cast<Method>(200)).empty());
  for (int i = 0; i < 64; ++i) {
    const auto method = static_cast<Method>(i);
    if (!MethodName(method).empty()) CHECK(MethodFromName(MethodName(method)) == method);
  }
  CHECK(MethodFromName("get") == std::nullopt);
  CHECK(MethodFromName("") == std::nullopt);
  CHECK(MethodFromName("DESCRIBE") == std::nullopt);
}

TEST_CASE("PeerAddress tells host and port", "[http]") {
  CHECK(Address(AF_INET, "192.0.2.7", 8080).Host() == "192.0.2.7");
  CHECK(Address(AF_INET, "192.0.2.7", 8080).Port() == 8080);
  CHECK(Address(AF_INET6, "2001:db8::1", 65535).Host() == "2001:db8::1");
  CHECK(Address(AF_INET6, "2001:db8::1", 65535).Port() == 65535);
  PeerAddress local;
  local.storage.ss_family = AF_UNIX;
  CHECK(local.Host().empty());
  CHECK(local.Port() == 0);
}

TEST_CASE("EqualsIgnoreCase knows ASCII letters only", "[http]") {
  CHECK(EqualsIgnoreCase("Content-Type", "cONTENT-tYPE"));
  CHECK(EqualsIgnoreCase("", ""));
  CHECK_FALSE(EqualsIgnoreCase("a", "ab"));
  CHECK_FALSE(EqualsIgnoreCase("[", "{"));
  CHECK_FALSE(EqualsIgnoreCase("@", "`"));
  CHECK_FALSE(EqualsIgnoreCase("\xC3\x89", "\xC3\xA9"));
}

TEST_CASE("InflightGate lets no more in than it may", "[http]") {
  std::atomic<std::uint64_t> inflight{0};
  InflightGate gate(inflight, 2);
  InflightGate same(inflight, 2);
  CHECK(gate.TryEnter());
  CHECK(same.TryEnter());
  CHECK_FALSE(gate.TryEnter());
  CHECK(inflight == 2);
  gate.Leave();
  CHECK(same.TryEnter());
}

TEST_CASE("CountDigits counts", "[http]") {
  CHECK(CountDigits(0) == 1);
  CHECK(CountDigits(9) == 1);
  CHECK(CountDigits(10) == 2);
  CHECK(CountDigits(UINT64_MAX) == 20);
}

}  // namespace turbo::engine::test
