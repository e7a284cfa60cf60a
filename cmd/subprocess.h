// Runs a short-lived program and collects what it prints. For questions to interpreters and to
// `uv`, before the supervisor takes over SIGCHLD. Main thread only.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "engine/base/result.h"

namespace turbo::cmd {

struct ProcessOutput {
  int exit_code = -1;  ///< 128 + signal if one ended it, as a shell says it
  std::string out;
  std::string err;
};

/// Runs argv[0] (a path; PATH is not searched) with stdin from /dev/null. Each stream is kept up to
/// 64 KiB. After `timeout` the program and its children are killed and an Error
/// (ExitCode::kFailure) comes back, as for a program that cannot be started.
engine::Result<ProcessOutput> RunProgram(const std::vector<std::string>& argv,
                                         std::chrono::milliseconds timeout);

}  // namespace turbo::cmd
