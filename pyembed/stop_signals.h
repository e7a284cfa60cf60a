// SIGTERM and SIGINT of a worker process. SIGTERM asks for a drain; SIGINT does nothing, because a
// terminal sends it to the whole process group and the supervisor coordinates. Real handlers rather
// than blocked or ignored signals: those would leak into programs that the application starts.
#pragma once

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"

namespace turbo::pyembed {

/// Installs the handlers; SIGPIPE and SIGXFSZ are ignored, as Python does (and undoes for
/// subprocesses). Once per process, before any other thread. The descriptor becomes readable (an
/// eventfd counter) with each SIGTERM.
engine::Result<engine::UniqueFd> InstallStopSignals();

}  // namespace turbo::pyembed
