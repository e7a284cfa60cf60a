// Limits and time-outs of the HTTP side, with the defaults of the whole program. Plain values,
// read-only once a loop has started. Sizes are bytes.
#pragma once

#include <chrono>
#include <cstddef>

namespace turbo::engine {

struct HttpLimits {
  std::size_t max_request_line = 8 * 1024;   ///< 414 beyond (RFC 9112 §3)
  std::size_t max_header_block = 32 * 1024;  ///< 431 beyond (RFC 6585 §5)
  std::size_t max_header_fields = 100;       ///< 431 beyond
  std::size_t max_body = 16 * 1024 * 1024;   ///< 413 beyond; the rest is not read
};

struct HttpTimeouts {
  std::chrono::milliseconds header{10'000};      ///< to receive a header block; then 408 and close
  std::chrono::milliseconds body{30'000};        ///< between body bytes; then 408 and close
  std::chrono::milliseconds keep_alive{60'000};  ///< idle between requests; then close
  std::chrono::milliseconds write{30'000};       ///< a write that makes no progress; then close
};

}  // namespace turbo::engine
