// Starts a program with exactly the descriptors it is given. Everything is prepared before fork(2):
// between fork and exec only async-signal-safe calls are made. Supervisor's thread.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <string>
#include <vector>

#include "engine/base/result.h"

namespace turbo::supervisor {

/// The lowest descriptor that a child gets beside 0, 1 and 2.
inline constexpr int kFirstChildFd = 3;

struct ChildSpec {
  std::string program;
  std::vector<std::string> arguments;    ///< argv, with argv[0]
  std::vector<std::string> environment;  ///< "NAME=value"
  /// inherited[i] becomes descriptor kFirstChildFd + i; one descriptor may stand several times.
  /// Nothing else beyond stderr is inherited.
  std::vector<int> inherited;
  sigset_t signal_mask;  ///< of the child
};

/// Returns the child's pid once it runs `program`; an Error, with the child reaped, if it could not
/// be made or the program not be executed. Waits for the exec, which takes about a millisecond.
/// SIGCHLD is default in the child, other dispositions are inherited.
engine::Result<pid_t> StartChild(const ChildSpec& spec);

}  // namespace turbo::supervisor
