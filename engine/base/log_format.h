// How a log line looks; split from log.cc so that tests can format a record without a terminal. Any
// thread, but one formatter belongs to one sink (spdlog calls it under the sink's lock).
#pragma once

#include <spdlog/formatter.h>

#include <memory>

#include "engine/base/log.h"

namespace turbo::engine {

/// Text: `2026-11-24 07:01:44.123 worker 0 info     message`, local time, the level coloured if
/// asked. JSON: one object a line, time in UTC (RFC 3339). In text, control characters other than
/// newline and tab are written as \xNN, so that what a client sent cannot drive the terminal that
/// shows the log.
std::unique_ptr<spdlog::formatter> MakeLogFormatter(const LogOptions& options);

}  // namespace turbo::engine
