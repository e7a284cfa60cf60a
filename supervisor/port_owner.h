// Who holds an address: for the sentence that a user gets when it is in use. Best effort, reads
// /proc; supervisor's thread.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <set>
#include <string>

namespace turbo::supervisor {

struct ProcessName {
  pid_t pid = 0;
  std::string name;  ///< /proc/<pid>/comm

  [[nodiscard]] std::string ToString() const { return name + " (pid " + std::to_string(pid) + ")"; }
};

/// The process that holds a TCP socket which keeps `address` from being bound (proc_net(5)):
/// listeners first, else any socket with that local port. nullopt if none is found or its
/// descriptors may not be read.
std::optional<ProcessName> FindPortOwner(const sockaddr_storage& address);

std::optional<ProcessName> NameProcess(pid_t pid);

}  // namespace turbo::supervisor
