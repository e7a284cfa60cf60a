#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <string>

#include "engine/base/unique_fd.h"
#include "engine/loop/access_log.h"

namespace turbo::engine {
namespace {

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;

  Pipe() {
    int fds[2];
    REQUIRE(::pipe2(fds, O_CLOEXEC) == 0);
    read_end.Reset(fds[0]);
    write_end.Reset(fds[1]);
    REQUIRE(::fcntl(fds[0], F_SETFL, O_NONBLOCK) == 0);
  }

  std::string Read() const {
    std::string all;
    char buffer[4096];
    for (ssize_t n; (n = ::read(read_end.get(), buffer, sizeof(buffer))) > 0;) {
      all.append(buffer, static_cast<std::size_t>(n));
    }
    return all;
  }
};

PeerAddress Peer(const char* host, std::uint16_t port) {
  PeerAddress peer;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&peer.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&peer.storage);
  if (::inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    peer.length = sizeof(*v4);
  } else {
    REQUIRE(::inet_pton(AF_INET6, host, &v6->sin6_addr) == 1);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    peer.length = sizeof(*v6);
  }
  return peer;
}

TEST_CASE("AccessLog writes a text line for a request, and nothing before Flush", "[loop]") {
  const Pipe pipe;
  AccessLog log(pipe.write_end.get(), AccessLog::Format::kText);
  const PeerAddress peer = Peer("127.0.0.1", 51234);
  Request request;
  request.target = "/users/1?x=2";
  request.peer = &peer;
  log.Record(request, 200, 38, 214);
  CHECK(pipe.Read().empty());
  log.Flush();
  CHECK(pipe.Read() == "127.0.0.1:51234 \"GET /users/1?x=2 HTTP/1.1\" 200 38 0.21ms\n");
  log.Flush();
  CHECK(pipe.Read().empty());
}

TEST_CASE("AccessLog brackets an IPv6 address and names a Unix-domain client", "[loop]") {
  const Pipe pipe;
  AccessLog log(pipe.write_end.get(), AccessLog::Format::kText);
  const PeerAddress peer = Peer("::1", 80);
  const PeerAddress unix_peer;
  Request request;
  request.method = Method::kPost;
  request.version_minor = 0;
  request.target = "/";
  request.peer = &peer;
  log.Record(request, 404, 0, 1'500'000);
  request.peer = &unix_peer;
  log.Record(request, 204, 0, 0);
  log.Flush();
  CHECK(pipe.Read() ==
        "[::1]:80 \"POST / HTTP/1.0\" 404 0 1500.00ms\nunix \"POST / HTTP/1.0\" 204 0 0.00ms\n");
}

TEST_CASE("AccessLog keeps one line a request whatever the target holds", "[loop]") {
  const Pipe pipe;
  AccessLog log(pipe.write_end.get(), AccessLog::Format::kText);
  Request request;
  request.target = "/a\"b\\c\r\nd\x80\x1b[31m";
  log.Record(request, 400, 0, 0);
  log.Flush();
  CHECK(pipe.Read() ==
        "unix \"GET /a\\x22b\\x5cc\\x0d\\x0ad\\x80\\x1b[31m HTTP/1.1\" 400 0 0.00ms\n");
}

TEST_CASE("AccessLog writes JSON objects with the time", "[loop]") {
  const Pipe pipe;
  AccessLog log(pipe.write_end.get(), AccessLog::Format::kJson);
  const PeerAddress peer = Peer("10.0.0.7", 1);
  Request request;
  request.target = "/q?\"\n";
  request.peer = &peer;
  log.Record(request, 200, 5, 1234);
  log.Flush();
  const std::string line = pipe.Read();
  INFO(line);
  CHECK(line.starts_with("{\"time\":\"2"));
  CHECK(line.ends_with(
      "Z\",\"client\":\"10.0.0.7\",\"port\":1,\"method\":\"GET\",\"target\":\"/q?\\\"\\n\","
      "\"version\":\"1.1\",\"status\":200,\"bytes\":5,\"ms\":1.234}\n"));
  CHECK(line.substr(9, 24).find_first_not_of("0123456789-T:.Z") == std::string::npos);
}

TEST_CASE("AccessLog loses whole lines, and keeps bounded memory, when nobody reads", "[loop]") {
  const Pipe pipe;
  REQUIRE(::fcntl(pipe.write_end.get(), F_SETFL, O_NONBLOCK) == 0);
  AccessLog log(pipe.write_end.get(), AccessLog::Format::kText);
  Request request;
  const std::string target = "/" + std::string(999, 'x');
  request.target = target;
  for (int i = 0; i < 5000; ++i) log.Record(request, 200, 0, 0);
  std::string all;
  for (int i = 0; i < 100; ++i) {
    log.Flush();
    all += pipe.Read();
  }
  const std::size_t line = std::string("unix \"GET  HTTP/1.1\" 200 0 0.00ms\n").size() + 1000;
  CHECK(all.size() % line == 0);
  CHECK(all.size() / line > 1000);
  CHECK(all.size() / line < 1200);  // 1 MiB and what fitted into the pipe
  log.Record(request, 200, 0, 0);
  log.Flush();
  CHECK(pipe.Read().size() == line);
}

TEST_CASE("AccessLog survives a reader that is gone", "[loop]") {
  Pipe pipe;
  pipe.read_end.Reset();
  struct sigaction ignore {};
  struct sigaction before {};
  ignore.sa_handler = SIG_IGN;
  REQUIRE(::sigaction(SIGPIPE, &ignore, &before) == 0);
  AccessLog log(pipe.write_end.get(), AccessLog::Format::kText);
  for (int i = 0; i < 3; ++i) {
    log.Record({}, 200, 0, 0);
    log.Flush();
  }
  ::sigaction(SIGPIPE, &before, nullptr);
  SUCCEED("no signal, no growth");
}

}  // namespace
}  // namespace turbo::engine
