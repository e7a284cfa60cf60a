#include "supervisor/slot.h"

#include <algorithm>
#include <array>

namespace turbo::supervisor {

std::string_view ToString(SlotState state) {
  static constexpr std::array<std::string_view, kSlotStates> kNames = {
      "backing off", "starting", "serving", "leaving", "draining", "stopping", "killed", "done"};
  return kNames[static_cast<std::size_t>(state)];
}

std::string_view ToString(SlotEvent event) {
  static constexpr std::array<std::string_view, kSlotEvents> kNames = {
      "clock",  "start failed", "ready",   "load failed", "control lost",
      "killed", "refused",      "crashed", "drain",       "stop"};
  return kNames[static_cast<std::size_t>(event)];
}

Slot::Slot(const SlotPolicy& policy, TimePoint now) : policy_(policy), due_(now) {}

Slot::Handler Slot::Lookup(SlotState state, SlotEvent event) {
  using Table = std::array<std::array<Handler, kSlotEvents>, kSlotStates>;
  // What is not set means nothing in that state and is ignored.
  static constexpr Table kTable = [] {
    Table table{};
    const auto set = [&table](SlotState in, SlotEvent on, Handler handler) {
      table[static_cast<std::size_t>(in)][static_cast<std::size_t>(on)] = handler;
    };
    set(SlotState::kBackingOff, SlotEvent::kClock, &Slot::OnStartDue);
    set(SlotState::kBackingOff, SlotEvent::kDrain, &Slot::OnDone);
    set(SlotState::kBackingOff, SlotEvent::kStop, &Slot::OnDone);

    set(SlotState::kStarting, SlotEvent::kStartFailed, &Slot::OnRefused);
    set(SlotState::kStarting, SlotEvent::kReady, &Slot::OnReady);
    set(SlotState::kStarting, SlotEvent::kLoadFailed, &Slot::OnLoadFailed);
    set(SlotState::kStarting, SlotEvent::kControlLost, &Slot::OnControlLost);
    set(SlotState::kStarting, SlotEvent::kKilled, &Slot::OnDiedLoading);
    set(SlotState::kStarting, SlotEvent::kRefused, &Slot::OnRefused);
    set(SlotState::kStarting, SlotEvent::kCrashed, &Slot::OnDiedLoading);
    set(SlotState::kStarting, SlotEvent::kDrain, &Slot::OnDrainLoading);
    set(SlotState::kStarting, SlotEvent::kStop, &Slot::OnStop);

    set(SlotState::kServing, SlotEvent::kControlLost, &Slot::OnControlLost);
    set(SlotState::kServing, SlotEvent::kKilled, &Slot::OnKilledServing);
    set(SlotState::kServing, SlotEvent::kRefused, &Slot::OnCrashedServing);
    set(SlotState::kServing, SlotEvent::kCrashed, &Slot::OnCrashedServing);
    set(SlotState::kServing, SlotEvent::kDrain, &Slot::OnDrainServing);
    set(SlotState::kServing, SlotEvent::kStop, &Slot::OnStop);

    set(SlotState::kLeaving, SlotEvent::kClock, &Slot::OnLeaveTooSlow);
    set(SlotState::kLeaving, SlotEvent::kKilled, &Slot::OnLeftKilled);
    set(SlotState::kLeaving, SlotEvent::kRefused, &Slot::OnLeftRefused);
    set(SlotState::kLeaving, SlotEvent::kCrashed, &Slot::OnLeft);
    set(SlotState::kLeaving, SlotEvent::kDrain, &Slot::OnDrainLoading);
    set(SlotState::kLeaving, SlotEvent::kStop, &Slot::OnStop);

    set(SlotState::kDraining, SlotEvent::kClock, &Slot::OnStop);
    set(SlotState::kDraining, SlotEvent::kKilled, &Slot::OnDone);
    set(SlotState::kDraining, SlotEvent::kRefused, &Slot::OnDone);
    set(SlotState::kDraining, SlotEvent::kCrashed, &Slot::OnDone);
    set(SlotState::kDraining, SlotEvent::kStop, &Slot::OnStop);

    set(SlotState::kStopping, SlotEvent::kClock, &Slot::OnKillNow);
    set(SlotState::kStopping, SlotEvent::kKilled, &Slot::OnDone);
    set(SlotState::kStopping, SlotEvent::kRefused, &Slot::OnDone);
    set(SlotState::kStopping, SlotEvent::kCrashed, &Slot::OnDone);
    set(SlotState::kStopping, SlotEvent::kStop, &Slot::OnKillNow);

    set(SlotState::kKilled, SlotEvent::kKilled, &Slot::OnDone);
    set(SlotState::kKilled, SlotEvent::kRefused, &Slot::OnDone);
    set(SlotState::kKilled, SlotEvent::kCrashed, &Slot::OnDone);
    return table;
  }();
  return kTable[static_cast<std::size_t>(state)][static_cast<std::size_t>(event)];
}

SlotAction Slot::Handle(SlotEvent event, TimePoint now) {
  if (event == SlotEvent::kClock && (!due_ || now < *due_)) return SlotAction::kNone;
  const Handler handler = Lookup(state_, event);
  return handler == nullptr ? SlotAction::kNone : (this->*handler)(now);
}

SlotAction Slot::OnStartDue(TimePoint) {
  state_ = SlotState::kStarting;
  due_.reset();
  ready_ = false;
  load_failed_ = false;
  return SlotAction::kStart;
}

SlotAction Slot::OnReady(TimePoint now) {
  state_ = SlotState::kServing;
  ready_ = true;
  ever_ready_ = true;
  ready_at_ = now;
  return SlotAction::kNone;
}

SlotAction Slot::OnLoadFailed(TimePoint now) {
  load_failed_ = true;
  return OnControlLost(now);
}

SlotAction Slot::OnControlLost(TimePoint now) {
  state_ = SlotState::kLeaving;
  due_ = now + policy_.leave_grace;
  return SlotAction::kNone;
}

SlotAction Slot::OnLeft(TimePoint now) {
  if (load_failed_) return OnRefused(now);
  return ready_ ? OnCrashedServing(now) : OnDiedLoading(now);
}

SlotAction Slot::OnLeftKilled(TimePoint now) { return ready_ ? OnKilledServing(now) : OnLeft(now); }

SlotAction Slot::OnLeftRefused(TimePoint now) {
  return ready_ ? OnCrashedServing(now) : OnRefused(now);
}

// kLeaving stays: the exit that follows decides.
SlotAction Slot::OnLeaveTooSlow(TimePoint) {
  due_.reset();
  return SlotAction::kKill;
}

SlotAction Slot::OnDiedLoading(TimePoint now) { return AfterYoungDeath(now); }

SlotAction Slot::OnRefused(TimePoint now) {
  if (!ever_ready_) {
    OnDone(now);
    return SlotAction::kGiveUp;
  }
  // It did load once, so its files are being changed, or something that it needs is away: worth
  // trying, but not at once.
  young_deaths_ = std::max(young_deaths_, policy_.free_restarts);
  return AfterYoungDeath(now);
}

SlotAction Slot::OnCrashedServing(TimePoint now) {
  if (now - ready_at_ < policy_.young) return AfterYoungDeath(now);
  if (now - ready_at_ >= policy_.settled) young_deaths_ = 0;
  return StartAfter(Delay(), now);
}

SlotAction Slot::OnKilledServing(TimePoint now) {
  if (now - ready_at_ < policy_.young_if_killed) return AfterYoungDeath(now);
  young_deaths_ = 0;
  return StartAfter(SlotPolicy::Duration::zero(), now);
}

SlotAction Slot::AfterYoungDeath(TimePoint now) {
  ++young_deaths_;
  if (!ever_ready_ && young_deaths_ > policy_.free_restarts) {
    OnDone(now);
    return SlotAction::kGiveUp;
  }
  return StartAfter(Delay(), now);
}

SlotPolicy::Duration Slot::Delay() const {
  if (young_deaths_ <= policy_.free_restarts) return SlotPolicy::Duration::zero();
  // Beyond 16 doublings any delay has reached its maximum; the bound keeps the product in range.
  const std::uint32_t doublings = std::min(young_deaths_ - policy_.free_restarts - 1, 16U);
  return std::min(policy_.max_delay, policy_.first_delay * (std::int64_t{1} << doublings));
}

SlotAction Slot::StartAfter(SlotPolicy::Duration delay, TimePoint now) {
  if (delay == SlotPolicy::Duration::zero()) return OnStartDue(now);
  state_ = SlotState::kBackingOff;
  due_ = now + delay;
  return SlotAction::kNone;
}

SlotAction Slot::OnDrainLoading(TimePoint now) {
  return DrainWithin(std::min(policy_.graceful, policy_.graceful_load), now);
}

SlotAction Slot::OnDrainServing(TimePoint now) { return DrainWithin(policy_.graceful, now); }

SlotAction Slot::DrainWithin(SlotPolicy::Duration patience, TimePoint now) {
  state_ = SlotState::kDraining;
  due_ = now + patience;
  return SlotAction::kSendDrain;
}

SlotAction Slot::OnStop(TimePoint now) {
  state_ = SlotState::kStopping;
  due_ = now + policy_.kill_grace;
  return SlotAction::kSendStop;
}

SlotAction Slot::OnKillNow(TimePoint) {
  state_ = SlotState::kKilled;
  due_.reset();
  return SlotAction::kKill;
}

SlotAction Slot::OnDone(TimePoint) {
  state_ = SlotState::kDone;
  due_.reset();
  return SlotAction::kNone;
}

}  // namespace turbo::supervisor
