#include "engine/loop/deadline_wheel.h"

#include <algorithm>

namespace turbo::engine {

DeadlineWheel::DeadlineWheel(TimePoint now) : origin_(now) {
  for (Entry& head : slots_) head.next_ = head.previous_ = &head;
}

std::int64_t DeadlineWheel::TickBefore(TimePoint time) const {
  return std::chrono::floor<std::chrono::milliseconds>(time - origin_).count() / kTick.count();
}

void DeadlineWheel::File(Entry& entry, TimePoint due) {
  if (entry.next_ != nullptr) Remove(entry);
  if (due == TimePoint::max()) return;
  // The first tick that is not before `due`; the present bucket has been visited already.
  const std::int64_t tick =
      std::clamp(TickBefore(due) + 1, tick_ + 1, tick_ + static_cast<std::int64_t>(kSlots) - 1);
  Entry& head = slots_[SlotOf(tick)];
  entry.next_ = &head;
  entry.previous_ = head.previous_;
  entry.previous_->next_ = &entry;
  head.previous_ = &entry;
  entry.filed_for_ = due;
}

void DeadlineWheel::Remove(Entry& entry) {
  if (entry.next_ == nullptr) return;
  entry.next_->previous_ = entry.previous_;
  entry.previous_->next_ = entry.next_;
  entry.next_ = entry.previous_ = nullptr;
  entry.filed_for_ = TimePoint::max();
}

void DeadlineWheel::TakeAll(Entry& from, Entry& to) {
  if (from.next_ == &from) {
    to.next_ = to.previous_ = &to;
    return;
  }
  to.next_ = from.next_;
  to.previous_ = from.previous_;
  to.next_->previous_ = &to;
  to.previous_->next_ = &to;
  from.next_ = from.previous_ = &from;
}

}  // namespace turbo::engine
