// Starts workers and keeps them alive. Single-threaded for good: it forks. Knows no HTTP and no
// Python.
#pragma once

#include "engine/base/result.h"
#include "supervisor/run_plan.h"

namespace turbo::supervisor {

/// Binds, starts the workers and serves until told to stop by SIGTERM or SIGINT. Returns the exit
/// code of the program; an Error where nothing could be started. Takes over the process's signal
/// mask and SIGCHLD while it runs.
engine::Result<engine::ExitCode> RunSupervisor(const RunPlan& plan, const SupervisorEvents& events);

}  // namespace turbo::supervisor
