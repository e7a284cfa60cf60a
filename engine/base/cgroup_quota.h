// The CPU quota that the process's control groups impose. Split from cpu_count.cc so that tests can
// hand it a made-up /proc/self. Any thread.
#pragma once

#include <optional>
#include <string>

namespace turbo::engine {

/// The tightest quota, in CPUs, of the process's own group and all of its ancestors that are
/// visible; nullopt if there is none. `proc_self` is the folder that holds `cgroup` and `mountinfo`
/// (proc_pid_cgroup(5), proc_pid_mountinfo(5)).
std::optional<double> CgroupCpuQuota(const std::string& proc_self = "/proc/self");

}  // namespace turbo::engine
