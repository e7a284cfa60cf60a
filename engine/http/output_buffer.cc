#include "engine/http/output_buffer.h"

#include <algorithm>
#include <utility>

namespace turbo::engine {

OutputBuffer::OutputBuffer(OutputBuffer&& other) noexcept
    : data_(std::move(other.data_)),
      capacity_(std::exchange(other.capacity_, 0)),
      begin_(std::exchange(other.begin_, 0)),
      end_(std::exchange(other.end_, 0)) {}

OutputBuffer& OutputBuffer::operator=(OutputBuffer&& other) noexcept {
  if (this != &other) {
    data_ = std::move(other.data_);
    capacity_ = std::exchange(other.capacity_, 0);
    begin_ = std::exchange(other.begin_, 0);
    end_ = std::exchange(other.end_, 0);
  }
  return *this;
}

void OutputBuffer::Release() {
  data_.reset();
  capacity_ = begin_ = end_ = 0;
}

void OutputBuffer::Grow(std::size_t n) {
  const std::size_t used = size();
  if (begin_ != 0 && used <= capacity_ / 2 && capacity_ - used >= n) {
    // Much was consumed: move what is left to the front instead.
    std::memmove(data_.get(), data(), used);
  } else {
    constexpr std::size_t kSmallest = 1024;
    const std::size_t capacity = std::max({capacity_ * 2, used + n, kSmallest});
    auto bigger = std::make_unique_for_overwrite<char[]>(capacity);
    if (used != 0) std::memcpy(bigger.get(), data(), used);
    data_ = std::move(bigger);
    capacity_ = capacity;
  }
  begin_ = 0;
  end_ = used;
}

}  // namespace turbo::engine
