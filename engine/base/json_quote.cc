// JsonQuote, declared in log.h.
#include <array>
#include <cstddef>
#include <cstdint>

#include "engine/base/log.h"

namespace turbo::engine {
namespace {

struct Utf8Step {
  std::size_t length;  // bytes consumed, at least 1
  bool valid;
};

// One step of the decoder of Unicode 15, table 3-7. An ill-formed sequence ends before the first
// byte that cannot continue it ("maximal subpart"), so each yields one U+FFFD, as browsers and
// Python's "replace" do.
Utf8Step StepUtf8(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = at(0);
  if (lead < 0x80) return {1, true};
  if (lead < 0xC2 || lead > 0xF4) return {1, false};
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  std::uint8_t low = 0x80;
  std::uint8_t high = 0xBF;
  if (lead == 0xE0) low = 0xA0;   // no overlong form
  if (lead == 0xED) high = 0x9F;  // no surrogate
  if (lead == 0xF0) low = 0x90;   // no overlong form
  if (lead == 0xF4) high = 0x8F;  // nothing beyond U+10FFFF
  for (std::size_t i = 1; i < length; ++i) {
    if (i >= text.size() || at(i) < low || at(i) > high) return {i, false};
    low = 0x80;
    high = 0xBF;
  }
  return {length, true};
}

void AppendEscaped(char c, std::string& out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  const auto byte = static_cast<std::uint8_t>(c);
  out += "\\u00";
  out += kHex[byte >> 4U];
  out += kHex[byte & 15U];
}

}  // namespace

std::string JsonQuote(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 2);
  out += '"';
  while (!text.empty()) {
    const Utf8Step step = StepUtf8(text);
    const char c = text.front();
    if (!step.valid) {
      out += "\xEF\xBF\xBD";
    } else if (step.length == 1 && (static_cast<std::uint8_t>(c) < 0x20 || c == '"' || c == '\\')) {
      AppendEscaped(c, out);
    } else {
      out += text.substr(0, step.length);
    }
    text.remove_prefix(step.length);
  }
  out += '"';
  return out;
}

}  // namespace turbo::engine
