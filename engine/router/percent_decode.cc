#include "engine/router/percent_decode.h"

#include <array>
#include <cstdint>
#include <cstring>

namespace turbo::engine {
namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101;
constexpr std::uint64_t kHighs = 0x8080808080808080;

constexpr std::array<std::int8_t, 256> MakeHexTable() {
  std::array<std::int8_t, 256> table{};
  for (std::size_t i = 0; i < table.size(); ++i) {
    std::int8_t digit = -1;
    if (i >= '0' && i <= '9') digit = static_cast<std::int8_t>(i - '0');
    if (i >= 'a' && i <= 'f') digit = static_cast<std::int8_t>(i - 'a' + 10);
    if (i >= 'A' && i <= 'F') digit = static_cast<std::int8_t>(i - 'A' + 10);
    table[i] = digit;
  }
  return table;
}
constexpr std::array<std::int8_t, 256> kHex = MakeHexTable();

int HexDigit(char c) { return kHex[static_cast<unsigned char>(c)]; }

/// Bits set where a byte is beyond ASCII, '%' or NUL. Exact in whether any is set, which is all
/// that is asked.
std::uint64_t SpecialBytes(std::uint64_t word) {
  const std::uint64_t percent = word ^ (kOnes * '%');
  return (word | ((percent - kOnes) & ~percent) | ((word - kOnes) & ~word)) & kHighs;
}

/// Bytes of the UTF-8 sequence at `text[i]`, 0 if it is none (RFC 3629 §4, Unicode table 3-7).
std::size_t SequenceLength(std::string_view text, std::size_t i) {
  const auto byte = [&](std::size_t k) -> unsigned {
    return i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0U;
  };
  const auto continues = [&](std::size_t k) { return (byte(k) & 0xC0U) == 0x80U; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead < 0xC2) return 0;
  if (lead < 0xE0) return continues(1) ? 2 : 0;
  if (lead < 0xF0) {
    if (!continues(1) || !continues(2)) return 0;
    if (lead == 0xE0 && byte(1) < 0xA0) return 0;  // overlong
    if (lead == 0xED && byte(1) > 0x9F) return 0;  // surrogates
    return 3;
  }
  if (lead > 0xF4 || !continues(1) || !continues(2) || !continues(3)) return 0;
  if (lead == 0xF0 && byte(1) < 0x90) return 0;  // overlong
  if (lead == 0xF4 && byte(1) > 0x8F) return 0;  // above U+10FFFF
  return 4;
}

bool IsValidUtf8Except(std::string_view text, char also_allowed) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = text[i] == also_allowed ? 1 : SequenceLength(text, i);
    if (length == 0) return false;
    i += length;
  }
  return true;
}

}  // namespace

PathForm ClassifyPath(std::string_view raw) {
  const auto load = [&](std::size_t at) {
    std::uint64_t word = 0;
    std::memcpy(&word, raw.data() + at, sizeof word);
    return word;
  };
  bool special = false;
  if (raw.size() >= 8) {
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i + 8 < raw.size(); i += 8) seen |= SpecialBytes(load(i));
    seen |= SpecialBytes(load(raw.size() - 8));
    special = seen != 0;
  } else {
    for (const char c : raw)
      special |= c == '%' || c == '\0' || (static_cast<unsigned char>(c) & 0x80U) != 0;
  }
  if (!special) [[likely]] {
    return PathForm::kPlain;
  }
  return std::memchr(raw.data(), 0, raw.size()) != nullptr ? PathForm::kBad : PathForm::kEncoded;
}

DecodeStatus DecodePath(std::string_view raw, std::string& out) {
  out.clear();
  bool encoded_slash = false;
  bool ascii = true;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    char c = raw[i];
    if (c == '%') {
      if (raw.size() - i < 3) return DecodeStatus::kBad;
      const int high = HexDigit(raw[i + 1]);
      const int low = HexDigit(raw[i + 2]);
      if (high < 0 || low < 0) return DecodeStatus::kBad;
      c = static_cast<char>(high * 16 + low);
      i += 2;
      if (c == '/') {
        encoded_slash = true;
        out.push_back(kEncodedSlash);
        continue;
      }
    }
    if (c == '\0' || c == kEncodedSlash) return DecodeStatus::kBad;
    ascii = ascii && (static_cast<unsigned char>(c) & 0x80U) == 0;
    out.push_back(c);
  }
  if (!ascii && !IsValidUtf8Except(out, kEncodedSlash)) return DecodeStatus::kBad;
  return encoded_slash ? DecodeStatus::kHasEncodedSlash : DecodeStatus::kOk;
}

bool IsValidUtf8(std::string_view text) { return IsValidUtf8Except(text, '\0'); }

}  // namespace turbo::engine
