#include "cmd/units.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

namespace turbo::cmd {
namespace {

constexpr double kLongestDurationMs = 24.0 * 3600.0 * 1000.0;
constexpr std::uint64_t kLargestSize = std::uint64_t{1} << 40;

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

/// Splits at the first character that is no part of a number: "1.5m" -> "1.5", "m".
std::pair<std::string_view, std::string_view> SplitUnit(std::string_view text) {
  const std::size_t end = std::min(text.find_first_not_of("0123456789."), text.size());
  return {text.substr(0, end), text.substr(end)};
}

}  // namespace

std::optional<std::uint64_t> ParseNumber(std::string_view text, std::uint64_t min,
                                         std::uint64_t max) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end || value < min || value > max) return std::nullopt;
  return value;
}

std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  const auto [digits, unit] = SplitUnit(text);
  double value = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value, std::chars_format::fixed);
  if (error != std::errc{} || stop != end) return std::nullopt;
  if (unit == "ms") {
    // The number is in milliseconds already.
  } else if (unit.empty() || unit == "s") {
    value *= 1000.0;
  } else if (unit == "m") {
    value *= 60.0 * 1000.0;
  } else if (unit == "h") {
    value *= 3600.0 * 1000.0;
  } else {
    return std::nullopt;
  }
  if (value > kLongestDurationMs) return std::nullopt;
  return std::chrono::milliseconds(std::llround(value));
}

std::optional<std::uint64_t> ParseSize(std::string_view text) {
  const auto [digits, suffix] = SplitUnit(text);
  const auto number = ParseNumber(digits, 0, kLargestSize);
  if (!number) return std::nullopt;
  const std::string unit = Lower(suffix);
  unsigned shift = 0;
  if (unit == "k" || unit == "kib") {
    shift = 10;
  } else if (unit == "m" || unit == "mib") {
    shift = 20;
  } else if (unit == "g" || unit == "gib") {
    shift = 30;
  } else if (!unit.empty() && unit != "b") {
    return std::nullopt;
  }
  if (*number > (kLargestSize >> shift)) return std::nullopt;
  return *number << shift;
}

std::optional<bool> ParseSwitch(std::string_view text) {
  const std::string word = Lower(text);
  if (word == "true" || word == "1" || word == "yes" || word == "on") return true;
  if (word == "false" || word == "0" || word == "no" || word == "off") return false;
  return std::nullopt;
}

std::string FormatSeconds(std::chrono::nanoseconds duration) {
  const double seconds = std::chrono::duration<double>(duration).count();
  return seconds < 10.0 ? fmt::format("{:.3f} s", seconds) : fmt::format("{:.1f} s", seconds);
}

}  // namespace turbo::cmd
