// What the supervisor is told to run: the result of cmd/'s validation, complete and consistent.
// Plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engine/worker/worker_config.h"

namespace turbo::supervisor {

/// Where to listen: TCP (host, port) or, if uds is not empty, a Unix-domain socket's path.
struct ListenAddress {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8000;  ///< 0: the kernel picks one
  std::string uds;
  std::uint32_t backlog = 2048;
};

struct RunPlan {
  ListenAddress address;
  std::uint32_t processes = 1;
  std::uint32_t loops_per_process = 1;
  std::string worker_program;            ///< path of turbo-worker-<tag>
  std::vector<std::string> environment;  ///< of the workers, "NAME=value"
  engine::WorkerConfig worker;  ///< the same for all; the supervisor fills in index and descriptors
  std::chrono::milliseconds graceful_timeout{30'000};
};

/// What the supervisor reports to whoever shows it. Called on the supervisor's thread.
struct SupervisorEvents {
  std::function<void(const std::string& url)> on_listening;  ///< the sockets are bound
  std::function<void(const std::string& worker_line)>
      on_ready;  ///< every worker accepts; the workers' version line
  std::function<void(const std::string& line)> on_notice;  ///< a worker's note for the banner
};

}  // namespace turbo::supervisor
