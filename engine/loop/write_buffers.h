// Output memory of one loop. A session appends to the cork; what it appended moves to its
// connection with the buffer, and the buffer comes back when all of it has been written: at once,
// unless the client reads slowly. So only slow readers hold memory. Loop thread only.
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

  /// The cork's content with its buffer; the cork becomes another, empty one.
  [[nodiscard]] OutputBuffer TakeCork() {
    OutputBuffer taken = std::move(cork_);
    if (spare_.empty()) {
      cork_ = OutputBuffer(kUsualCapacity);
    } else {
      cork_ = std::move(spare_.back());
      spare_.pop_back();
    }
    return taken;
  }

  /// Takes back what TakeCork gave. Memory beyond the usual size goes back to the allocator.
  void GiveBack(OutputBuffer&& buffer) {
    OutputBuffer taken = std::move(buffer);
    taken.Clear();
    if (spare_.size() < kMaxSpare && taken.capacity() <= kMaxKept) {
      spare_.push_back(std::move(taken));
    }
  }

 private:
  // Not a power of two: buffers that are as far apart as the sets of a cache would push each other
  // out of it.
  static constexpr std::size_t kUsualCapacity = 16 * 1024 + 7 * 64;
  static constexpr std::size_t kMaxKept = 256 * 1024;
  static constexpr std::size_t kMaxSpare = 40;

  OutputBuffer cork_;
  std::vector<OutputBuffer> spare_;
};

}  // namespace turbo::engine
