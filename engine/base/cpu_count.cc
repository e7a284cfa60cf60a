#include "engine/base/cpu_count.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <memory>
#include <optional>

#include "engine/base/cgroup_quota.h"

namespace turbo::engine {
namespace {

std::uint32_t AffinityCount() {
  struct FreeSet {
    void operator()(cpu_set_t* set) const { CPU_FREE(set); }
  };
  // The kernel refuses a mask smaller than its own (EINVAL), and nothing tells that size
  // beforehand.
  for (std::size_t cpus = 1024; cpus <= (std::size_t{1} << 20); cpus *= 2) {
    const std::unique_ptr<cpu_set_t, FreeSet> set(CPU_ALLOC(cpus));
    if (!set) break;
    const std::size_t size = CPU_ALLOC_SIZE(cpus);
    CPU_ZERO_S(size, set.get());
    if (::sched_getaffinity(0, size, set.get()) == 0) {
      return static_cast<std::uint32_t>(std::max(1, CPU_COUNT_S(size, set.get())));
    }
    if (errno != EINVAL) break;
  }
  return static_cast<std::uint32_t>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
}

}  // namespace

std::uint32_t UsableCpuCount() {
  const std::uint32_t affinity = AffinityCount();
  const std::optional<double> quota = CgroupCpuQuota();
  if (!quota || *quota >= affinity) return affinity;
  return std::max<std::uint32_t>(1, static_cast<std::uint32_t>(std::ceil(*quota)));
}

}  // namespace turbo::engine
