// A growable byte buffer that responses are written into. Contiguous, uninitialised on growth,
// keeps its capacity when cleared. One owner, one thread.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

namespace turbo::engine {

class OutputBuffer {
 public:
  OutputBuffer() = default;
  explicit OutputBuffer(std::size_t capacity) { Grow(capacity); }
  OutputBuffer(OutputBuffer&& other) noexcept;
  OutputBuffer& operator=(OutputBuffer&& other) noexcept;
  OutputBuffer(const OutputBuffer&) = delete;
  OutputBuffer& operator=(const OutputBuffer&) = delete;
  ~OutputBuffer() = default;

  [[nodiscard]] const char* data() const { return data_.get() + begin_; }
  [[nodiscard]] char* data() { return data_.get() + begin_; }
  [[nodiscard]] std::size_t size() const { return end_ - begin_; }
  [[nodiscard]] bool empty() const { return begin_ == end_; }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  /// What can be appended before the buffer grows.
  [[nodiscard]] std::size_t available() const { return capacity_ - end_; }
  [[nodiscard]] std::string_view view() const { return {data(), size()}; }

  /// Room for `n` more bytes at the returned place; valid until the next call that may grow.
  char* Reserve(std::size_t n) {
    if (capacity_ - end_ < n) [[unlikely]]
      Grow(n);
    return data_.get() + end_;
  }
  /// `n` bytes written at Reserve()'s place become part of the content.
  void Commit(std::size_t n) { end_ += n; }

  void Append(std::string_view bytes) {
    if (bytes.empty()) return;
    std::memcpy(Reserve(bytes.size()), bytes.data(), bytes.size());
    end_ += bytes.size();
  }
  void Append(char c) {
    *Reserve(1) = c;
    ++end_;
  }

  /// Drops everything past the first `n` bytes.
  void Truncate(std::size_t n) { end_ = begin_ + n; }
  /// Drops the first `n` bytes.
  void Consume(std::size_t n) {
    begin_ += n;
    if (begin_ == end_) begin_ = end_ = 0;
  }
  void Clear() { begin_ = end_ = 0; }
  /// Frees the memory as well.
  void Release();

 private:
  void Grow(std::size_t n);

  std::unique_ptr<char[]> data_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace turbo::engine
