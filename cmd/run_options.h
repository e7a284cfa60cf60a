// The options of `turbo run` after their values were checked one by one; what depends on the
// machine (cores, interpreters, limits) is resolved by run_command.h. Plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cmd/settings.h"
#include "engine/http/limits.h"
#include "supervisor/run_plan.h"

namespace turbo::cmd {

struct RunOptions {
  std::string target;
  bool factory = false;
  bool allow_gil = false;

  std::string mode;  ///< a name of the mode table; "": chosen by the interpreters that are there
  std::optional<std::uint32_t> workers;  ///< -w; unset: the mode's default
  std::optional<std::uint32_t> threads;
  std::string python;  ///< path, version or command; "": active virtualenv or the mode's default

  supervisor::ListenAddress address;
  bool access_log = false;
  std::string log_level = "info";
  std::string log_format = "text";

  engine::HttpLimits limits;
  engine::HttpTimeouts timeouts;
  std::chrono::milliseconds graceful_timeout{30'000};
  std::optional<std::uint64_t> max_connections;  ///< unset: a share of the descriptor limit
  std::uint64_t max_inflight = 0;                ///< 0: no limit
};

/// All settings of `turbo run`, storing into `options`, which must outlive them. Defaults are those
/// of RunOptions.
std::vector<Setting> RunSettings(RunOptions& options);

}  // namespace turbo::cmd
