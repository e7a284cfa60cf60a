// One worker slot as a state machine without processes, sockets or a clock of its own: the
// supervisor tells it what happened and when, and does what it answers. All rules about restarts,
// backoff and the escalation of a stop are here. Supervisor's thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace turbo::supervisor {

struct SlotPolicy {
  using Duration = std::chrono::milliseconds;

  // Restarts. A death is young if it comes before or soon after the worker was ready: restarting at
  // once is then no help for long. SIGKILL comes from outside (an administrator, the OOM killer),
  // so it says little about the worker, and a worker that had settled down is not held responsible
  // for what its predecessors did.
  Duration young{1'000};            ///< since ready; a crash before that is young
  Duration young_if_killed{100};    ///< since ready; the same for SIGKILL
  Duration settled{10'000};         ///< since ready; a crash after that forgets the young deaths
  std::uint32_t free_restarts = 3;  ///< young deaths in a row that are answered at once
  Duration first_delay{100};        ///< after them; doubled with each further young death
  Duration max_delay{5'000};

  // Stops.
  Duration graceful{30'000};  ///< from drain to stop
  Duration graceful_load{
      2'000};  ///< the same for a worker that is still loading: nothing is in flight there
  Duration kill_grace{1'000};  ///< from stop to SIGKILL
  Duration leave_grace{
      5'000};  ///< for a worker that said that it goes, or cut its control socket, to exit
};

enum class SlotState : std::uint8_t {
  kBackingOff,  ///< no process; one is started when due
  kStarting,    ///< process not ready yet
  kServing,     ///< process is ready
  kLeaving,     ///< process goes by itself; a successor follows
  kDraining,    ///< told to drain; no successor
  kStopping,    ///< told to stop; no successor
  kKilled,      ///< SIGKILL sent after a stop; no successor
  kDone,        ///< no process, and none will be started
};
inline constexpr std::size_t kSlotStates = 8;

enum class SlotEvent : std::uint8_t {
  kClock,        ///< time has passed
  kStartFailed,  ///< the process that was asked for could not be made
  kReady,        ///< the worker accepts connections
  kLoadFailed,   ///< the worker said that it cannot serve the application
  kControlLost,  ///< the worker closed its control socket without having exited
  kKilled,       ///< it was killed by SIGKILL
  kRefused,      ///< it exited with a code that says: starting again is no help
  kCrashed,      ///< it ended in any other way
  kDrain,        ///< stop gracefully
  kStop,         ///< stop at once
};
inline constexpr std::size_t kSlotEvents = 10;

enum class SlotAction : std::uint8_t {
  kNone,
  kStart,      ///< start a process
  kSendDrain,  ///< tell it to drain
  kSendStop,   ///< tell it to cut everything
  kKill,       ///< SIGKILL
  kGiveUp,     ///< the application cannot be started in this slot: stop the whole
};

std::string_view ToString(SlotState state);
std::string_view ToString(SlotEvent event);

class Slot {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// Begins in kBackingOff, due at `now`: the first kClock starts the worker.
  Slot(const SlotPolicy& policy, TimePoint now);

  /// An event that means nothing in the present state is ignored (kNone).
  SlotAction Handle(SlotEvent event, TimePoint now);

  /// When the next kClock is needed.
  [[nodiscard]] std::optional<TimePoint> due() const { return due_; }
  [[nodiscard]] SlotState state() const { return state_; }
  /// A worker of this slot has been ready at least once.
  [[nodiscard]] bool ever_ready() const { return ever_ready_; }
  [[nodiscard]] bool has_process() const {
    return state_ != SlotState::kBackingOff && state_ != SlotState::kDone;
  }

 private:
  using Handler = SlotAction (Slot::*)(TimePoint now);
  static Handler Lookup(SlotState state, SlotEvent event);

  SlotAction OnStartDue(TimePoint now);
  SlotAction OnReady(TimePoint now);
  SlotAction OnLoadFailed(TimePoint now);
  SlotAction OnControlLost(TimePoint now);
  SlotAction OnDiedLoading(TimePoint now);
  SlotAction OnRefused(TimePoint now);
  SlotAction OnCrashedServing(TimePoint now);
  SlotAction OnKilledServing(TimePoint now);
  SlotAction OnLeft(TimePoint now);
  SlotAction OnLeftKilled(TimePoint now);
  SlotAction OnLeftRefused(TimePoint now);
  SlotAction OnLeaveTooSlow(TimePoint now);
  SlotAction OnDrainLoading(TimePoint now);
  SlotAction OnDrainServing(TimePoint now);
  SlotAction OnStop(TimePoint now);
  SlotAction OnKillNow(TimePoint now);
  SlotAction OnDone(TimePoint now);

  SlotAction DrainWithin(SlotPolicy::Duration patience, TimePoint now);
  SlotAction AfterYoungDeath(TimePoint now);
  SlotAction StartAfter(SlotPolicy::Duration delay, TimePoint now);
  [[nodiscard]] SlotPolicy::Duration Delay() const;

  SlotPolicy policy_;
  SlotState state_ = SlotState::kBackingOff;
  std::optional<TimePoint> due_;
  TimePoint ready_at_{};            // of the present worker, valid if ready_
  std::uint32_t young_deaths_ = 0;  // in a row
  bool ready_ = false;              // the present worker has been ready
  bool load_failed_ = false;        // the present worker said so
  bool ever_ready_ = false;
};

}  // namespace turbo::supervisor
