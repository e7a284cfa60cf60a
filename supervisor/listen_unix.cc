// ListenSockets for a Unix-domain socket.
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <system_error>
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

// A proxy in front of the server is often another user: like other servers, everybody may connect,
// and the folder's permissions say who gets there.
constexpr mode_t kNewFileMode = 0666;

std::unexpected<Error> Refused(std::string message) {
  return Fail(ExitCode::kResourceRefused, std::move(message));
}

std::unexpected<Error> InUse(const std::string& path, const std::string& by) {
  return Refused("the socket " + path + " is already in use" + by +
                 ": stop it or choose another --uds");
}

std::optional<ProcessName> Peer(int fd) {
  ucred credentials{};
  socklen_t length = sizeof credentials;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) return std::nullopt;
  return NameProcess(credentials.pid);
}

const sockaddr* Generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

// Removes what a server that was killed has left. Returns the old file's mode for the new one, or
// the default.
Result<mode_t> ClearStale(const sockaddr_un& address) {
  const std::string path = address.sun_path;
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return kNewFileMode;
    return Refused("the socket " + path + " was refused: " + std::strerror(errno));
  }
  if (!S_ISSOCK(status.st_mode)) {
    return Refused(path + " exists and is not a socket: remove it or choose another --uds");
  }
  const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!probe) return Refused(std::string("no socket can be made: ") + std::strerror(errno));
  if (::connect(probe.get(), Generic(address), sizeof address) == 0) {
    const std::optional<ProcessName> owner = Peer(probe.get());
    return InUse(path, owner ? " by " + owner->ToString() : "");
  }
  switch (errno) {
    case ECONNREFUSED:
      break;  // nobody has it open
    case ENOENT:
      return kNewFileMode;  // its owner has just removed it
    case EAGAIN:
      return InUse(path, "");  // alive, its queue is full
    case EPROTOTYPE:
      return InUse(path, " by something else than a stream server");
    default:
      return Refused("whether the socket " + path +
                     " is in use cannot be found out: " + std::strerror(errno));
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return Refused("the stale socket " + path + " cannot be removed: " + std::strerror(errno));
  }
  return status.st_mode & 0777U;
}

std::unexpected<Error> Explain(int error, const std::string& path) {
  switch (error) {
    case EADDRINUSE:
      return InUse(path, "");
    case ENOENT:
      return Refused("the folder of the socket " + path +
                     " does not exist: make it or choose another --uds");
    case EACCES:
    case EPERM:
    case EROFS:
      return Refused("the socket " + path + " may not be made there (" + std::strerror(error) +
                     "): choose another --uds");
    default:
      return Refused("the socket " + path + " was refused: " + std::strerror(error));
  }
}

}  // namespace

Result<ListenSockets> ListenSockets::BindUnix(const ListenAddress& address) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  constexpr std::size_t kMaxPath = sizeof name.sun_path - 1;
  if (address.uds.size() > kMaxPath) {
    return Refused(
        "the socket's path " + address.uds + " is too long: " + std::to_string(address.uds.size()) +
        " bytes, and the system takes " + std::to_string(kMaxPath) + "; choose a shorter --uds");
  }
  address.uds.copy(name.sun_path, kMaxPath);

  const Result<mode_t> mode = ClearStale(name);
  if (!mode) return std::unexpected(mode.error());

  ListenSockets sockets;
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd || ::bind(fd.get(), Generic(name), sizeof name) != 0) return Explain(errno, address.uds);

  // From here on the destructor removes the file. Absolute, because the working directory may
  // change.
  struct stat status {};
  std::error_code ignored;
  if (::lstat(address.uds.c_str(), &status) == 0) {
    sockets.file_ = {std::filesystem::absolute(address.uds, ignored).string(), status.st_dev,
                     status.st_ino};
  }
  constexpr std::uint32_t kMaxBacklog = 1U << 30;
  if (::chmod(address.uds.c_str(), *mode) != 0 ||
      ::listen(fd.get(), static_cast<int>(std::min(address.backlog, kMaxBacklog))) != 0) {
    return Explain(errno, address.uds);
  }
  sockets.fds_.push_back(std::move(fd));
  sockets.url_ = "unix:" + address.uds;
  return sockets;
}

}  // namespace turbo::supervisor
