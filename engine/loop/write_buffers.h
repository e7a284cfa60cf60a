// Output memory of one loop. All connections write through one cork buffer; what a socket does not
// take at once moves, buffer and all, to its connection, and comes back when it has been written.
// So only slow readers hold memory. Loop thread only.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "engine/http/output_buffer.h"

namespace turbo::engine {

class WriteBuffers {
 public:
  WriteBuffers() : cork_(kUsualCapacity) { spare_.reserve(kMaxSpare); }

  /// Where the session that runs now appends; empty in between.
  [[nodiscard]] OutputBuffer& cork() { return cork_; }

  /// Empties the cork; memory beyond the usual size goes back to the allocator.
  void ClearCork() {
    cork_.Clear();
    if (cork_.capacity() > kMaxKept) [[unlikely]]
      cork_ = OutputBuffer(kUsualCapacity);
  }

  /// The cork's content with its buffer; the cork becomes another, empty one.
  [[nodiscard]] OutputBuffer TakeCork() {
    OutputBuffer next;
    if (spare_.empty()) {
      next = OutputBuffer(kUsualCapacity);
    } else {
      next = std::move(spare_.back());
      spare_.pop_back();
    }
    return std::exchange(cork_, std::move(next));
  }

  /// Takes back what TakeCork gave.
  void GiveBack(OutputBuffer&& buffer) {
    OutputBuffer taken = std::move(buffer);
    taken.Clear();
    if (spare_.size() < kMaxSpare && taken.capacity() <= kMaxKept) {
      spare_.push_back(std::move(taken));
    }
  }

 private:
  static constexpr std::size_t kUsualCapacity = 64 * 1024;
  static constexpr std::size_t kMaxKept = 1024 * 1024;
  static constexpr std::size_t kMaxSpare = 16;

  OutputBuffer cork_;
  std::vector<OutputBuffer> spare_;
};

}  // namespace turbo::engine
