// Accepts connections for a loop from one listening socket that belongs to somebody else: never
// closed here, so that what the kernel has queued on it is there for whoever accepts next. Survives
// a lack of descriptors or memory by pausing. Loop thread only.
#pragma once

#include <chrono>
#include <cstdint>

#include "engine/loop/handler_memory.h"
#include "engine/loop/loop_state.h"

namespace turbo::engine {

class Listener {
 public:
  explicit Listener(LoopState& loop);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  /// Its handler must have run (Stop, then the io_context) if Start was called.
  ~Listener();

  /// Begins to accept from `fd`, a listening stream socket.
  Result<void> Start(int fd);
  /// Stops for good. The socket stays open and listening.
  void Stop();
  /// For the sweep and for closed connections: goes on after a pause whose cause may be over.
  void ResumeIfPossible();

 private:
  enum class Pause : std::uint8_t {
    kNone,
    kResources,    ///< the kernel refused; until resume_at_
    kConnections,  ///< ProcessShared::max_connections; until below
  };

  void OnReadable(const asio::error_code& error);
  void Arm();
  void PauseFor(int accept_error);

  LoopState& loop_;
  WatchedDescriptor socket_;
  HandlerMemory memory_;
  Pause pause_ = Pause::kNone;
  TimePoint resume_at_{};
  TimePoint log_again_at_{};
  bool armed_ = false;
  bool stopped_ = true;
  bool tcp_ = false;
};

}  // namespace turbo::engine
