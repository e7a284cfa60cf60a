// Output memory of one loop. A session appends to the cork; what it appended moves to its
// connection with the buffer, and the buffer comes back when all of it has been written: at once,
// unless the client reads slowly. So only slow readers hold memory. Loop thread only.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "engine/http/output_buffer.h"

namespace turbo::engine {

class WriteBuffers {
 public:
  WriteBuffers() : cork_(std::make_unique<OutputBuffer>(kUsualCapacity)) {
    spare_.reserve(kMaxSpare);
  }

  /// Where the session that runs now appends; empty in between.
  [[nodiscard]] OutputBuffer& cork() { return *cork_; }

  /// The cork with its content, or null if it is empty. The cork becomes another, empty one.
  [[nodiscard]] std::unique_ptr<OutputBuffer> TakeCork() {
    if (cork_->empty()) return nullptr;
    if (spare_.empty()) [[unlikely]]
      spare_.push_back(std::make_unique<OutputBuffer>(kUsualCapacity));
    std::unique_ptr<OutputBuffer> taken = std::exchange(cork_, std::move(spare_.back()));
    spare_.pop_back();
    return taken;
  }

  /// Takes back what TakeCork gave. Memory beyond the usual size goes back to the allocator.
  void GiveBack(std::unique_ptr<OutputBuffer> buffer) {
    if (spare_.size() == kMaxSpare || buffer->capacity() > kMaxKept) [[unlikely]]
      return;
    buffer->Clear();
    spare_.push_back(std::move(buffer));
  }

 private:
  // Not a power of two: buffers that are as far apart as the sets of a cache would push each other
  // out of it.
  static constexpr std::size_t kUsualCapacity = 16 * 1024 + 7 * 64;
  static constexpr std::size_t kMaxKept = 256 * 1024;
  static constexpr std::size_t kMaxSpare = 40;

  std::unique_ptr<OutputBuffer> cork_;
  std::vector<std::unique_ptr<OutputBuffer>> spare_;
};

}  // namespace turbo::engine
