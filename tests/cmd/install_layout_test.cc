#include "cmd/install_layout.h"

#include <catch2/catch_test_macros.hpp>

#include "tests/cmd/temporary_directory.h"

namespace turbo::cmd {
namespace {

TEST_CASE("A build tree has everything beside turbo", "[layout]") {
  const TemporaryDirectory dir;
  dir.Write("python/turbo/__init__.py", "");
  dir.WriteProgram("turbo-worker-cpython-313", "");
  dir.WriteProgram("turbo-worker-cpython-314", "");
  dir.WriteProgram("turbo-worker-cpython-314t", "");
  dir.Write("turbo-worker-cpython-315", "not executable");
  dir.Write("turbo-workers.txt",
            "# made by the build\ncpython-314t /opt/my python/bin/python3.14t\n");
  const InstallLayout layout = FindInstallLayout(dir.str(), Environment());
  CHECK(layout.worker_dir == dir.str());
  CHECK(layout.package_dir == dir / "python");
  CHECK(layout.WorkerTags() == "cpython-314t, cpython-314, cpython-313");
  REQUIRE(layout.FindWorker("cpython-314t") != nullptr);
  CHECK(layout.FindWorker("cpython-314t")->program == dir / "turbo-worker-cpython-314t");
  CHECK(layout.FindWorker("cpython-314t")->built_with == "/opt/my python/bin/python3.14t");
  CHECK(layout.FindWorker("cpython-314")->built_with.empty());
  CHECK(layout.FindWorker("cpython-315") == nullptr);
}

TEST_CASE("An installed turbo finds libexec and lib", "[layout]") {
  const TemporaryDirectory dir;
  dir.Write("bin/turbo", "");
  dir.WriteProgram("libexec/turbo/turbo-worker-cpython-314", "");
  dir.Write("lib/turbo/python/turbo/__init__.py", "");
  const InstallLayout layout = FindInstallLayout(dir / "bin", Environment());
  CHECK(layout.worker_dir == dir / "libexec/turbo");
  CHECK(layout.package_dir == dir / "lib/turbo/python");
  CHECK(layout.WorkerTags() == "cpython-314");
}

TEST_CASE("TURBO_LIBEXEC names another folder of workers", "[layout]") {
  const TemporaryDirectory dir;
  dir.Write("python/turbo/__init__.py", "");
  dir.WriteProgram("turbo-worker-cpython-314", "");
  dir.WriteProgram("other/turbo-worker-cpython-314t", "");
  const Environment environment({{"TURBO_LIBEXEC", dir / "other"}});
  const InstallLayout layout = FindInstallLayout(dir.str(), environment);
  CHECK(layout.WorkerTags() == "cpython-314t");
  CHECK(layout.package_dir == dir / "python");
}

TEST_CASE("A folder without workers has none", "[layout]") {
  const TemporaryDirectory dir;
  CHECK(FindInstallLayout(dir.str(), Environment()).WorkerTags() == "none");
}

}  // namespace
}  // namespace turbo::cmd
