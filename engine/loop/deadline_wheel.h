// One deadline sweep for all connections of a loop: a wheel of buckets, one a tick, that is visited
// lazily. An entry stays in the bucket of the deadline it was last filed under; when that bucket
// comes up, the owner says when it is really due and files it again. So a deadline that only moves
// away (each request does that) costs nothing, and a sweep costs what has come up, not what is
// there. Knows no clock: the caller says what time it is. Loop thread only.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace turbo::engine {

class DeadlineWheel {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// How late a deadline may be noticed.
  static constexpr std::chrono::milliseconds kTick{100};
  /// A deadline further away than kSlots ticks is filed in the last bucket and filed again from
  /// there.
  static constexpr std::size_t kSlots = 1024;

  /// Base of whatever has a deadline. Must be removed before it is destroyed.
  class Entry {
   public:
    /// When it was filed to be visited; max() if it is not filed.
    [[nodiscard]] TimePoint filed_for() const { return filed_for_; }

   private:
    friend class DeadlineWheel;
    Entry* next_ = nullptr;
    Entry* previous_ = nullptr;
    TimePoint filed_for_ = TimePoint::max();
  };

  explicit DeadlineWheel(TimePoint now);
  DeadlineWheel(const DeadlineWheel&) = delete;
  DeadlineWheel& operator=(const DeadlineWheel&) = delete;

  /// Files `entry` to be visited at `due`, from wherever it was filed. max() only removes it.
  void File(Entry& entry, TimePoint due);
  /// The entry will not be visited later than `due`. The cheap call for every turn: mostly one
  /// comparison.
  void FileNoLater(Entry& entry, TimePoint due) {
    if (due < entry.filed_for_) [[unlikely]]
      File(entry, due);
  }
  void Remove(Entry& entry);

  /// Calls visit(Entry&) for each entry whose bucket has come up, never before its filed time. The
  /// entry is no longer filed then; visit files it again if it goes on. It may file and remove any
  /// entry.
  template <typename Visit>
  void Advance(TimePoint now, Visit&& visit) {
    const std::int64_t now_tick = TickBefore(now);
    // After a pause longer than the wheel each bucket is visited once.
    if (now_tick - tick_ > static_cast<std::int64_t>(kSlots)) {
      tick_ = now_tick - static_cast<std::int64_t>(kSlots);
    }
    while (tick_ < now_tick) {
      ++tick_;
      Entry due;  // a list head; the bucket is emptied first, so that visit may file into it again
      TakeAll(slots_[SlotOf(tick_)], due);
      while (due.next_ != &due) {
        Entry& entry = *due.next_;
        Remove(entry);
        visit(entry);
      }
    }
  }

 private:
  [[nodiscard]] std::int64_t TickBefore(TimePoint time) const;
  static std::size_t SlotOf(std::int64_t tick) { return static_cast<std::size_t>(tick) % kSlots; }
  static void TakeAll(Entry& from, Entry& to);

  TimePoint origin_;
  std::int64_t tick_ = 0;            ///< the last one that was visited
  std::array<Entry, kSlots> slots_;  ///< heads of circular lists
};

}  // namespace turbo::engine
