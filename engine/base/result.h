// Errors as values. `Result<T>` carries either a T or an Error whose message is one sentence for
// the user that says what to change. Any thread; no global state.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace turbo::engine {

/// Process exit codes of `turbo` and its workers.
enum class ExitCode : int {
  kOk = 0,
  kFailure = 1,          ///< an internal failure
  kUsage = 2,            ///< the command line, environment or configuration file is wrong
  kLoadFailed = 3,       ///< the application failed to load
  kResourceRefused = 4,  ///< an address, descriptor or other resource was refused
};

struct Error {
  ExitCode exit_code = ExitCode::kFailure;
  std::string message;
};

template <typename T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> Fail(ExitCode exit_code, std::string message) {
  return std::unexpected<Error>(Error{exit_code, std::move(message)});
}

}  // namespace turbo::engine
