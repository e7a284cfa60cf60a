// Values with a unit, as people write them on a command line: durations ("10", "10s", "500ms",
// "1.5m") and sizes
// ("1048576", "64KiB", "16M"). Pure functions, any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace turbo::cmd {

/// A whole number in base 10 from `min` to `max`; nullopt for anything else (a sign, spaces, a
/// fraction).
std::optional<std::uint64_t> ParseNumber(std::string_view text, std::uint64_t min,
                                         std::uint64_t max);

/// Units ms, s, m and h; without one, seconds. Fractions are allowed ("0.5s") and are rounded to
/// the nearest millisecond. nullopt if it is not a duration or longer than a day.
std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text);

/// Bytes. K, M, G and KiB, MiB, GiB in either case are powers of 1024 (as nginx reads them). "KB"
/// is nullopt: people mean different things by it. No fractions; nullopt beyond 1 TiB.
std::optional<std::uint64_t> ParseSize(std::string_view text);

/// yes/no: true, false, 1, 0, yes, no, on, off in either case.
std::optional<bool> ParseSwitch(std::string_view text);

/// "0.213 s", "12.4 s": for messages.
std::string FormatSeconds(std::chrono::nanoseconds duration);

}  // namespace turbo::cmd
