// The command line of `turbo`: subcommands, options, help. Turns arguments, environment and
// configuration file into one command with checked values; runs nothing. Main thread only.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "cmd/environment.h"
#include "cmd/run_options.h"
#include "engine/base/result.h"

namespace turbo::cmd {

struct InfoOptions {
  bool json = false;
  bool python_path = false;  ///< print only where the `turbo` package is
};

/// Text to print in place of running anything: help or the version.
struct PrintText {
  std::string text;
  engine::ExitCode exit_code = engine::ExitCode::kOk;  ///< other than kOk: goes to stderr
};

using Command = std::variant<RunOptions, InfoOptions, PrintText>;

/// `arguments` without the program's name. Errors are ExitCode::kUsage, one sentence.
engine::Result<Command> ParseCommandLine(const std::vector<std::string>& arguments,
                                         const Environment& environment);

}  // namespace turbo::cmd
