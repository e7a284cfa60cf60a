// TARGET of `turbo run`: what can be said about it without Python. The worker imports it; these
// checks only spare the user a start for what is plainly wrong. Any thread.
#pragma once

#include <string_view>

#include "engine/base/result.h"

namespace turbo::cmd {

/// Fails with ExitCode::kUsage if `target` is not `FILE.py[:attribute]` or
/// `package.module[:attribute]`, or names a file that is missing, a directory, or not Python
/// source.
engine::Result<void> CheckTarget(std::string_view target);

}  // namespace turbo::cmd
