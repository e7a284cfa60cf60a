// The words of the supervisor's log lines. Pure; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace turbo::supervisor {

/// "SIGTERM"; "signal 64" for one without a name.
std::string SignalName(int number);

/// "250 ms", "1.5 s", "30 s".
std::string Seconds(std::chrono::milliseconds time);

/// "1 request", "2 requests".
std::string Count(std::uint64_t count, std::string_view noun);

}  // namespace turbo::supervisor
