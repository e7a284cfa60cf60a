// Detaches a loop's thread from Python while it sleeps. Loop thread only.
#pragma once

#include <Python.h>

#include <chrono>

#include "engine/loop/wait_observer.h"

namespace turbo::pyembed {

class PythonWaitObserver final : public engine::WaitObserver {
 public:
  struct Config {
    bool shares_gil = false;   ///< several loops of this process take turns with one GIL
    bool main_thread = false;  ///< Python runs signal handlers here
  };

  explicit PythonWaitObserver(Config config) noexcept : config_(config) {}

  /// With a shared GIL, giving it up for each wait costs more than it gives, but a loop that never
  /// sleeps must not keep it: asked once a turn, this lets the others have it every few
  /// milliseconds.
  [[nodiscard]] bool polls_first() const noexcept override;
  void BeforeWait() noexcept override;
  void AfterWait() noexcept override;

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds kLongestHold{5};  // sys.getswitchinterval()'s default

  Config config_;
  PyThreadState* state_ = nullptr;  // while detached
  mutable Clock::time_point attached_at_ = Clock::now();
};

}  // namespace turbo::pyembed
