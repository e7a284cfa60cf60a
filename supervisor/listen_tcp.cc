// ListenSockets for TCP.
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <utility>

#include "supervisor/listen_sockets.h"
#include "supervisor/port_owner.h"

namespace turbo::supervisor {
namespace {

using engine::Error;
using engine::ExitCode;
using engine::Fail;
using engine::Result;
using engine::UniqueFd;

struct Candidate {
  sockaddr_storage address{};
  socklen_t length = 0;
};

const sockaddr* Generic(const Candidate& candidate) {
  return reinterpret_cast<const sockaddr*>(&candidate.address);
}

std::string WithoutBrackets(const std::string& host) {
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  return bracketed ? host.substr(1, host.size() - 2) : host;
}

std::string HostAndPort(const std::string& bare_host, std::uint16_t port) {
  const bool v6 = bare_host.find(':') != std::string::npos;
  return (v6 ? "[" + bare_host + "]" : bare_host) + ":" + std::to_string(port);
}

std::unexpected<Error> Refused(std::string message) {
  return Fail(ExitCode::kResourceRefused, std::move(message));
}

// A name may have several addresses, but a slot has one socket. IPv4 goes first: it is there
// wherever IPv6 is, and clients fall back to it.
Result<std::vector<Candidate>> Resolve(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
  if (error != 0) {
    const char* const why = error == EAI_SYSTEM ? std::strerror(errno) : ::gai_strerror(error);
    return Refused("the host \"" + host + "\" cannot be resolved (" + why +
                   "): give --host an address or a name of this machine");
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, &::freeaddrinfo);
  std::vector<Candidate> candidates;
  for (const addrinfo* each = list; each != nullptr; each = each->ai_next) {
    if (each->ai_family != AF_INET && each->ai_family != AF_INET6) continue;
    Candidate& candidate = candidates.emplace_back();
    candidate.length = each->ai_addrlen;
    std::memcpy(&candidate.address, each->ai_addr, each->ai_addrlen);
  }
  std::stable_partition(candidates.begin(), candidates.end(), [](const Candidate& candidate) {
    return candidate.address.ss_family == AF_INET;
  });
  if (candidates.empty()) return Refused("the host \"" + host + "\" has no IPv4 or IPv6 address");
  return candidates;
}

bool SetOption(int fd, int level, int name, int value) {
  return ::setsockopt(fd, level, name, &value, sizeof value) == 0;
}

std::string UnprivilegedPortStart() {
  std::ifstream stream("/proc/sys/net/ipv4/ip_unprivileged_port_start");
  std::string number;
  return std::getline(stream, number) ? number : "1024";
}

std::unexpected<Error> Explain(int error, const std::string& host, std::uint16_t port,
                               const Candidate& candidate) {
  const std::string where = HostAndPort(host, port);
  switch (error) {
    case EADDRINUSE: {
      const std::optional<ProcessName> owner = FindPortOwner(candidate.address);
      return Refused(where + " is already in use" + (owner ? " by " + owner->ToString() : "") +
                     ": stop it or choose another --port");
    }
    case EACCES: {
      const std::string start = UnprivilegedPortStart();
      return Refused(where + " was refused: ports below " + start +
                     " need CAP_NET_BIND_SERVICE; choose --port " + start + " or more");
    }
    case EADDRNOTAVAIL:
      return Refused(
          host + " is not an address of this machine: choose another --host (0.0.0.0 means all)");
    case EAFNOSUPPORT:
      return Refused(host + " was refused: this machine has no IPv6; choose an IPv4 --host");
    case EMFILE:
    case ENFILE:
      return Refused("not enough descriptors for a listening socket on " + where +
                     ": raise the limit (ulimit -n) or use fewer workers or threads");
    default:
      return Refused(where + " was refused: " + std::strerror(error));
  }
}

// The first socket is bound without SO_REUSEPORT: that fails if anyone has the address, even one
// who would share it, and for two servers that start at the same moment. Only then does it become a
// group that the others join.
enum class Member { kFirst, kFurther };

// 0, or the errno of what failed.
int OpenOne(const Candidate& candidate, Member member, std::uint32_t backlog, UniqueFd& out) {
  UniqueFd fd(::socket(candidate.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  // SO_REUSEADDR: connections of a predecessor in TIME_WAIT do not stand in the way (socket(7)).
  if (!fd || !SetOption(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1)) return errno;
  // `::` takes IPv4 too, whatever net.ipv6.bindv6only says.
  if (candidate.address.ss_family == AF_INET6 &&
      !SetOption(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 0)) {
    return errno;
  }
  if (member == Member::kFurther && !SetOption(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1)) return errno;
  if (::bind(fd.get(), Generic(candidate), candidate.length) != 0) return errno;
  if (member == Member::kFirst && !SetOption(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1)) return errno;
  constexpr std::uint32_t kMaxBacklog = 1U << 30;
  if (::listen(fd.get(), static_cast<int>(std::min(backlog, kMaxBacklog))) != 0) return errno;
  out = std::move(fd);
  return 0;
}

std::uint16_t PortOf(const Candidate& candidate) {
  if (candidate.address.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &candidate.address, sizeof v4);
    return ntohs(v4.sin_port);
  }
  sockaddr_in6 v6{};
  std::memcpy(&v6, &candidate.address, sizeof v6);
  return ntohs(v6.sin6_port);
}

}  // namespace

Result<ListenSockets> ListenSockets::BindTcp(const ListenAddress& address, std::size_t slots) {
  const std::string host = WithoutBrackets(address.host);
  Result<std::vector<Candidate>> candidates = Resolve(host, address.port);
  if (!candidates) return std::unexpected(std::move(candidates.error()));

  ListenSockets sockets;
  Candidate bound;
  int first_error = 0;
  for (const Candidate& candidate : *candidates) {
    UniqueFd fd;
    const int error = OpenOne(candidate, Member::kFirst, address.backlog, fd);
    if (error == 0) {
      bound = candidate;
      sockets.fds_.push_back(std::move(fd));
      break;
    }
    if (first_error == 0) first_error = error;
    if (error != EADDRNOTAVAIL && error != EAFNOSUPPORT) {
      return Explain(error, host, address.port, candidate);
    }
  }
  if (sockets.fds_.empty()) {
    return Explain(first_error, host, address.port, candidates->front());
  }

  // Port 0: the kernel has chosen now, and the others follow.
  bound.length = sizeof bound.address;
  if (::getsockname(sockets.fds_.front().get(), reinterpret_cast<sockaddr*>(&bound.address),
                    &bound.length) != 0) {
    return Explain(errno, host, address.port, bound);
  }
  const std::uint16_t port = PortOf(bound);
  while (sockets.fds_.size() < slots) {
    UniqueFd fd;
    if (const int error = OpenOne(bound, Member::kFurther, address.backlog, fd)) {
      return Explain(error, host, port, bound);
    }
    sockets.fds_.push_back(std::move(fd));
  }
  sockets.url_ = "http://" + HostAndPort(host, port);
  return sockets;
}

}  // namespace turbo::supervisor
