// What one loop has counted, in memory shared with the supervisor. Written by its loop alone, read
// by anyone: every field is a relaxed atomic, and counters only grow.
#pragma once

#include <atomic>
#include <cstdint>

namespace turbo::engine {

/// A counter with one writer: an increment is a plain load and store, without a bus lock.
class SingleWriterCounter {
 public:
  void Add(std::uint64_t n) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void Subtract(std::uint64_t n) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) - n, std::memory_order_relaxed);
  }
  void Set(std::uint64_t n) noexcept { value_.store(n, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const noexcept {
    return value_.load(std::memory_order_relaxed);
  }

 private:
  std::atomic<std::uint64_t> value_{0};
};

struct alignas(128) LoopCounters {
  SingleWriterCounter heartbeat_ms;  ///< CLOCK_MONOTONIC of the last turn, milliseconds
  SingleWriterCounter requests;      ///< complete requests, whatever was answered
  SingleWriterCounter responses[6];  ///< by status class, index 1..5
  SingleWriterCounter in_flight;     ///< requests whose answer is not complete
  SingleWriterCounter connections;   ///< open now
  SingleWriterCounter accepted;      ///< connections accepted
  SingleWriterCounter bytes_in;
  SingleWriterCounter bytes_out;
  SingleWriterCounter read_errors;  ///< connections that ended with an error other than end of file
  SingleWriterCounter timeouts;     ///< connections that a deadline ended
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

}  // namespace turbo::engine
