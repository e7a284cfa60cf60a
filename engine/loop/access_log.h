// The access log of one loop: lines gathered in memory and written to stdout with one write(2) a
// turn of the loop, so that lines of several loops and processes do not mix. Loop thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/http/request.h"

namespace turbo::engine {

class AccessLog {
 public:
  enum class Format : std::uint8_t { kText, kJson };

  /// `fd` stays the caller's.
  AccessLog(int fd, Format format);

  /// text: `127.0.0.1:51234 "GET /users/1 HTTP/1.1" 200 38 0.21ms`; json: the same as an object
  /// with `time`. `body_bytes` is what the response's body counted; `microseconds` from the
  /// request's last byte to the answer's.
  void Record(const Request& request, int status, std::uint64_t body_bytes,
              std::uint64_t microseconds);
  /// Writes what was gathered. Called by the loop before it sleeps.
  void Flush() noexcept;

 private:
  void Complain(const char* reason) noexcept;

  int fd_;
  Format format_;
  std::string lines_;
  std::uint64_t dropped_ = 0;
  std::chrono::steady_clock::time_point complain_again_at_{};
};

}  // namespace turbo::engine
