#include "engine/router/path_value.h"

#include <charconv>
#include <cstdint>
#include <limits>

namespace turbo::engine {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsHexDigit(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

/// Number of leading decimal digits.
std::size_t DigitsIn(std::string_view text) {
  std::size_t n = 0;
  while (n < text.size() && IsDigit(text[n])) ++n;
  return n;
}

bool ConvertInt(std::string_view text, PathValue& value) {
  const bool negative = !text.empty() && text.front() == '-';
  const std::string_view digits = text.substr(negative ? 1 : 0);
  if (digits.empty()) return false;
  constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
  const std::uint64_t limit = negative ? kMax + 1 : kMax;
  std::uint64_t magnitude = 0;
  bool fits = true;
  const bool cannot_overflow = digits.size() <= std::numeric_limits<std::int64_t>::digits10;
  for (const char c : digits) {
    if (!IsDigit(c)) return false;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    fits = cannot_overflow || (fits && magnitude <= (limit - digit) / 10);
    if (fits) magnitude = magnitude * 10 + digit;
  }
  value.fits = fits;
  value.integer =
      fits ? static_cast<std::int64_t>(negative ? std::uint64_t{0} - magnitude : magnitude) : 0;
  return true;
}

bool ConvertFloat(std::string_view text, PathValue& value) {
  const bool negative = !text.empty() && text.front() == '-';
  std::string_view rest = text.substr(negative ? 1 : 0);
  const std::size_t whole = DigitsIn(rest);
  if (whole == 0) return false;
  const bool below_one = rest.substr(0, whole).find_first_not_of('0') == std::string_view::npos;
  rest.remove_prefix(whole);
  if (!rest.empty()) {
    if (rest.front() != '.') return false;
    rest.remove_prefix(1);
    if (rest.empty() || DigitsIn(rest) != rest.size()) return false;
  }
  double real = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), real, std::chars_format::fixed);
  if (error == std::errc::result_out_of_range) {
    if (!below_one) return false;
    real = negative ? -0.0 : 0.0;  // too small for a double
  } else if (error != std::errc() || end != text.data() + text.size()) {
    return false;
  }
  value.real = real;
  return true;
}

bool IsUuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !IsHexDigit(text[i])) return false;
  }
  return true;
}

bool Convert(PathKind kind, std::string_view text, PathValue& value) {
  switch (kind) {
    case PathKind::kString:
      return !text.empty();
    case PathKind::kInt:
      return ConvertInt(text, value);
    case PathKind::kFloat:
      return ConvertFloat(text, value);
    case PathKind::kUuid:
      return IsUuid(text);
    case PathKind::kPath:
      return true;
  }
  return false;
}

}  // namespace

bool ConvertPathValue(PathKind kind, std::string_view text, PathValue& value) {
  if (!Convert(kind, text, value)) return false;
  value.kind = kind;
  value.text = text;
  return true;
}

}  // namespace turbo::engine
