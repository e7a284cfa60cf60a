// A worker process: loads the application, serves it on one or more loops until it is told to stop,
// and ends tidily. The calling thread becomes Python's main thread and runs loop 0.
#pragma once

#include "engine/base/result.h"
#include "engine/worker/worker_config.h"

namespace turbo::pyembed {

/// Serves as `config` says; returns the exit code of the process. What went wrong has been told to
/// the supervisor, or logged if there is none.
engine::ExitCode RunWorker(const engine::WorkerConfig& config);

}  // namespace turbo::pyembed
