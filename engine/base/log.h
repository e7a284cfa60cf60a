// Logging for all programs: spdlog's default logger, synchronous, to stderr, as text or as one JSON
// object a line.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace turbo::engine {

struct LogOptions {
  std::string level = "info";   ///< trace, debug, info, warning, error, critical, off
  std::string format = "text";  ///< text or json
  bool color = false;
  std::string process;  ///< "supervisor" or "worker 0": stands in every line
};

/// Sets the default logger. Before any other thread runs.
Result<void> SetUpLogging(const LogOptions& options);

/// `text` as a JSON string with its quotes. For log lines and the engine's own error bodies.
std::string JsonQuote(std::string_view text);

}  // namespace turbo::engine
