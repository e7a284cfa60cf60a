// `turbo run`: resolves options against this machine into a plan, and has the supervisor carry it
// out. Main thread.
#pragma once

#include <chrono>
#include <cstdint>

#include "cmd/environment.h"
#include "cmd/install_layout.h"
#include "cmd/interpreter_discovery.h"
#include "cmd/mode.h"
#include "cmd/run_options.h"
#include "engine/base/result.h"
#include "supervisor/run_plan.h"

namespace turbo::cmd {

/// What a plan depends on besides the options.
struct Machine {
  std::uint32_t usable_cores = 1;
  std::uint64_t descriptor_limit = 1024;  ///< RLIMIT_NOFILE after it was raised
  bool color = false;                     ///< stderr shows colours
};

struct PreparedRun {
  const Mode* mode = nullptr;
  Choice choice;
  supervisor::RunPlan plan;
};

/// Checks the target, chooses mode and interpreter, and fills in every default. Starts interpreters
/// to ask them; binds nothing. Errors: kUsage, or kResourceRefused where a limit of this machine is
/// in the way.
engine::Result<PreparedRun> PrepareRun(const RunOptions& options, const InstallLayout& layout,
                                       const Environment& environment, const Machine& machine);

/// Serves until stopped. Returns the program's exit code.
engine::Result<engine::ExitCode> RunCommand(const RunOptions& options, const InstallLayout& layout,
                                            const Environment& environment,
                                            std::chrono::steady_clock::time_point started);

}  // namespace turbo::cmd
