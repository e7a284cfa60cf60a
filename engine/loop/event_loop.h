// One thread's event loop: an Asio io_context, its listeners, its connections and its one deadline
// sweep. All members are for the loop's thread, except those marked "any thread".
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "engine/app_gateway.h"
#include "engine/base/result.h"
#include "engine/http/limits.h"
#include "engine/loop/loop_counters.h"
#include "engine/loop/wait_observer.h"

namespace turbo::engine {

class AccessLog;

/// What the loops of one process share. All atomics; outlives the loops. Any thread.
struct ProcessShared {
  std::uint64_t max_connections =
      0;                           ///< 0: no limit; at the limit, loops stop accepting until below
  std::uint64_t max_inflight = 0;  ///< 0: no limit; beyond it, 503 with Retry-After
  std::atomic<std::uint64_t> connections{0};
  std::atomic<std::uint64_t> inflight{0};
};

struct LoopConfig {
  HttpLimits limits;
  HttpTimeouts timeouts;
  AccessLog* access_log = nullptr;  ///< null: off
};

class EventLoop {
 public:
  /// `observer` may be null. All references outlive the loop.
  EventLoop(const LoopConfig& config, AppGateway& gateway, WaitObserver* observer,
            LoopCounters& counters, ProcessShared& shared);
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;
  ~EventLoop();

  /// Accepts from a listening stream socket (TCP or Unix-domain), which stays the caller's: the
  /// loop never closes it.
  Result<void> AddListener(int fd);

  /// Serves until drained or stopped. Returns when no connection is left (or all were cut).
  void Run();

  /// Any thread. Stops accepting, closes idle connections, finishes what is in flight, then Run()
  /// returns.
  void RequestDrain() noexcept;
  /// Any thread. Cuts every connection; Run() returns soon.
  void RequestStop() noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace turbo::engine
