// The process's descriptors as a resource. Supervisor's thread.
#pragma once

#include <cstdint>

#include "engine/base/result.h"

namespace turbo::supervisor {

/// Raises RLIMIT_NOFILE to its hard limit, which the workers inherit, and returns the limit that
/// holds now.
std::uint64_t RaiseDescriptorLimit();

/// An Error (kResourceRefused) if `limit` is too low for a supervisor with these slots and for each
/// of its workers.
engine::Result<void> CheckDescriptorLimit(std::uint64_t limit, std::uint64_t processes,
                                          std::uint64_t loops_per_process);

/// Opens /dev/null for what is closed of 0, 1 and 2, so that no socket ends up there.
void FillStandardDescriptors();

}  // namespace turbo::supervisor
