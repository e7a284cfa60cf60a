// The Date and Server fields of every response, formatted once a second (RFC 9110 §5.6.7, §6.6.1,
// §10.2.4). Loop thread only.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace turbo::engine {

class DateCache {
 public:
  using WallClock = std::chrono::system_clock::time_point (*)();

  /// `server`: value of the Server field; empty for none.
  explicit DateCache(std::string_view server = "turbo",
                     WallClock clock = &std::chrono::system_clock::now);

  /// Brings both fields up to date; `now` is that of the loop's turn.
  void Refresh(std::chrono::steady_clock::time_point now) {
    if (now >= stale_at_) [[unlikely]]
      Format(now);
  }

  /// "Date: …\r\nServer: …\r\n" as of the last Refresh.
  [[nodiscard]] std::string_view both() const { return {block_.data(), length_}; }
  /// "Date: …\r\n"
  [[nodiscard]] std::string_view date() const { return both().substr(0, kDateLength); }
  /// "Server: …\r\n", or empty.
  [[nodiscard]] std::string_view server() const { return both().substr(kDateLength); }

  /// both().data() may be read this far, so that it can be copied with a constant size.
  static constexpr std::size_t kReadable = 64;

 private:
  static constexpr std::size_t kDateLength = sizeof("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n") - 1;

  void Format(std::chrono::steady_clock::time_point now);

  WallClock clock_;
  std::chrono::steady_clock::time_point stale_at_ = std::chrono::steady_clock::time_point::min();
  std::string block_;       ///< both fields, padded to kReadable
  std::size_t length_ = 0;  ///< of both fields
};

}  // namespace turbo::engine
