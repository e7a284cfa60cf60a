// What a worker's end means; `status` is waitpid(2)'s. Pure; any thread.
#pragma once

#include <string>

#include "engine/base/result.h"
#include "supervisor/slot.h"

namespace turbo::supervisor {

/// "exited with code 1", "was killed by signal 9 (SIGKILL)".
std::string DescribeExit(int status);

/// kKilled, kRefused (the exit codes for usage, load and resources, which another start would only
/// repeat) or kCrashed.
SlotEvent ClassifyExit(int status);

bool ExitedWithZero(int status);

/// What the whole program exits with if the worker that ended like this cannot be had.
engine::ExitCode ExitCodeAfter(int status);

}  // namespace turbo::supervisor
