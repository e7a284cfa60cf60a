#include "supervisor/listen_sockets.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "tests/supervisor/supervisor_fixture.h"

namespace turbo::supervisor {
namespace {

using engine::ExitCode;
using engine::Result;
using engine::UniqueFd;

ListenAddress Tcp(const std::string& host, std::uint16_t port = 0) {
  ListenAddress address;
  address.host = host;
  address.port = port;
  return address;
}

ListenAddress Unix(const std::string& path) {
  ListenAddress address;
  address.uds = path;
  return address;
}

std::uint16_t PortOf(const std::string& url) {
  return static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
}

std::string Message(const Result<ListenSockets>& result) {
  REQUIRE_FALSE(result);
  CHECK(result.error().exit_code == ExitCode::kResourceRefused);
  return result.error().message;
}

std::string ThisProcess() {
  std::string name = ReadFile("/proc/self/comm");
  name.pop_back();
  return name + " (pid " + std::to_string(::getpid()) + ")";
}

bool HasIpv6() {
  const UniqueFd fd(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  return ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

enum class Sharing { kNo, kReusePort };

// A listener of somebody else.
UniqueFd Listener(std::uint32_t host, std::uint16_t& port, Sharing sharing) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (sharing == Sharing::kReusePort)
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(host);
  socklen_t length = sizeof address;
  REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), length) == 0);
  REQUIRE(::listen(fd.get(), 8) == 0);
  REQUIRE(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &length) == 0);
  port = ntohs(address.sin_port);
  return fd;
}

bool IsOpenFlag(int fd, int get, int flag) { return (::fcntl(fd, get) & flag) != 0; }

TEST_CASE("ListenSockets binds one socket a slot to one port, and the kernel spreads over them",
          "[listen]") {
  const Result<ListenSockets> sockets = ListenSockets::Bind(Tcp("127.0.0.1"), 4);
  REQUIRE(sockets);
  const std::uint16_t port = PortOf(sockets->url());
  CHECK(sockets->url() == "http://127.0.0.1:" + std::to_string(port));
  CHECK(port != 0);
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 200; ++i) REQUIRE(clients.emplace_back(SendGet(port, "/")));
  int accepted = 0;
  for (std::size_t slot = 0; slot < 4; ++slot) {
    const int fd = sockets->fd(slot);
    CHECK(IsOpenFlag(fd, F_GETFD, FD_CLOEXEC));
    CHECK(IsOpenFlag(fd, F_GETFL, O_NONBLOCK));
    int here = 0;
    while (true) {
      const UniqueFd connection(::accept4(fd, nullptr, nullptr, SOCK_CLOEXEC));
      if (!connection) break;
      ++here;
    }
    CHECK(here > 10);  // 50 are expected
    accepted += here;
  }
  CHECK(accepted == 200);
}

TEST_CASE("ListenSockets names the process that has the port", "[listen]") {
  for (const Sharing sharing : {Sharing::kNo, Sharing::kReusePort}) {
    for (const std::uint32_t host : {INADDR_LOOPBACK, INADDR_ANY}) {
      std::uint16_t port = 0;
      const UniqueFd other = Listener(host, port, sharing);
      for (const std::string ours : {"127.0.0.1", "0.0.0.0", "::"}) {
        if (ours == "::" && !HasIpv6()) continue;
        const std::string message = Message(ListenSockets::Bind(Tcp(ours, port), 2));
        CHECK(message == (ours == "::" ? "[::]" : ours) + ":" + std::to_string(port) +
                             " is already in use by " + ThisProcess() +
                             ": stop it or choose another --port");
      }
    }
  }
}

TEST_CASE("ListenSockets never shares a port with another of its kind", "[listen]") {
  const Result<ListenSockets> first = ListenSockets::Bind(Tcp("127.0.0.1"), 2);
  REQUIRE(first);
  const std::uint16_t port = PortOf(first->url());
  CHECK(Message(ListenSockets::Bind(Tcp("127.0.0.1", port), 2)).find("in use") !=
        std::string::npos);
  CHECK(Message(ListenSockets::Bind(Tcp("0.0.0.0", port), 1)).find("in use") != std::string::npos);
}

TEST_CASE("ListenSockets takes a port again whose last connections are in TIME_WAIT", "[listen]") {
  std::uint16_t port = 0;
  {
    const Result<ListenSockets> sockets = ListenSockets::Bind(Tcp("127.0.0.1"), 1);
    REQUIRE(sockets);
    port = PortOf(sockets->url());
    const UniqueFd client = SendGet(port, "/");
    UniqueFd server(::accept4(sockets->fd(0), nullptr, nullptr, SOCK_CLOEXEC));
    REQUIRE(server);
    std::array<char, 256> request;
    CHECK(::recv(server.get(), request.data(), request.size(), 0) > 0);
    server.Reset();  // closes first
  }
  CHECK(ListenSockets::Bind(Tcp("127.0.0.1", port), 2));
}

