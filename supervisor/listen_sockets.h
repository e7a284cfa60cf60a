// The listening sockets of all slots: bound once, kept for the supervisor's whole life. A worker
// only borrows them, so that what the kernel has queued on one outlives the worker that serves it.
// Supervisor's thread.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"
#include "supervisor/run_plan.h"

namespace turbo::supervisor {

class ListenSockets {
 public:
  /// Binds and listens. TCP: `slots` sockets in one SO_REUSEPORT group. Unix-domain: one socket
  /// that all slots share. An Error (kResourceRefused) says what to change.
  static engine::Result<ListenSockets> Bind(const ListenAddress& address, std::size_t slots);

  ListenSockets(ListenSockets&&) noexcept = default;
  ListenSockets& operator=(ListenSockets&&) = delete;
  ListenSockets(const ListenSockets&) = delete;
  ListenSockets& operator=(const ListenSockets&) = delete;
  /// Closes all, and removes the Unix-domain socket's file if it is still the one that was made.
  ~ListenSockets();

  /// Non-blocking, close-on-exec.
  [[nodiscard]] int fd(std::size_t slot) const { return fds_[slot % fds_.size()].get(); }
  /// http://127.0.0.1:8000, http://[::1]:8000 or unix:/path.
  [[nodiscard]] const std::string& url() const { return url_; }

 private:
  struct SocketFile {
    std::string path;  // absolute; empty: none
    dev_t device = 0;
    ino_t inode = 0;
  };

  ListenSockets() = default;
  static engine::Result<ListenSockets> BindTcp(const ListenAddress& address, std::size_t slots);
  static engine::Result<ListenSockets> BindUnix(const ListenAddress& address);

  std::vector<engine::UniqueFd> fds_;
  std::string url_;
  SocketFile file_;
};

}  // namespace turbo::supervisor
