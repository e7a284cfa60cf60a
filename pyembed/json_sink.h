// Where JSON text goes: a cursor into an OutputBuffer, so that writing a value costs no bookkeeping
// beyond a bounds check. Header-only and on the stack; what was written is the buffer's once the
// sink is gone.
#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>

#include "engine/http/output_buffer.h"

namespace turbo::pyembed {

class JsonSink {
 public:
  explicit JsonSink(engine::OutputBuffer& out) : out_(out) {}
  JsonSink(const JsonSink&) = delete;
  JsonSink& operator=(const JsonSink&) = delete;
  ~JsonSink() { Flush(); }

  /// The cursor, with room for `n` bytes behind it. May move what was written before; may throw
  /// bad_alloc.
  char* Need(std::size_t n) {
    if (static_cast<std::size_t>(end_ - cursor_) < n) [[unlikely]] {
      Refill(n);
    }
    return cursor_;
  }

  /// All up to `to`, which lies within what Need gave, is written.
  void WrittenTo(char* to) { cursor_ = to; }

  void Put(char c) {
    *Need(1) = c;
    ++cursor_;
  }
  void Put(std::string_view text) {
    std::memcpy(Need(text.size()), text.data(), text.size());
    cursor_ += text.size();
  }

  /// Puts `c` in the place of the last byte that was written, of which there is one.
  void ReplaceLast(char c) { cursor_[-1] = c; }

  /// Everything written becomes the buffer's content, as before running code that may look at it.
  void Flush() {
    out_.Commit(static_cast<std::size_t>(cursor_ - begin_));
    begin_ = cursor_;
  }

 private:
  void Refill(std::size_t n) {
    Flush();
    begin_ = cursor_ = out_.Reserve(n);
    end_ = begin_ + out_.available();
  }

  engine::OutputBuffer& out_;
  char* begin_ = nullptr;  ///< of what is written and not yet flushed
  char* cursor_ = nullptr;
  char* end_ = nullptr;
};

}  // namespace turbo::pyembed
