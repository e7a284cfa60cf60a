// Limits the requests in flight of a whole process: what an idle keep-alive connection holds is not
// counted. All loops of the process share one number. Any thread.
#pragma once

#include <atomic>
#include <cstdint>

namespace turbo::engine {

class InflightGate {
 public:
  /// `inflight` outlives the gate and is shared by every gate of the process.
  InflightGate(std::atomic<std::uint64_t>& inflight, std::uint64_t max) noexcept
      : inflight_(inflight), max_(max) {}

  /// False: the limit is reached. True must be paid back with Leave().
  [[nodiscard]] bool TryEnter() noexcept {
    if (inflight_.fetch_add(1, std::memory_order_relaxed) < max_) return true;
    Leave();
    return false;
  }
  void Leave() noexcept { inflight_.fetch_sub(1, std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t>& inflight_;
  const std::uint64_t max_;
};

}  // namespace turbo::engine
