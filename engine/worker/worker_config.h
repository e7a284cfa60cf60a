// What the supervisor tells a worker: a flat list of values, passed as `key=value` lines in a
// sealed memfd whose number is the worker's `--config-fd`. Both programs use VisitFields, so that
// the list of fields stands once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/http/limits.h"

namespace turbo::engine {

struct WorkerConfig {
  // The application.
  std::string target;    ///< app.py, dir/app.py, package.module, each with :attribute or without
  bool factory = false;  ///< the attribute is called to get the application
  std::string python;    ///< the interpreter's executable, for sys.executable and its site-packages
  std::string package_dir;  ///< folder that holds the `turbo` package
  bool allow_gil = false;   ///< free-threaded build: an import may switch the GIL on
  std::string mode;         ///< for messages only; nothing acts on it
  std::uint32_t processes = 1;
  std::uint32_t worker_index = 0;

  // One loop for each group of descriptors; loop i accepts from listen_fds[i].
  std::vector<std::int32_t> listen_fds;
  std::uint32_t loops = 1;
  std::int32_t control_fd = -1;   ///< SOCK_SEQPACKET pair with the supervisor (worker_protocol.h)
  std::int32_t counters_fd = -1;  ///< shared memory: LoopCounters[loops]

  // Limits.
  HttpLimits limits;
  HttpTimeouts timeouts;
  std::uint64_t max_connections = 0;  ///< per process; 0: no limit
  std::uint64_t max_inflight = 0;     ///< per process; 0: no limit
  std::uint32_t graceful_timeout_ms = 30'000;

  // Logging.
  bool access_log = false;
  std::string log_level = "info";   ///< spdlog's level names
  std::string log_format = "text";  ///< text or json
  bool log_color = false;           ///< the supervisor's stderr is a terminal
};

/// Calls visit(name, field) for each field. `Config` is WorkerConfig or const WorkerConfig.
template <typename Config, typename Visit>
void VisitFields(Config& config, Visit&& visit) {
  visit("target", config.target);
  visit("factory", config.factory);
  visit("python", config.python);
  visit("package_dir", config.package_dir);
  visit("allow_gil", config.allow_gil);
  visit("mode", config.mode);
  visit("processes", config.processes);
  visit("worker_index", config.worker_index);
  visit("listen_fds", config.listen_fds);
  visit("loops", config.loops);
  visit("control_fd", config.control_fd);
  visit("counters_fd", config.counters_fd);
  visit("limits.max_request_line", config.limits.max_request_line);
  visit("limits.max_header_block", config.limits.max_header_block);
  visit("limits.max_header_fields", config.limits.max_header_fields);
  visit("limits.max_body", config.limits.max_body);
  visit("timeouts.header_ms", config.timeouts.header);
  visit("timeouts.body_ms", config.timeouts.body);
  visit("timeouts.keep_alive_ms", config.timeouts.keep_alive);
  visit("timeouts.write_ms", config.timeouts.write);
  visit("max_connections", config.max_connections);
  visit("max_inflight", config.max_inflight);
  visit("graceful_timeout_ms", config.graceful_timeout_ms);
  visit("access_log", config.access_log);
  visit("log_level", config.log_level);
  visit("log_format", config.log_format);
  visit("log_color", config.log_color);
}

/// One `key=value` line a field. In strings, backslash, newline, carriage return and NUL are
/// written \\, \n, \r, \0.
std::string SerializeWorkerConfig(const WorkerConfig& config);

/// Every field must be there once, and nothing else: the two programs come from one build or do not
/// work together.
Result<WorkerConfig> ParseWorkerConfig(std::string_view text);

/// For the worker's main(): reads the whole of `fd` from its beginning, whatever its offset, and
/// parses it. Sets close-on-exec on `fd` and on all descriptors that it names, which the supervisor
/// had to clear: the application's subprocesses must not keep a listening socket open. `fd` stays
/// the caller's.
Result<WorkerConfig> ReadWorkerConfig(int fd);

}  // namespace turbo::engine
