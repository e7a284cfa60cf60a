// The floor that bench/cost compares with: an epoll loop that reads, looks for the end of each
// request, and writes a constant. It parses nothing, times nothing out and bounds nothing: no HTTP
// server can cost less on this kernel, and this is no HTTP server. Its answer has the fields, and
// the length, of turbo's.
//
// usage: bench-epoll-server [PORT]
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "bench/servers/listen.h"

namespace {

constexpr std::uint32_t kEndOfHead = 0x0d0a0d0a;  // CR LF CR LF
constexpr std::size_t kMaxPipelined = 256;        // answers written at once

std::string ConstantAnswer() {
  const std::string body(turbo::bench::kBody);
  return "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nServer: turbo\r\n"
         "Content-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace

int main(int argc, char** argv) {
  const int listener = turbo::bench::ListenAsAsked(argc, argv);
  const int epoll_fd = ::epoll_create1(EPOLL_CLOEXEC);
  epoll_event event{.events = EPOLLIN, .data = {.fd = listener}};
  if (epoll_fd < 0 || ::epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &event) != 0) {
    std::perror("epoll");
    return 1;
  }

  const std::string answer = ConstantAnswer();
  std::string answers;
  for (std::size_t i = 0; i < kMaxPipelined; ++i) answers += answer;

  std::vector<std::uint32_t> tails(65536);  // the last four bytes of each connection's input
  std::array<char, 16 * 1024> buffer;
  std::array<epoll_event, 128> events;
  for (;;) {
    const int count = ::epoll_wait(epoll_fd, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == listener) {
        const int client = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (client < 0) continue;
        if (static_cast<std::size_t>(client) >= tails.size()) {
          ::close(client);
          continue;
        }
        const int on = 1;
        ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        tails[static_cast<std::size_t>(client)] = 0;
        event = {.events = EPOLLIN, .data = {.fd = client}};
        ::epoll_ctl(epoll_fd, EPOLL_CTL_ADD, client, &event);
        continue;
      }
      const ssize_t n = ::recv(fd, buffer.data(), buffer.size(), 0);
      if (n <= 0) {
        if (n == 0 || (errno != EAGAIN && errno != EINTR)) ::close(fd);
        continue;
      }
      std::uint32_t tail = tails[static_cast<std::size_t>(fd)];
      std::size_t requests = 0;
      for (ssize_t at = 0; at < n; ++at) {
        tail = tail << 8 | static_cast<unsigned char>(buffer[static_cast<std::size_t>(at)]);
        requests += tail == kEndOfHead ? 1 : 0;
      }
      tails[static_cast<std::size_t>(fd)] = tail;
      if (requests == 0) continue;
      // A client that pipelines more than that, or does not read, is not what this server is for.
      const std::size_t length = answer.size() * requests;
      if (requests > kMaxPipelined ||
          ::send(fd, answers.data(), length, MSG_NOSIGNAL) != static_cast<ssize_t>(length)) {
        ::close(fd);
      }
    }
  }
}
