// How many cores this process may use: its affinity mask (sched_getaffinity(2)), capped by the CPU
// quota of its cgroup (v2 cpu.max, v1 cpu.cfs_quota_us), rounded up. At least 1. Any thread.
#pragma once

#include <cstdint>

namespace turbo::engine {

std::uint32_t UsableCpuCount();

}  // namespace turbo::engine
