#include "cmd/subprocess.h"

#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <csignal>

#include "tests/cmd/temporary_directory.h"

namespace turbo::cmd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("RunProgram keeps both streams and the exit code", "[subprocess]") {
  const auto output = RunProgram({"/bin/sh", "-c", "echo out; echo err >&2; exit 3"}, seconds(10));
  REQUIRE(output.has_value());
  CHECK(output->out == "out\n");
  CHECK(output->err == "err\n");
  CHECK(output->exit_code == 3);
}

TEST_CASE("RunProgram gives no input and says a signal as a shell does", "[subprocess]") {
  const auto output = RunProgram({"/bin/sh", "-c", "cat; kill -TERM $$"}, seconds(10));
  REQUIRE(output.has_value());
  CHECK(output->out.empty());
  CHECK(output->exit_code == 128 + SIGTERM);
}

TEST_CASE("RunProgram keeps no more than 64 KiB, and does not stall on more", "[subprocess]") {
  const auto output = RunProgram({"/bin/sh", "-c", "head -c 300000 /dev/zero"}, seconds(10));
  REQUIRE(output.has_value());
  CHECK(output->out.size() == 64 * 1024);
  CHECK(output->exit_code == 0);
}

TEST_CASE("RunProgram ends a program with its children at the time-out", "[subprocess]") {
  const TemporaryDirectory dir;
  const std::string pid_file = dir / "pid";
  const auto begun = std::chrono::steady_clock::now();
  const auto output = RunProgram({"/bin/sh", "-c", "sleep 60 & echo $! >" + pid_file + "; wait"},
                                 milliseconds(300));
  REQUIRE_FALSE(output.has_value());
  CHECK(output.error().message == "/bin/sh did not answer within 0.300 s");
  CHECK(std::chrono::steady_clock::now() - begun < seconds(20));
  pid_t grandchild = 0;
  std::ifstream(pid_file) >> grandchild;
  REQUIRE(grandchild > 0);
  // It is init's to reap now; until then it is a zombie, which kill(2) still finds.
  bool gone = false;
  for (int i = 0; i < 2000 && !gone; ++i) {
    std::string state;
    std::ifstream status("/proc/" + std::to_string(grandchild) + "/stat");
    std::string ignored;
    gone = !(status >> ignored >> ignored >> state) || state == "Z" || state == "X";
    if (!gone) ::usleep(5000);
  }
  CHECK(gone);
}

TEST_CASE("RunProgram says what cannot be started", "[subprocess]") {
  const auto output = RunProgram({"/nonexistent/program"}, seconds(10));
  REQUIRE_FALSE(output.has_value());
  CHECK(output.error().message == "/nonexistent/program: No such file or directory");
}

}  // namespace
}  // namespace turbo::cmd
