// Character classes of HTTP (RFC 9110 §5.6.2, RFC 3986), as one table. Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace turbo::engine {

enum CharClass : std::uint8_t {
  kTokenChar = 1,  ///< tchar
  kHostChar = 2,   ///< reg-name, IP-literal and port: what a Host field is made of
};

inline constexpr auto kCharClasses = [] {
  std::array<std::uint8_t, 256> classes{};
  const auto add = [&classes](std::string_view chars, unsigned bits) {
    for (const char c : chars) {
      auto& entry = classes[static_cast<unsigned char>(c)];
      entry = static_cast<std::uint8_t>(entry | bits);
    }
  };
  add("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-._~!$&'*+",
      kTokenChar | kHostChar);
  add("#%^`|", kTokenChar);
  add("%()*,;=:[]", kHostChar);
  return classes;
}();

inline bool IsOf(CharClass wanted, char c) {
  return (kCharClasses[static_cast<unsigned char>(c)] & wanted) != 0;
}

inline bool AllOf(CharClass wanted, std::string_view text) {
  for (const char c : text) {
    if (!IsOf(wanted, c)) return false;
  }
  return true;
}

}  // namespace turbo::engine
