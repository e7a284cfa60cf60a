#include "engine/loop/listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace turbo::engine {
namespace {

/// So many connections are accepted in one turn before those that are open get theirs.
constexpr int kTcpBatch = 16;
/// A Unix-domain socket has one queue for all loops (no SO_REUSEPORT): each takes one at a time, so
/// that they share.
constexpr int kUnixBatch = 1;

/// After the kernel refused for want of descriptors or memory. The queue stays readable: without a
/// pause the loop would spin.
constexpr std::chrono::milliseconds kResourcePause{100};
constexpr std::chrono::minutes kLogInterval{1};

bool TakePlace(ProcessShared& shared) {
  const std::uint64_t before = shared.connections.fetch_add(1, std::memory_order_relaxed);
  if (shared.max_connections == 0 || before < shared.max_connections) return true;
  shared.connections.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

/// Errors of accept(2) that belong to the connection that would have been accepted, not to the
/// listener.
bool IsOfOneConnection(int error) {
  switch (error) {
    case EINTR:
    case ECONNABORTED:
    case EPERM:  // refused by a firewall
    case EPROTO:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
    case ETIMEDOUT:
      return true;
    default:
      return false;
  }
}

}  // namespace

Listener::Listener(LoopState& loop) : loop_(loop), socket_(loop.io.get_executor()) {}

Listener::~Listener() { Stop(); }

Result<void> Listener::Start(int fd) {
  int listening = 0;
  int domain = 0;
  socklen_t size = sizeof(listening);
  if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || listening == 0) {
    return Fail(ExitCode::kResourceRefused,
                "descriptor " + std::to_string(fd) + " is not a listening socket");
  }
  size = sizeof(domain);
  ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size);
  tcp_ = domain == AF_INET || domain == AF_INET6;
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) {
    return Fail(ExitCode::kResourceRefused, "the listening socket cannot be made non-blocking: " +
                                                std::string(std::strerror(errno)));
  }
  asio::error_code error;
  socket_.assign(fd, error);
  if (error) {
    return Fail(ExitCode::kResourceRefused,
                "the listening socket cannot be watched: " + error.message());
  }
  stopped_ = false;
  Arm();
  return {};
}

void Listener::Stop() {
  if (stopped_) return;
  stopped_ = true;
  (void)socket_.release();
}

void Listener::Arm() {
  armed_ = true;
  socket_.async_wait(asio::posix::descriptor_base::wait_read,
                     Bind<&Listener::OnReadable>(*this, memory_));
}

void Listener::OnReadable(const asio::error_code& error) {
  armed_ = false;
  if (stopped_ || error) return;
  const int batch = tcp_ ? kTcpBatch : kUnixBatch;
  for (int i = 0; i < batch; ++i) {
    if (!TakePlace(loop_.shared)) {
      pause_ = Pause::kConnections;
      return;
    }
    PeerAddress peer;
    peer.length = sizeof(peer.storage);
    const int fd = ::accept4(socket_.native_handle(), reinterpret_cast<sockaddr*>(&peer.storage),
                             &peer.length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      const int accept_error = errno;
      loop_.shared.connections.fetch_sub(1, std::memory_order_relaxed);
      if (accept_error == EAGAIN) {
        Arm();
        return;
      }
      if (IsOfOneConnection(accept_error)) continue;
      PauseFor(accept_error);
      return;
    }
    if (tcp_) {
      const int on = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    }
    loop_.counters.accepted.Add(1);
    loop_.events.OnAccepted(fd, peer);
    if (stopped_) return;
  }
  Arm();
}

void Listener::PauseFor(int accept_error) {
  const TimePoint now = loop_.session_context.now;
  pause_ = Pause::kResources;
  resume_at_ = now + kResourcePause;
  if (now < log_again_at_) return;
  log_again_at_ = now + kLogInterval;
  const bool descriptors = accept_error == EMFILE || accept_error == ENFILE;
  spdlog::warn(
      "connections cannot be accepted at present: {}{}", std::strerror(accept_error),
      descriptors ? "; raise the limit of open files (ulimit -n) or lower --max-connections" : "");
}

void Listener::ResumeIfPossible() {
  if (stopped_ || armed_ || pause_ == Pause::kNone) return;
  if (pause_ == Pause::kResources && loop_.session_context.now < resume_at_) return;
  if (pause_ == Pause::kConnections &&
      loop_.shared.connections.load(std::memory_order_relaxed) >= loop_.shared.max_connections) {
    return;
  }
  pause_ = Pause::kNone;
  Arm();
}

}  // namespace turbo::engine
