// The thread of a worker that never touches Python: it reads the supervisor's control socket and
// SIGTERM, tells the loops to drain or stop, and ends the process when a stop takes longer than it
// may, even if every other thread is stuck.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"
#include "engine/loop/event_loop.h"

namespace turbo::pyembed {

class ControlThread {
 public:
  struct Config {
    int control_fd = -1;    ///< stays the caller's; -1: nobody is there
    int terminate_fd = -1;  ///< of InstallStopSignals(); stays the caller's
    std::chrono::milliseconds graceful{30'000};
    /// After connections were cut: how long loops may take to notice before the process ends
    /// without them.
    std::chrono::milliseconds stuck{1'000};
  };

  static engine::Result<std::unique_ptr<ControlThread>> Start(const Config& config);
  /// Ends the thread: from then on nothing guards the process.
  ~ControlThread();
  ControlThread(const ControlThread&) = delete;
  ControlThread& operator=(const ControlThread&) = delete;

  /// Any thread. Loops that are there are told of a stop, also of one that began before they came;
  /// a loop leaves before it is destroyed.
  void AddLoop(engine::EventLoop& loop);
  void RemoveLoop(engine::EventLoop& loop);

  /// Any thread. The application is loaded: before that a stop waits for nothing, because nothing
  /// is in flight.
  void Loaded() noexcept { loaded_.store(true, std::memory_order_release); }

  /// Any thread. Begins a stop from within: every loop drains, or is cut.
  void Drain() noexcept { Request(kDrain); }
  void Stop() noexcept { Request(kStop); }

  /// Any thread. A stop has begun.
  [[nodiscard]] bool stopping() const noexcept { return stopping_.load(std::memory_order_acquire); }

  /// Any thread. What is left to do is to end with `code`, and takes no longer than `patience`:
  /// then the process ends.
  void ExitWithin(std::chrono::milliseconds patience, engine::ExitCode code) noexcept;

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::uint32_t kDrain = 1;
  static constexpr std::uint32_t kStop = 2;
  static constexpr std::uint32_t kEnd = 4;

  ControlThread(const Config& config, engine::UniqueFd wake_fd);

  void Request(std::uint32_t what) noexcept;
  void Wake() noexcept;
  void Main() noexcept;
  void ReadControl();
  void OnTerminate();
  void OnRequests(std::uint32_t requests);
  void OnDeadlines();
  void BeginDrain();
  void BeginStop();
  [[nodiscard]] int NextTimeout() const;
  [[noreturn]] static void EndProcess(engine::ExitCode code);

  const Config config_;
  engine::UniqueFd wake_fd_;
  std::atomic<std::uint32_t> requests_{0};
  std::atomic<bool> stopping_{false};
  std::atomic<bool> loaded_{false};

  mutable std::mutex mutex_;  // guards the next three
  std::vector<engine::EventLoop*> loops_;
  std::optional<Clock::time_point> exit_at_;
  engine::ExitCode exit_code_ = engine::ExitCode::kFailure;

  // The thread's own.
  bool control_open_ = false;
  bool draining_ = false;
  bool cutting_ = false;
  std::optional<Clock::time_point> cut_at_;  // the graceful deadline

  std::thread thread_;  // last: it uses all of the above
};

}  // namespace turbo::pyembed
