// How long a loop's turns last where an application keeps it busy. A session counts its deadlines
// from the time at which its turn began, so a handler that takes seconds would shorten them by as
// much: whoever was answered late would be closed early. The sweep therefore runs late by the
// longest turn of the last minutes. Loop thread only.
#pragma once

#include <algorithm>
#include <chrono>

namespace turbo::engine {

class StallMeter {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  /// Turns up to this long count as none.
  static constexpr std::chrono::milliseconds kStall{50};
  /// A stall is remembered for one to two of these; longer than the deadlines that are told apart
  /// from it.
  static constexpr std::chrono::seconds kWindow{60};

  void Record(TimePoint began, TimePoint ended) {
    const Duration took = ended - began;
    if (took < kStall && longest_ == Duration::zero()) [[likely]]
      return;
    if (ended - window_began_ > kWindow) {
      previous_ = ended - window_began_ > 2 * kWindow ? Duration::zero() : current_;
      current_ = Duration::zero();
      window_began_ = ended;
    }
    if (took >= kStall) current_ = std::max(current_, took);
    longest_ = std::max(current_, previous_);
  }

  /// Zero for a loop that is not held up.
  [[nodiscard]] Duration longest() const { return longest_; }

 private:
  TimePoint window_began_{};
  Duration current_{};
  Duration previous_{};
  Duration longest_{};
};

}  // namespace turbo::engine
