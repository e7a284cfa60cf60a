// The page of counters that a worker writes and the supervisor reads: LoopCounters[loops] in a
// memfd that both map. The supervisor makes a new one for each worker that it starts, so that no
// gauge of a dead one is left. Move-only; the counters may be read by any thread and process, each
// written by its own loop alone.
#pragma once

#include <cstddef>
#include <span>

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"
#include "engine/loop/loop_counters.h"

namespace turbo::engine {

class SharedCounters {
 public:
  SharedCounters() noexcept = default;
  SharedCounters(SharedCounters&& other) noexcept;
  SharedCounters& operator=(SharedCounters&& other) noexcept;
  SharedCounters(const SharedCounters&) = delete;
  SharedCounters& operator=(const SharedCounters&) = delete;
  ~SharedCounters();

  /// A new page, all zero, of fixed size; its close-on-exec descriptor is fd().
  static Result<SharedCounters> Create(std::size_t loops);
  /// The page behind `fd`, of which this object becomes the owner. An error if it is too small for
  /// `loops`.
  static Result<SharedCounters> Map(UniqueFd fd, std::size_t loops);

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] std::span<LoopCounters> loops() const noexcept { return {counters_, count_}; }

 private:
  UniqueFd fd_;
  LoopCounters* counters_ = nullptr;
  std::size_t count_ = 0;
};

}  // namespace turbo::engine
