#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "engine/base/cgroup_quota.h"
#include "engine/base/cpu_count.h"

namespace turbo::engine {
namespace {

// A made-up /proc/self and cgroup mount in a folder that is removed afterwards.
class FakeSystem {
 public:
  FakeSystem() {
    std::string pattern = (std::filesystem::temp_directory_path() / "turbo-cgroup-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    root_ = pattern;
  }
  FakeSystem(const FakeSystem&) = delete;
  FakeSystem& operator=(const FakeSystem&) = delete;
  ~FakeSystem() { std::filesystem::remove_all(root_); }

  void Write(const std::string& path, const std::string& text) const {
    const std::filesystem::path file = root_ / path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  void MountV2(const std::string& root, const std::string& point) const {
    Write("mountinfo", "20 1 0:18 / /sys rw,nosuid shared:2 - sysfs sysfs rw\n31 20 0:27 " + root +
                           " " + (root_ / point).string() +
                           " rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n");
  }
  [[nodiscard]] std::optional<double> Quota() const { return CgroupCpuQuota(root_.string()); }
  [[nodiscard]] std::string Path(const std::string& path) const { return (root_ / path).string(); }

 private:
  std::filesystem::path root_;
};

TEST_CASE("CgroupCpuQuota reads cgroup v2 and takes the tightest ancestor", "[base]") {
  const FakeSystem system;
  system.Write("cgroup", "0::/a.slice/b.service\n");
  system.MountV2("/", "cg");
  CHECK_FALSE(system.Quota());
  system.Write("cg/a.slice/b.service/cpu.max", "max 100000\n");
  CHECK_FALSE(system.Quota());
  system.Write("cg/a.slice/b.service/cpu.max", "350000 100000\n");
  CHECK(system.Quota() == 3.5);
  system.Write("cg/a.slice/cpu.max", "150000 100000\n");
  CHECK(system.Quota() == 1.5);
  system.Write("cg/a.slice/cpu.max", "800000 100000\n");
  CHECK(system.Quota() == 3.5);
}

TEST_CASE("CgroupCpuQuota works inside a container, with and without a namespace", "[base]") {
  const FakeSystem system;
  system.MountV2("/", "cg");
  system.Write("cgroup", "0::/\n");
  system.Write("cg/cpu.max", "50000 100000\n");
  CHECK(system.Quota() == 0.5);
  // The host's path in /proc/self/cgroup, and the container's own group mounted.
  system.Write("cgroup", "0::/docker/abc/inner\n");
  system.MountV2("/docker/abc", "cg");
  system.Write("cg/inner/cpu.max", "25000 100000\n");
  CHECK(system.Quota() == 0.25);
  system.Write("cgroup", "0::/elsewhere\n");
  CHECK(system.Quota() == 0.5);
}

TEST_CASE("CgroupCpuQuota reads cgroup v1", "[base]") {
  const FakeSystem system;
  system.Write("cgroup", "5:cpu,cpuacct:/box\n4:memory:/box\n1:name=systemd:/x\n");
  system.Write("mountinfo", "33 32 0:29 / " + system.Path("cg\\040cpu") +
                                " rw - cgroup cgroup rw,cpu,cpuacct\n34 32 0:30 / " +
                                system.Path("memory") + " rw - cgroup cgroup rw,memory\n");
  system.Write("cg cpu/box/cpu.cfs_quota_us", "-1\n");
  system.Write("cg cpu/box/cpu.cfs_period_us", "100000\n");
  CHECK_FALSE(system.Quota());
  system.Write("cg cpu/box/cpu.cfs_quota_us", "220000\n");
  CHECK(system.Quota() == 2.2);
}

TEST_CASE("CgroupCpuQuota survives files that are missing or make no sense", "[base]") {
  const FakeSystem system;
  CHECK_FALSE(system.Quota());
  system.Write("cgroup", "\nnonsense\n0::/a\n");
  system.Write("mountinfo", "short\n");
  CHECK_FALSE(system.Quota());
  system.MountV2("/", "cg");
  for (const char* text : {"", "100000", "0 0\n", "-5 100000\n", "1e999999 1\n", "x y\n"}) {
    system.Write("cg/a/cpu.max", text);
    CHECK_FALSE(system.Quota());
  }
}

TEST_CASE("UsableCpuCount follows the affinity mask", "[base]") {
  CHECK(UsableCpuCount() >= 1);
  const pid_t pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    cpu_set_t set;
    if (::sched_getaffinity(0, sizeof set, &set) != 0) ::_exit(2);
    int cpu = 0;
    while (!CPU_ISSET(cpu, &set)) ++cpu;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (::sched_setaffinity(0, sizeof set, &set) != 0) ::_exit(2);
    ::_exit(UsableCpuCount() == 1 ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  CHECK(status == 0);
}

}  // namespace
}  // namespace turbo::engine