TEST_CASE("ListenSockets takes IPv6 addresses and host names", "[listen]") {
  const Result<ListenSockets> named = ListenSockets::Bind(Tcp("localhost"), 1);
  REQUIRE(named);
  CHECK(named->url().starts_with("http://localhost:"));
  if (!HasIpv6()) SKIP("no IPv6 here");
  for (const char* host : {"::1", "[::1]"}) {
    const Result<ListenSockets> sockets = ListenSockets::Bind(Tcp(host), 2);
    REQUIRE(sockets);
    CHECK(sockets->url().starts_with("http://[::1]:"));
  }
  const Result<ListenSockets> all = ListenSockets::Bind(Tcp("::"), 2);
  REQUIRE(all);
  CHECK(SendGet(PortOf(all->url()), "/"));  // by IPv4
}

TEST_CASE("ListenSockets says what is wrong with an address", "[listen]") {
  CHECK(Message(ListenSockets::Bind(Tcp("203.0.113.7"), 1)) ==
        "203.0.113.7 is not an address of this machine: choose another --host (0.0.0.0 means all)");
  CHECK(Message(ListenSockets::Bind(Tcp("no.such.host.invalid"), 1))
            .starts_with("the host \"no.such.host.invalid\" cannot be resolved ("));
}

TEST_CASE("ListenSockets explains a privileged port", "[listen]") {
  const std::string start = ReadFile("/proc/sys/net/ipv4/ip_unprivileged_port_start");
  if (std::stoi(start) <= 80) SKIP("no privileged ports here");
  const pid_t pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    if (::getuid() == 0 && ::setuid(65534) != 0) ::_exit(2);
    const Result<ListenSockets> result = ListenSockets::Bind(Tcp("127.0.0.1", 80), 1);
    const bool explained =
        !result && result.error().exit_code == ExitCode::kResourceRefused &&
        result.error().message.starts_with("127.0.0.1:80 was refused: ports below 1024 need");
    ::_exit(explained ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  CHECK(status == 0);
}

mode_t ModeOf(const std::string& path) {
  struct stat status {};
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status.st_mode & 0777U;
}

TEST_CASE("ListenSockets makes, shares and removes a socket file", "[listen]") {
  const TempDir dir;
  const std::string path = dir.Path("s");
  {
    const Result<ListenSockets> sockets = ListenSockets::Bind(Unix(path), 4);
    REQUIRE(sockets);
    CHECK(sockets->url() == "unix:" + path);
    CHECK(sockets->fd(0) == sockets->fd(3));
    CHECK(IsOpenFlag(sockets->fd(0), F_GETFD, FD_CLOEXEC));
    CHECK(IsOpenFlag(sockets->fd(0), F_GETFL, O_NONBLOCK));
    CHECK(ModeOf(path) == 0666);
    CHECK(Message(ListenSockets::Bind(Unix(path), 1)) ==
          "the socket " + path + " is already in use by " + ThisProcess() +
              ": stop it or choose another --uds");
  }
  CHECK(::access(path.c_str(), F_OK) != 0);
}

TEST_CASE("ListenSockets replaces a stale socket file and keeps its mode", "[listen]") {
  const TempDir dir;
  const std::string path = dir.Path("s");
  {
    const UniqueFd dead(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(::bind(dead.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::chmod(path.c_str(), 0600) == 0);
  }
  const Result<ListenSockets> sockets = ListenSockets::Bind(Unix(path), 1);
  REQUIRE(sockets);
  CHECK(ModeOf(path) == 0600);
}

TEST_CASE("ListenSockets leaves a socket file alone that is no longer its own", "[listen]") {
  const TempDir dir;
  const std::string path = dir.Path("s");
  {
    const Result<ListenSockets> sockets = ListenSockets::Bind(Unix(path), 1);
    REQUIRE(sockets);
    REQUIRE(::rename(path.c_str(), dir.Path("moved").c_str()) == 0);
    std::ofstream(path) << "somebody else's";
  }
  CHECK(ReadFile(path) == "somebody else's");
}

TEST_CASE("ListenSockets says what is wrong with a socket's path", "[listen]") {
  const TempDir dir;
  std::ofstream(dir.Path("file")) << "precious";
  CHECK(Message(ListenSockets::Bind(Unix(dir.Path("file")), 1)) ==
        dir.Path("file") + " exists and is not a socket: remove it or choose another --uds");
  CHECK(ReadFile(dir.Path("file")) == "precious");
  CHECK(Message(ListenSockets::Bind(Unix(dir.Path("no/s")), 1)) ==
        "the folder of the socket " + dir.Path("no/s") +
            " does not exist: make it or choose another --uds");
  const std::string longest(107 - dir.Path("").size(), 'x');
  CHECK(ListenSockets::Bind(Unix(dir.Path(longest)), 1));
  CHECK(Message(ListenSockets::Bind(Unix(dir.Path(longest + "x")), 1))
            .find("is too long: 108 bytes") != std::string::npos);
}

}  // namespace
}  // namespace turbo::supervisor
