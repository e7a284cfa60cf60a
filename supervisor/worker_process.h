// The supervisor's end of one running worker: its pid, control socket and counters. Reaping is not
// done here: the owner waits for all children. Supervisor's thread; move-only.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <cstdint>
#include <optional>

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"
#include "engine/worker/shared_counters.h"
#include "engine/worker/worker_protocol.h"
#include "supervisor/listen_sockets.h"
#include "supervisor/run_plan.h"

namespace turbo::supervisor {

class WorkerProcess {
 public:
  struct Gauges {
    std::uint64_t requests = 0;     ///< since its start
    std::uint64_t connections = 0;  ///< open now
    std::uint64_t in_flight = 0;    ///< now
  };

  /// Starts the worker of process slot `index` with that slot's sockets.
  static engine::Result<WorkerProcess> Start(const RunPlan& plan, std::uint32_t index,
                                             const ListenSockets& sockets,
                                             const sigset_t& signal_mask);

  [[nodiscard]] pid_t pid() const { return pid_; }
  /// -1 after the worker has closed it.
  [[nodiscard]] int control_fd() const { return control_.get(); }

  /// kDrain or kStop; a worker that cannot be told gets SIGTERM, which means drain.
  void Tell(engine::ControlType type);
  void Kill();
  /// The next message, if there is one. At end of file control_fd() becomes -1.
  std::optional<engine::ControlMessage> Receive();
  [[nodiscard]] Gauges Read() const;

 private:
  WorkerProcess() = default;

  pid_t pid_ = -1;
  engine::UniqueFd control_;
  engine::SharedCounters counters_;
};

}  // namespace turbo::supervisor
